import pytest

from norm_aware.ablation.significance import compare
from tests.ablation.worlds import ablation


@pytest.fixture(scope="session")
def results():
    """What an ablation's results.json holds."""
    values, found = ablation()
    return {**found, "comparisons": compare(values, found)}
