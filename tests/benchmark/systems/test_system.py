from __future__ import annotations

import pytest

from norm_aware.benchmark.systems.system import parse_systems
from norm_aware.errors import BenchmarkError, QueryError


def test_systems_are_named_by_their_similarity_and_each_stands_once():
    assert [system.name for system in parse_systems(["cosine", " document_power=0.50"])] == [
        "cosine",
        "document_power=0.5",
    ]
    with pytest.raises(BenchmarkError, match="'cosine' is named twice"):
        parse_systems(["cosine", "dot", "document_power=0"])
    with pytest.raises(BenchmarkError, match="No system was named"):
        parse_systems([])
    with pytest.raises(QueryError, match="No similarity is named"):
        parse_systems([""])
