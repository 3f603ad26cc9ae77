"""Calibrations that several tests look at, each fitted once."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from norm_aware.calibration.calibrate import calibrate
from norm_aware.calibration.calibration import Calibration
from tests.calibration.worlds import World, loud_directions, telling_norms


class Calibrated(NamedTuple):
    """A world and what was fitted on it."""

    world: World
    calibration: Calibration


@pytest.fixture(scope="session")
def whitened() -> Calibrated:
    """Fitted where whitening helps and the norm says nothing."""
    world = loud_directions(0)
    return Calibrated(world, calibrate(*world))


@pytest.fixture(scope="session")
def normed() -> Calibrated:
    """Fitted where relevance is the cosine times the root of the norm."""
    world = telling_norms(0)
    return Calibrated(world, calibrate(*world))
