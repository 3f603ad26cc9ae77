from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters, VectorStoreQuery

from norm_aware import NormAwareVectorStore
from norm_aware.errors import QueryError
from norm_aware.llamaindex.filters import to_filter

WORDS = ["rain", "Rain", "heavy rain", "snow, rain", "a rainy day", ""]
NUMBERS = [-2, 0, 1, 3, 3.0, 2.5, 1e6, 2**60]
DATES = ["2024-01-01", "2024-06-30T12:00:00", "2024-06-30T12:00:00Z", "2025-01-01T00:00:00+02:00"]
SCALARS = [*WORDS, *NUMBERS, *DATES, True, False]
LISTS = [[], ["rain"], ["rain", "snow"], [1, 3], [2.5], ["2024-01-01"], [True]]
KEYS = ["plain", "with space", "nested.part"]


def value_of(metadata: dict, key: str):
    if key == "nested.part":
        return metadata.get("nested", {}).get("part")
    return metadata.get(key)


def moment(value) -> dt.datetime | None:
    if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}", value):
        return None
    read = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return read if read.tzinfo else read.replace(tzinfo=dt.timezone.utc)


def holds(operator: str, wanted, found) -> bool:
    """Whether one value satisfies an operator, as the docs of LlamaIndex's operators have it."""
    if operator in {">", ">=", "<", "<="}:
        pair = (moment(found), moment(wanted)) if isinstance(wanted, str) else (found, wanted)
        if None in pair or isinstance(pair[0], (bool, str)):
            return False
        return {
            ">": pair[0] > pair[1],
            ">=": pair[0] >= pair[1],
            "<": pair[0] < pair[1],
            "<=": pair[0] <= pair[1],
        }[operator]
    if operator == "text_match":
        return isinstance(found, str) and wanted in found
    if operator == "text_match_insensitive":
        words = [re.findall(r"\w+", str(text).lower()) for text in (wanted, found)]
        spans = [words[1][i : i + len(words[0])] for i in range(len(words[1]))]
        return isinstance(found, str) and bool(words[0]) and words[0] in spans
    return found == wanted


def says_nothing(given: MetadataFilter | MetadataFilters) -> bool:
    return isinstance(given, MetadataFilters) and all(map(says_nothing, given.filters))


def oracle(given: MetadataFilter | MetadataFilters, metadata: dict) -> bool:
    """What LlamaIndex's filters select, computed in Python."""
    if isinstance(given, MetadataFilters):
        held = [oracle(each, metadata) for each in given.filters if not says_nothing(each)]
        if not held:
            return True
        return {"and": all(held), "or": any(held), "not": not any(held)}[given.condition.value]
    operator, wanted, value = given.operator.value, given.value, value_of(metadata, given.key)
    found = value if isinstance(value, list) else [] if value is None else [value]
    if operator == "is_empty":
        return not found
    if operator in {"in", "nin"} and isinstance(wanted, str):
        wanted = wanted.split(",")
    many = wanted if isinstance(wanted, list) else [wanted]
    present = [any(each == one for one in found) for each in many]
    if operator in {"in", "any"}:
        return any(present)
    if operator == "nin":
        return not any(present)
    if operator == "all":
        return all(present)
    if operator in {"!="}:
        return not any(present)
    if operator in {"==", "contains"}:
        return any(present)
    return any(holds(operator, wanted, one) for one in found)


def metadatas() -> list[dict]:
    values = [*SCALARS, *LISTS, None]
    rows: list[dict] = [{}]
    for i, value in enumerate(values):
        other = values[(i * 7 + 3) % len(values)]
        rows.append({"plain": value, "with space": other, "nested": {"part": values[-i]}})
    return rows


ROWS = metadatas()
scalars = st.sampled_from([*WORDS, *NUMBERS, *DATES])
lists = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=3), st.lists(st.sampled_from(NUMBERS), max_size=3)
)
keys = st.sampled_from(KEYS)


