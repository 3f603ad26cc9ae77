from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace

import numpy as np
from qdrant_client import models

from norm_aware.qdrant.calls import Call, run
from norm_aware.qdrant.collection import Contract, create_collection, open_collection
from norm_aware.qdrant.edges import RANGES, refresh_edges
from norm_aware.qdrant.request import norm_ranges


def put(client, lengths, *, first: int = 0) -> None:
    client.upsert(
        "c",
        [
            models.PointStruct(id=first + i, vector=[length], payload={"norm": float(length)})
            for i, length in enumerate(lengths)
        ],
    )


def created(client) -> Contract:
    contract = Contract("e", "f", 1)
    run(client, create_collection("c", contract, payload_index=False))
    return contract


def held(contract: Contract, lengths) -> list[int]:
    return [
        sum((low is None or low <= length) and (high is None or length < high) for length in lengths)
        for low, high in norm_ranges(contract.norm_edges)
    ]


def test_edges_are_placed_anew_when_the_collection_has_grown_or_shrunk_by_a_quarter_and_kept_otherwise(
    client,
):
    contract = created(client)
    seen = []
    for count in (8, 9, 16, 14, 12, 1, 0):
        client.delete("c", models.FilterSelector(filter=models.Filter()))
        if count:
            put(client, range(1, count + 1))
        contract = run(client, refresh_edges("c", contract))
        seen.append(contract.edges_count)
        assert run(client, open_collection("c"))[0] == contract
    assert seen == [8, 8, 16, 16, 12, 1, 1]


def test_ranges_stay_balanced_however_a_collection_grows(client):
    generator = np.random.default_rng(0)
    contract, lengths = created(client), np.empty(0)
    for center in (0.0, 3.0, -3.0, 0.5):  # each part is of other norms than those before it
        added = generator.lognormal(center, 0.5, 300)
        put(client, added, first=len(lengths))
        lengths = np.append(lengths, added)
        contract = run(client, refresh_edges("c", contract))
        counts = held(contract, lengths)
        assert sum(counts) == len(lengths)
        # placed at most a quarter of the points ago
        assert max(counts) <= (len(lengths) / RANGES + 1) * 1.25 + 0.25 * len(lengths) / 1.25


def test_what_is_shorter_or_longer_than_any_document_was_has_a_range_of_its_own(client):
    contract = created(client)
    put(client, [0.0, 0.0, *np.linspace(1, 2, 40)])
    contract = run(client, refresh_edges("c", contract))
    assert contract.norm_edges[0] == 1
    assert contract.norm_edges[-1] == np.nextafter(2, 3)
    assert held(contract, [0.0, 0.999, 2.0, 2.001])[0] == 2
    assert held(contract, [0.0, 0.999, 2.0, 2.001])[-1] == 1


def test_the_outermost_edges_are_the_true_extremes_also_where_a_sample_misses_them(client, monkeypatch):
    monkeypatch.setattr("norm_aware.qdrant.edges._EDGE_SAMPLE", 5)
    contract = created(client)
    put(client, np.linspace(1, 2, 200))
    contract = run(client, refresh_edges("c", contract))
    assert contract.norm_edges[0] == 1
    assert contract.norm_edges[-1] == np.nextafter(2, 3)


def test_documents_without_length_or_without_any_spread_still_have_a_range(client):
    for lengths, edges in (([0.0, 0.0], ()), ([3.0, 3.0], (3.0, np.nextafter(3, 4)))):
        client.delete_collection("c")
        contract = created(client)
        put(client, lengths)
        assert run(client, refresh_edges("c", contract)).norm_edges == edges


def test_an_engine_that_misreads_a_norms_last_digit_is_not_asked_for_ever():
    def reply(wanted: Call) -> object:
        if wanted.method != "query_points":
            return models.CountResult(count=2)
        lengths = (1.0, 2.0) if wanted.arguments["query_filter"] is None else (1.0 + 1e-16, 2.0)
        points = [
            models.ScoredPoint(id=i, version=0, score=0.0, payload={"norm": length})
            for i, length in enumerate(lengths)
        ]
        return SimpleNamespace(points=points)

    steps = refresh_edges("c", Contract("e", "f", 1))
    asked = []
    wanted = next(steps)
    with suppress(StopIteration):
        while len(asked) < 20:
            asked.append(wanted.method)
            wanted = steps.send(reply(wanted))
    assert asked == ["count", *["query_points"] * 3, "update_collection"]
