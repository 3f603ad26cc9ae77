"""A results.json as a finished run leaves it, for the tests of everything that reads one."""

import copy

import pytest

from tests.benchmark.report.make_results import BASELINE, make_results


@pytest.fixture(scope="session")
def made():
    """Results that no test may change."""
    return make_results()


@pytest.fixture
def results(made):
    """Results that a test may change."""
    return copy.deepcopy(made)


@pytest.fixture(scope="session")
def baseline_alone():
    """Results of a run without a candidate."""
    return make_results(systems=(BASELINE,), queries=12)