def filters(operators: list[str], values) -> st.SearchStrategy[MetadataFilter]:
    return st.builds(MetadataFilter, key=keys, value=values, operator=st.sampled_from(operators))


OPERATORS = {
    "equality": filters(["==", "!=", "contains"], scalars),
    "order": filters([">", ">=", "<", "<="], st.sampled_from([*NUMBERS, *DATES])),
    "membership": filters(["in", "nin", "any"], st.one_of(scalars, lists)),
    "all": filters(["all"], lists.filter(bool)),
    "text": filters(["text_match", "text_match_insensitive"], st.sampled_from(["rain", "RAIN", "rainy day"])),
    "emptiness": filters(["is_empty"], st.none()),
}
nested = st.recursive(
    st.one_of(*OPERATORS.values()),
    lambda inner: st.builds(
        MetadataFilters,
        filters=st.lists(inner, max_size=3),
        condition=st.sampled_from(["and", "or", "not"]),
    ),
    max_leaves=6,
)


@pytest.fixture
def store(client, hash_embedding) -> NormAwareVectorStore:
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    store.add(
        [
            TextNode(
                id_=str(i),
                text=f"t{i}",
                metadata=json.loads(json.dumps(metadata)),
                embedding=hash_embedding.get_text_embedding(f"t{i}"),
            )
            for i, metadata in enumerate(ROWS)
        ]
    )
    return store


def selected(given) -> set[str]:
    return {str(i) for i, metadata in enumerate(ROWS) if oracle(given, metadata)}


@pytest.mark.parametrize("kind", OPERATORS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the store is read only
@given(data=st.data())
def test_an_operator_selects_what_the_same_words_select_in_python(store, kind, data):
    one = data.draw(OPERATORS[kind])
    found = {node.node_id for node in store.get_nodes(filters=MetadataFilters(filters=[one]))}
    assert found == selected(one), one


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=nested)
def test_conditions_nest_as_in_python_and_search_selects_as_get_nodes_does(store, condition):
    tree = condition if isinstance(condition, MetadataFilters) else MetadataFilters(filters=[condition])
    assert {node.node_id for node in store.get_nodes(filters=tree)} == selected(tree)
    query = VectorStoreQuery([1.0] * 16, similarity_top_k=len(ROWS), filters=tree)
    assert set(store.query(query).ids) == selected(tree)


@pytest.mark.parametrize("operator", ["==", "!=", "in", "nin", "all", "any", "contains"])
def test_deleting_by_a_filter_deletes_what_it_selects(store, operator):
    one = MetadataFilter(key="plain", value="rain", operator=operator)
    gone = selected(one)
    assert 0 < len(gone) < len(ROWS)
    store.delete_nodes(filters=MetadataFilters(filters=[one]))
    assert {node.node_id for node in store.get_nodes()} == {str(i) for i in range(len(ROWS))} - gone


@pytest.mark.parametrize(
    ("operator", "value", "message"),
    [
        (">", "rain", "a number or an ISO date"),
        ("<=", "2024-99-99", "a number or an ISO date"),
        ("<=", [1, 2], "a number or an ISO date"),
        ("==", None, "has no value.*is_empty"),
        ("==", ["rain"], "was given a list"),
        ("!=", [1], "was given a list"),
        ("text_match", 3, "a text is needed"),
        ("all", [], "an empty list"),
    ],
)
def test_a_value_that_an_operator_cannot_take_is_refused_with_advice(operator, value, message):
    one = MetadataFilter(key="plain", value=value, operator=operator)
    with pytest.raises(QueryError, match=message):
        to_filter(MetadataFilters(filters=[one]))


def test_a_key_that_no_payload_path_can_hold_is_refused():
    with pytest.raises(QueryError, match="rename it"):
        to_filter(MetadataFilters(filters=[MetadataFilter(key='a"b', value=1)]))


def test_filters_that_say_nothing_filter_nothing():
    empty = MetadataFilters(filters=[], condition="or")
    assert to_filter(None) is to_filter(empty) is to_filter(MetadataFilters(filters=[empty])) is None
