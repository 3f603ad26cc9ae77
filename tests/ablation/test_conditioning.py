import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from norm_aware.ablation.conditioning import (
    SHRINKAGE,
    condition_number,
    condition_numbers,
    predictions,
    said,
)
from norm_aware.errors import TrainingError
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.training.pairs import Pair
from tests.ablation.worlds import SETS, ablation
from tests.losses.models import WORDS, table


def drawn_pairs(count, seed=0):
    """Pairs of which no two have an equal query or document, so that every other document is a negative."""
    generator = np.random.default_rng(seed)
    texts = []
    while len(texts) < 2 * count:
        text = " ".join(generator.choice(WORDS[1:], size=generator.integers(1, 5)))
        if text not in texts:
            texts.append(text)
    return [Pair(query, document) for query, document in zip(texts[:count], texts[count:], strict=True)]


def closed_form(queries, documents, similarity, scale):
    """Gradients of the summed loss, in float64: the softmax's rows less what is relevant."""
    powers = (similarity.query_power, similarity.document_power)
    sides = [np.asarray(side, np.float64) for side in (queries, documents)]
    lengths = [np.linalg.norm(side, axis=1, keepdims=True) for side in sides]
    powered = [side * n ** (p - 1) for side, n, p in zip(sides, lengths, powers, strict=True)]
    pull = scale * (softmax(scale * powered[0] @ powered[1].T, axis=1) - np.eye(len(queries)))
    outer = (pull @ powered[1], pull.T @ powered[0])
    return [
        n ** (p - 1) * (g + (p - 1) * (g * x).sum(axis=1, keepdims=True) * x / n**2)
        for g, x, n, p in zip(outer, sides, lengths, powers, strict=True)
    ]


def by_eigenvalues(gradients):
    values = np.linalg.eigvals(np.cov(gradients, rowvar=False)).real
    return (values.max() + SHRINKAGE * values.mean()) / (values.min() + SHRINKAGE * values.mean())


@pytest.mark.parametrize(
    "name", ["cosine", "dot", "query_normalized", "document_normalized", "document_power=0.5"]
)
def test_it_is_the_closed_form_gradients_condition_number_in_float64(name):
    model, pairs, scale = table(dimension=5, seed=1), drawn_pairs(24), 3.0
    order = np.random.default_rng(7).permutation(24)
    queries = np.asarray(model.encode([pairs[at].query for at in order]))
    documents = np.asarray(model.encode([pairs[at].document for at in order]))
    batches = [
        closed_form(queries[rows], documents[rows], parse_similarity(name), scale)
        for rows in (slice(0, 8), slice(8, 16), slice(16, 24))
    ]
    found = condition_numbers(model, pairs, name, scale, seed=7, batch_size=8)
    for side, gradients in zip(("query", "document"), zip(*batches, strict=True), strict=True):
        assert found[side] == pytest.approx(by_eigenvalues(np.concatenate(gradients)), rel=1e-5)


def test_equal_texts_are_no_negatives_of_each_other():
    pairs = [Pair("a b", "c"), Pair("a b", "c"), Pair("d", "e f"), Pair("g h", "i")]
    plain = condition_numbers(table(), pairs, "cosine", 3.0, seed=0)
    apart = condition_numbers(table(), [*pairs[:1], Pair("a  b", "c "), *pairs[2:]], "cosine", 3.0, seed=0)
    assert plain != pytest.approx(apart)  # the same embeddings, as two texts


def test_the_same_seed_draws_the_same_pairs_and_a_rest_below_a_batch_is_left_out():
    pairs = drawn_pairs(21)
    found = [condition_numbers(table(), pairs, "dot", 1.0, seed=s, batch_size=10) for s in (0, 0, 1)]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_it_leaves_the_model_as_it_was():
    model = table()
    before = copy.deepcopy(model.state_dict())
    condition_numbers(model, drawn_pairs(8), "dot", 1.0, seed=0)
    assert all((before[name] == value).all() for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.floats(1e-9, 1e9))
def test_it_is_finite_at_least_one_and_blind_to_units_and_rotations(seed, count, factor):
    generator = np.random.default_rng(seed)
    gradients = generator.normal(size=(count, 6)) * [1, 2, 3, 0.1, 5, 0.01]
    rotation = np.linalg.qr(generator.normal(size=(6, 6)))[0]
    found = condition_number(gradients)
    assert 1 <= found <= (6 + SHRINKAGE) / SHRINKAGE * (1 + 1e-9)
    assert condition_number(factor * gradients @ rotation + 0.5 * factor) == pytest.approx(found, rel=1e-4)


