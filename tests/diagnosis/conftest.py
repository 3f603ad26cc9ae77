from __future__ import annotations

import numpy as np
import pytest

from norm_aware.diagnosis.diagnosis import Diagnosis, diagnose


def corpus(
    seed: int = 0, *, documents: int = 400, queries: int = 80, dimension: int = 12
) -> dict[str, object]:
    """A retrieval task: queries apart from documents, norms that fall with length and mark relevance."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(5, 300, size=documents)
    relevant = generator.choice(documents, queries, replace=False)
    norms = 4 / lengths**0.2 * generator.lognormal(0, 0.1, size=documents)
    norms[relevant] *= 1.2
    rows = generator.normal(size=(documents, dimension)) + 0.5
    rows *= (norms / np.linalg.norm(rows, axis=1))[:, None]
    asked = rows[relevant] + generator.normal(0, 0.2, size=(queries, dimension)) - 0.8 * np.eye(dimension)[0]
    judgements = [{int(document): 1} for document in relevant]
    return {"documents": rows, "queries": asked, "judgements": judgements, "lengths": lengths}


@pytest.fixture
def task() -> dict[str, object]:
    return corpus()


@pytest.fixture(scope="session")
def full() -> Diagnosis:
    """A diagnosis with every finding."""
    return diagnose(**corpus(), encoder="an encoder")


@pytest.fixture(scope="session")
def bare() -> Diagnosis:
    """A diagnosis of documents alone."""
    return diagnose(corpus()["documents"])
