"""Local mode is an independent implementation: the embedded engine must answer as it does."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

from norm_aware.qdrant.embedded import EmbeddedClient

M = models
N = 60


def points() -> list[models.PointStruct]:
    generator = np.random.default_rng(5)
    kinds = ["a", "b", "c"]
    return [
        M.PointStruct(
            id=i if i % 2 else str(uuid.UUID(int=i)),
            vector={
                "": (generator.normal(size=4) * generator.lognormal(0, 1)).astype(np.float32).tolist(),
                "words": M.SparseVector(indices=[i % 5, 7], values=[1.0 + i % 3, 0.5]),
            },
            payload={
                "number": i,
                "half": i / 2,
                "even": i % 2 == 0,
                "kind": kinds[i % 3],
                "tags": kinds[: i % 4],
                "when": (dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(days=i)).isoformat(),
                "nested": {"deep": i % 7},
                "parts": [{"size": i % 4, "hot": i % 3 == 0}],
                "text": f"some words about {kinds[i % 3]}",
                "place": {"lon": i / 10, "lat": 40 + i / 10},
                **({"rare": None} if i % 5 == 0 else {}),
            },
        )
        for i in range(N)
    ]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[QdrantClient, QdrantClient]]:
    both: tuple[QdrantClient, ...] = (
        QdrantClient(":memory:"),
        EmbeddedClient(tmp_path_factory.mktemp("embedded")),
    )
    for client in both:
        client.create_collection(
            "c",
            vectors_config=M.VectorParams(size=4, distance=M.Distance.DOT),
            sparse_vectors_config={"words": M.SparseVectorParams()},
        )
        client.upsert("c", points())
    yield both  # type: ignore[misc]
    for client in both:
        client.close()


def on_key(key: str, **condition: Any) -> models.FieldCondition:
    return M.FieldCondition(key=key, **condition)


CONDITIONS = [
    on_key("even", match=M.MatchValue(value=True)),
    on_key("even", match=M.MatchValue(value=False)),
    on_key("kind", match=M.MatchValue(value="b")),
    on_key("number", match=M.MatchValue(value=7)),
    on_key("kind", match=M.MatchAny(any=["a", "c"])),
    on_key("number", match=M.MatchAny(any=[1, 2, 3])),
    on_key("kind", match=M.MatchExcept(**{"except": ["a"]})),
    on_key("text", match=M.MatchText(text="about b")),
    on_key("tags", match=M.MatchValue(value="b")),
    on_key("tags", values_count=M.ValuesCount(gte=2)),
    on_key("nested.deep", match=M.MatchValue(value=3)),
    on_key("half", range=M.Range(gt=2.5, lte=11.0)),
    on_key("when", range=M.DatetimeRange(gte=dt.datetime(2026, 1, 20, tzinfo=dt.timezone.utc))),
    on_key("place", geo_radius=M.GeoRadius(center=M.GeoPoint(lon=1, lat=41), radius=200_000)),
    on_key(
        "place",
        geo_bounding_box=M.GeoBoundingBox(
            top_left=M.GeoPoint(lon=0.5, lat=44), bottom_right=M.GeoPoint(lon=3, lat=40.5)
        ),
    ),
    on_key("rare", is_null=True),
    M.IsEmptyCondition(is_empty=M.PayloadField(key="rare")),
    M.IsNullCondition(is_null=M.PayloadField(key="rare")),
    M.HasIdCondition(has_id=[1, 3, str(uuid.UUID(int=4))]),
    M.NestedCondition(
        nested=M.Nested(
            key="parts",
            filter=M.Filter(
                must=[
                    on_key("size", match=M.MatchValue(value=2)),
                    on_key("hot", match=M.MatchValue(value=True)),
                ]
            ),
        )
    ),
]

QUERY = [0.5, -1.0, 2.0, 0.25]


def ids_of(client: QdrantClient, condition: Any) -> set[Any]:
    records, after = client.scroll("c", scroll_filter=condition, limit=N)
    assert after is None
    return {record.id for record in records}


def same(one: Any, other: Any) -> None:
    scores = [[p.score for p in answer.points] for answer in (one, other)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-5, abs=1e-6)
    assert {p.id: p.payload for p in one.points} == {p.id: p.payload for p in other.points}


@pytest.mark.parametrize(
    "condition", CONDITIONS, ids=[type(c).__name__ + str(i) for i, c in enumerate(CONDITIONS)]
)
def test_every_condition_selects_the_same_points_alone_and_negated(pair, condition):
    local, embedded = pair
    for whole in (M.Filter(must=[condition]), M.Filter(must_not=[condition])):
        assert ids_of(embedded, whole) == ids_of(local, whole)
        assert embedded.count("c", count_filter=whole).count == len(ids_of(local, whole))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_filters_combine_to_the_same_points(pair, data):
    local, embedded = pair
    some = st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=3)
    whole = M.Filter(
        must=data.draw(st.none() | some),
        should=data.draw(st.none() | some),
        must_not=data.draw(st.none() | some),
        min_should=data.draw(
            st.none() | st.builds(M.MinShould, conditions=some, min_count=st.integers(1, 2))
        ),
    )
    assert ids_of(embedded, whole) == ids_of(local, whole)
    assert ids_of(embedded, M.Filter(must=[whole])) == ids_of(local, whole)


EXPRESSIONS: list[Any] = [
    "$score",
    M.MultExpression(mult=["$score", M.PowExpression(pow=M.PowParams(base="half", exponent=-0.5))]),
    M.SumExpression(sum=["$score", M.MultExpression(mult=[0.1, "number"]), -3.0]),
    M.DivExpression(div=M.DivParams(left="$score", right="number", by_zero_default=0.25)),
    M.NegExpression(neg=M.AbsExpression(abs="$score")),
    M.SqrtExpression(sqrt=M.MaxExpression(max=["number", 2.0])),
    M.ExpExpression(exp=M.MinExpression(min=["$score", 1.0])),
    M.LnExpression(ln=M.SumExpression(sum=["number", 1.0])),
    M.Log10Expression(log10=M.SumExpression(sum=["number", 1.0])),
    M.SumExpression(sum=["$score", on_key("even", match=M.MatchValue(value=True))]),
    M.GaussDecayExpression(gauss_decay=M.DecayParamsExpression(x="number", target=20, scale=5)),
    M.ExpDecayExpression(exp_decay=M.DecayParamsExpression(x="number", target=20, scale=5, midpoint=0.3)),
    M.LinDecayExpression(lin_decay=M.DecayParamsExpression(x="number", target=20, scale=15)),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=[str(i) for i in range(len(EXPRESSIONS))])
def test_every_expression_gives_the_same_scores(pair, expression):
    # the first point's half is 0, which no negative power has
    some = M.Filter(must=[on_key("number", range=M.Range(gte=1))])
    answers = [
        client.query_points(
            "c",
            prefetch=M.Prefetch(query=QUERY, limit=N, filter=some),
            query=M.FormulaQuery(formula=expression, defaults={}),
            limit=N,
            with_payload=["number"],
        )
        for client in pair
    ]
    scores = [{p.id: p.score for p in answer.points} for answer in answers]
    assert scores[0] == pytest.approx(scores[1], rel=1e-4, abs=1e-6)


def test_searches_of_every_kind_find_the_same(pair):
    words = M.SparseVector(indices=[2, 7], values=[1.0, 0.3])
    prefetch = [M.Prefetch(query=QUERY, limit=20), M.Prefetch(query=words, using="words", limit=N)]
    shown = {"with_payload": ["number"]}
    requests: list[dict[str, Any]] = [
        {"query": QUERY, "limit": 10},
        {"query": np.array(QUERY), "limit": 5, "offset": 3},
        {"query": M.NearestQuery(nearest=QUERY), "score_threshold": 1.0, "limit": N},
        {"query": QUERY, "query_filter": M.Filter(must=[CONDITIONS[0]])},
        {"query": QUERY, "with_payload": M.PayloadSelectorExclude(exclude=["text", "when", "place"])},
        {"query": QUERY, "with_payload": M.PayloadSelectorInclude(include=["text"])},
        {
            "query": M.FormulaQuery(
                formula=M.SumExpression(sum=["$score[0]", "$score[1]"]),
                defaults={"$score[0]": 0.0, "$score[1]": 0.0},
            ),
            "prefetch": prefetch,
            "limit": N,
        },
        *(
            {"query": M.NearestQuery(nearest=QUERY, mmr=M.Mmr(diversity=d, candidates_limit=c)), "limit": 5}
            for d, c in [(0.7, 30), (0.0, 30), (None, None)]
        ),
    ]
    for request in requests:
        local, embedded = (client.query_points("c", **{**shown, **request}) for client in pair)
        same(embedded, local)
    for fusion in (M.FusionQuery(fusion=M.Fusion.RRF), M.FusionQuery(fusion=M.Fusion.DBSF)):
        answers = [client.query_points("c", prefetch=prefetch, query=fusion, limit=N) for client in pair]
        found = [sorted(p.score for p in answer.points) for answer in answers]
        assert len(found[0]) == len(found[1]) > 20
    sparse = [client.query_points("c", query=words, using="words", limit=N).points for client in pair]
    assert {p.id: p.score for p in sparse[0]} == pytest.approx({p.id: p.score for p in sparse[1]})


def test_points_come_back_to_the_bit_page_by_page_and_by_id(pair):
    sent = {point.id: point for point in points()}
    for client in pair:
        found: dict[Any, Any] = {}
        after: Any = None
        while True:
            records, after = client.scroll("c", limit=7, offset=after, with_vectors=True)
            found |= {record.id: record for record in records}
            if after is None:
                break
        assert found.keys() == sent.keys()
        for name, record in found.items():
            assert record.payload == sent[name].payload
            assert record.vector[""] == sent[name].vector[""]
            assert record.vector["words"] == sent[name].vector["words"]
        assert [r.id for r in client.retrieve("c", [3, 999, 1])] == [3, 1]


def test_every_change_leaves_the_same_points(tmp_path):
    def change(client: QdrantClient) -> None:
        client.create_collection(
            "c",
            vectors_config=M.VectorParams(size=4, distance=M.Distance.DOT),
            sparse_vectors_config={"words": M.SparseVectorParams()},
        )
        client.upload_points("c", iter(points()), batch_size=7, wait=True)
        client.set_payload("c", {"new": [1, {"x": True}]}, points=[1, 3])
        client.set_payload("c", {"deeper": 1}, points=[5], key="nested")
        client.set_payload("c", {"kind": "z"}, points=M.Filter(must=[CONDITIONS[3]]))
        client.overwrite_payload("c", {"only": "this"}, points=[9])
        client.delete_payload("c", ["text", "when"], points=[11, 13])
        client.clear_payload("c", points_selector=[15])
        client.delete("c", points_selector=[17])
        client.delete("c", points_selector=M.FilterSelector(filter=M.Filter(must=[CONDITIONS[5]])))
        client.update_vectors("c", [M.PointVectors(id=19, vector={"": [1.0, 2.0, 3.0, 4.0]})])
        client.delete_vectors("c", vectors=["words"], points=[21])
        client.upsert(
            "c", M.Batch(ids=[100, 101], vectors=[[1, 0, 0, 0], [0, 1, 0, 0]], payloads=[{"n": 1}, {}])
        )
        client.batch_update_points(
            "c",
            [
                M.SetPayloadOperation(set_payload=M.SetPayload(payload={"by": "batch"}, points=[23])),
                M.UpsertOperation(
                    upsert=M.PointsList(points=[M.PointStruct(id=102, vector=[0, 0, 1, 0], payload={})])
                ),
                M.DeleteOperation(delete=M.PointIdsList(points=[25])),
                M.OverwritePayloadOperation(overwrite_payload=M.SetPayload(payload={"all": 1}, points=[27])),
                M.DeletePayloadOperation(delete_payload=M.DeletePayload(keys=["kind"], points=[29])),
                M.ClearPayloadOperation(clear_payload=M.PointIdsList(points=[31])),
                M.UpdateVectorsOperation(
                    update_vectors=M.UpdateVectors(
                        points=[M.PointVectors(id=33, vector={"": [9.0, 9.0, 9.0, 9.0]})]
                    )
                ),
                M.DeleteVectorsOperation(delete_vectors=M.DeleteVectors(vector=["words"], points=[35])),
            ],
        )

    states = []
    for client in (QdrantClient(":memory:"), EmbeddedClient(tmp_path)):
        change(client)
        records, _ = client.scroll("c", limit=1000, with_vectors=True)
        states.append({r.id: (r.payload, plain(r.vector)) for r in records})
        client.close()
    assert states[1] == states[0]


def plain(vector: Any) -> Any:
    """An unnamed vector alone, in whichever of two ways an engine returns it."""
    return {"": vector} if isinstance(vector, list) else dict(vector)
