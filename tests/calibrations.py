"""Small calibrations of every kind for the tests of what stores and searches by them."""

from __future__ import annotations

import numpy as np

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.corpus import PseudoQueries
from norm_aware.calibration.hubness import AntiHubness, HubBias
from norm_aware.numeric.similarity import PowerSimilarity
from norm_aware.numeric.transform import Transform


def make_calibration(
    encoder, *, dimension=16, own=(), bias=0.0, gamma=0.2, power=-0.25, seed=0
) -> Calibration:
    """A calibration of random numbers; its pseudo-queries were cut from the documents `own` names."""
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(dimension, dimension))
    transform = Transform(
        generator.normal(size=dimension) * 0.1,
        generator.normal(size=dimension) * 0.1,
        np.eye(dimension) + 0.1 * root,
    )
    pseudo = generator.normal(size=(30, dimension)).astype(np.float32)
    sources = [own[i % len(own)] if own else f"other {i}" for i in range(30)]
    return Calibration(
        *encoder,
        transform,
        PowerSimilarity(document_power=power),
        AntiHubness(transform, PseudoQueries(pseudo, tuple(sources)), gamma) if gamma else None,
        HubBias(generator.normal(size=(40, dimension)).astype(np.float32), bias) if bias else None,
    )