def test_a_direction_without_any_gradient_is_bounded_by_the_shrinkage():
    line = np.outer(np.linspace(-1, 1, 9), np.eye(4)[0])
    assert condition_number(line) == pytest.approx((4 + SHRINKAGE) / SHRINKAGE)


@pytest.mark.parametrize("gradients", [np.ones((5, 3)), np.zeros((5, 3)), [[1.0, 2.0]], [[np.nan], [1.0]]])
def test_gradients_without_a_covariance_are_refused(gradients):
    with pytest.raises(TrainingError, match="scale"):
        condition_number(gradients)


def test_one_pair_is_refused():
    with pytest.raises(TrainingError, match="at least 2"):
        condition_numbers(table(), drawn_pairs(1), "cosine", 20.0, seed=0)


def test_the_rule_is_held_against_models_searched_by_cosine_on_the_out_of_domain_sets():
    _, results = ablation()
    for run in results["arms"]["query_normalized"]["runs"].values():
        run["own"]["covidqa"] = 0.0  # as if dot ranked badly there
    found = predictions(results)
    untouched, cosine = found["measured"]
    assert (untouched["measured_on"], cosine["measured_on"]) == ("untouched", "cosine")
    assert untouched["named"] == "query_normalized"  # 31 against 12.5
    runs = results["arms"]["cosine"]["runs"].values()
    assert cosine["document"] == pytest.approx(np.mean([run["conditioning"]["document"] for run in runs]))
    assert set(found["sets"]) == {"scifact", "covidqa", "stsb"}
    for name, by in found["sets"].items():
        for arm in ("query_normalized", "document_normalized"):
            of = results["arms"][arm]["runs"].values()
            assert by["cosine"][arm] == pytest.approx(np.mean([run["grid"][name]["cosine"] for run in of]))
            assert by["own"][arm] == pytest.approx(np.mean([run["own"][name] for run in of]))
    assert found["sets"]["covidqa"]["cosine"]["better"] == "query_normalized"
    assert found["sets"]["covidqa"]["own"]["better"] == "document_normalized"
    assert found["wins"]["query_normalized"] == {"cosine": 3, "own": 2}
    assert found["wins"]["document_normalized"] == {"cosine": 0, "own": 1}


def test_the_side_with_the_larger_number_is_the_one_that_is_named():
    _, results = ablation()
    turned = {**results, "untouched_conditioning": {"query": 12.5, "document": 31.0}}
    first, second = predictions(results), predictions(turned)
    assert first["measured"][0]["named"] == "query_normalized"
    assert second["measured"][0]["named"] == "document_normalized"
    assert second["measured"][1:] == first["measured"][1:]
    assert second["sets"] == first["sets"]


def test_a_tie_is_won_by_neither():
    _, results = ablation()
    arms = results["arms"]
    arms["document_normalized"] = arms["query_normalized"]
    found = predictions(results)
    assert {by["cosine"]["better"] for by in found["sets"].values()} == {None}
    assert found["wins"]["query_normalized"] == {"cosine": 0, "own": 0}


def test_two_measurements_of_one_rule_are_not_said_to_be_two_confirmations():
    _, results = ablation()
    lines = said(predictions(results))
    assert sum("searched by cosine" in line for line in lines) == 1
    assert any("not two confirmations" in line for line in lines)
    (only, *rest) = said(predictions({**results, "untouched_conditioning": None}))
    assert only.startswith("Measured on the cosine arm")
    assert not any("confirmations" in line for line in rest)


def test_what_was_not_measured_is_not_predicted_from():
    _, results = ablation()
    arms = {arm: about for arm, about in results["arms"].items() if arm != "query_normalized"}
    assert predictions({**results, "arms": arms}) == {}
    assert predictions({**results, "sets": {"medquad": SETS["medquad"]}}) == {}
    bare = predictions({**results, "untouched_conditioning": None})
    assert [row["measured_on"] for row in bare["measured"]] == ["cosine"]


def test_texts_are_embedded_with_the_prompts_of_their_side():
    pairs = drawn_pairs(8)
    model = table()
    plain = condition_numbers(model, pairs, "dot", 1.0, seed=0)
    model.prompts = {"query": f"{WORDS[1]} ", "document": f"{WORDS[2]} "}
    written = [Pair(f"{WORDS[1]} {pair.query}", f"{WORDS[2]} {pair.document}") for pair in pairs]
    found = condition_numbers(model, pairs, "dot", 1.0, seed=0)
    assert found != pytest.approx(plain)
    assert found == pytest.approx(condition_numbers(table(), written, "dot", 1.0, seed=0))
