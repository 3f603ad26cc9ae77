import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp
from sentence_transformers.sentence_transformer import losses as stock

from norm_aware.errors import TrainingError
from norm_aware.losses.guide import Guide
from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.losses.norm_regularizer import NormRegularizer
from norm_aware.losses.texts import read_texts
from tests.losses.models import PaddedTable, features, padded_table, table
from tests.training.worlds import open_transformer

QUERIES = ["a b", "c", "d e f", "g"]
DOCUMENTS = ["b c", "d d", "e", "h i"]
NEGATIVES = ["j", "k l", "m n", "o"]


def unit(rows):
    rows = np.asarray(rows, np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def embed(reading, column, **how):
    return reading.embed(column, read_texts(column).digests, **how)


def oracle(model, guide, *, scale, margin):
    """In float64, as GISTEmbed's equation stands; and how much is left out."""
    texts = [*DOCUMENTS, *NEGATIVES]
    scores = scale * unit(model.encode(QUERIES)) @ unit(model.encode(texts)).T
    guided = unit(guide.encode(QUERIES)) @ unit(guide.encode(texts)).T
    rows = np.arange(len(QUERIES))
    mask = guided > guided[rows, rows, None] - margin
    mask[rows, rows] = False
    left = np.where(mask, -np.inf, scores)
    return float(np.mean(logsumexp(left, axis=1) - scores[rows, rows])), int(mask.sum())


def found(model, guide, *, margin=0.0, mini_batch_size=None):
    loss = InfoNCELoss(
        model, "cosine", scale=2.0, guide=guide, margin=margin, mini_batch_size=mini_batch_size
    )
    value = loss(features(model, QUERIES, DOCUMENTS, NEGATIVES))
    value.backward()
    return value.detach(), [parameter.grad for parameter in loss.parameters()]


@pytest.mark.parametrize("margin", [0.0, 0.3])
@pytest.mark.parametrize("trained", [table, padded_table, open_transformer])
@pytest.mark.parametrize("guiding", [table, padded_table, open_transformer])
def test_whatever_kind_either_is_what_the_guide_puts_above_the_relevant_document_is_left_out(
    trained, guiding, margin
):
    model, guide = trained(seed=0), guiding(seed=3)
    expected, left_out = oracle(model, guide, scale=2.0, margin=margin)
    assert 0 < left_out < 28
    assert found(model, guide, margin=margin)[0].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("trained", "guiding", "shared"),
    [
        (table, table, True),
        (padded_table, padded_table, True),
        (open_transformer, open_transformer, True),
        (table, padded_table, False),
        (table, open_transformer, False),
        (open_transformer, table, False),
    ],
)
def test_tokens_are_shared_by_encoders_of_one_kind_and_tokenizer(trained, guiding, shared):
    assert Guide(trained(seed=0), guiding(seed=3)).shares_tokens is shared


def test_a_guide_that_reads_less_of_a_text_is_given_the_text():
    model, guide = open_transformer(seed=0), open_transformer(seed=3)
    guide.max_seq_length = 2
    reading = Guide(model, guide)
    assert not reading.shares_tokens
    expected = unit(guide.encode(["a b c d", "e"]))
    np.testing.assert_allclose(embed(reading, features(model, ["a b c d", "e"])[0]), expected, atol=1e-6)


def test_it_equals_the_stock_loss_that_contrasts_queries_with_documents_alone():
    model, guide = open_transformer(seed=0), open_transformer(seed=3)
    expected = stock.GISTEmbedLoss(
        model, guide, temperature=0.5, margin=0.2, contrast_anchors=False, contrast_positives=False
    )(features(model, QUERIES, DOCUMENTS, NEGATIVES), None)
    torch.testing.assert_close(found(model, guide, margin=0.2)[0], expected.detach())


@pytest.mark.parametrize("size", [1, 3])
def test_under_a_gradient_cache_the_same_is_left_out(size):
    whole = found(padded_table(), padded_table(3))
    torch.testing.assert_close(found(padded_table(), padded_table(3), mini_batch_size=size), whole)
    assert whole[0] < found(padded_table(), None)[0]


def test_a_term_around_the_loss_leaves_it_its_guide():
    model = table()
    loss = InfoNCELoss(model, "cosine", scale=2.0, guide=table(seed=3))
    wrapped = NormRegularizer(NormRegularizer(loss, level=0.0, spread=0.0), level=0.0, spread=0.0)
    columns = (QUERIES, DOCUMENTS, NEGATIVES)
    torch.testing.assert_close(wrapped(features(model, *columns)), loss(features(model, *columns)))


@given(st.integers(0, 50), st.lists(st.floats(0, 1.9), min_size=2, max_size=2).map(sorted))
def test_a_wider_margin_never_raises_the_loss(seed, margins):
    model, guide = table(), table(seed=seed)
    narrow, wide = (found(model, guide, margin=margin)[0] for margin in margins)
    assert wide <= narrow + 1e-6


def test_a_guide_is_neither_trained_nor_saved_with_the_loss():
    model, guide = table(), table(seed=3)
    loss = InfoNCELoss(model, guide=guide)
    assert [name for name, _ in loss.named_parameters()] == ["model.0.embedding.weight"]
    assert all(name.startswith(("model.", "similarity.")) for name in loss.state_dict())
    loss(features(model, QUERIES, DOCUMENTS)).backward()
    assert next(guide.parameters()).grad is None


def test_a_guide_that_cannot_guide_is_refused():
    model = table()
    with pytest.raises(TrainingError, match="model that is trained"):
        InfoNCELoss(model, guide=model)
    mute = padded_table()
    mute[0].tokenizer = None
    assert isinstance(mute[0], PaddedTable)
    with pytest.raises(TrainingError, match="PaddedTable has no tokenizer"):
        InfoNCELoss(mute, guide=table())


@pytest.mark.parametrize("margin", [-0.1, 2.0, float("nan")])
def test_a_margin_that_is_no_difference_of_cosines_is_refused(margin):
    with pytest.raises(TrainingError, match="margin"):
        InfoNCELoss(table(), guide=table(seed=3), margin=margin)


def test_a_margin_without_a_guide_is_refused():
    with pytest.raises(TrainingError, match="without a guide"):
        InfoNCELoss(table(), margin=0.1)


def prompted(model, **prompts):
    model.prompts = prompts
    return model


@pytest.mark.parametrize("size", [None, 3])
@pytest.mark.parametrize("guiding", [table, open_transformer])
@pytest.mark.parametrize("own", [{}, {"query": "o ", "document": "p a "}])
def test_a_guide_reads_texts_behind_its_own_prompts_whatever_stands_before_the_models(guiding, own, size):
    model = prompted(open_transformer(seed=0), **own)
    guide = prompted(guiding(seed=3), query="m n ", document="k ")
    reading = Guide(model, guide)
    assert not reading.shares_tokens
    for kind in ("query", "document"):
        batch = model.preprocess(["a b", "c", "d e f", "p"], prompt=own.get(kind))
        expected = unit(guide.encode(["a b", "c", "d e f", "p"], prompt_name=kind))
        found = embed(reading, batch, kind=kind, mini_batch_size=size)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_tokens_are_shared_behind_equal_prompts():
    model, guide = (prompted(open_transformer(seed=seed), query="o ") for seed in (0, 3))
    reading = Guide(model, guide)
    assert reading.shares_tokens
    batch = model.preprocess(["a b", "c"], prompt="o ")
    np.testing.assert_allclose(
        embed(reading, batch, kind="query"), unit(guide.encode(["a b", "c"], prompt_name="query")), atol=1e-6
    )


@pytest.mark.parametrize("shared", [True, False])
def test_a_guide_embeds_no_more_texts_at_once_than_a_mini_batch_holds(shared):
    model, guide = open_transformer(seed=0), open_transformer(seed=3)
    if not shared:
        guide.max_seq_length = 4
    seen = []
    guide[0].register_forward_pre_hook(lambda _, given: seen.append(len(given[0]["input_ids"])))
    loss = InfoNCELoss(model, "cosine", guide=guide, mini_batch_size=3)
    assert loss.guide.shares_tokens is shared
    loss(features(model, QUERIES, DOCUMENTS))
    assert seen == [3, 1, 3, 1]


def test_a_static_batch_stays_whole_for_a_static_guide():
    model, guide = table(), table(seed=3)
    found = embed(Guide(model, guide), features(model, QUERIES)[0], mini_batch_size=3)
    np.testing.assert_allclose(found, unit(guide.encode(QUERIES)), atol=1e-6)


@pytest.mark.parametrize("guiding", [table, open_transformer])
def test_a_text_is_embedded_once_of_each_kind_and_the_same_ever_after(guiding, monkeypatch):
    model, guide = padded_table(seed=0), guiding(seed=3)
    reading, read = Guide(model, guide), []
    forward = guide.forward
    monkeypatch.setattr(
        guide, "forward", lambda batch, **given: read.append(batch) or forward(batch, **given)
    )
    first, second = features(model, ["a b", "c", "a b"], ["c", "d e f", "a b"])
    found = embed(reading, first)
    np.testing.assert_allclose(found, unit(guide.encode(["a b", "c", "a b"])), atol=1e-6)
    before = len(read)
    np.testing.assert_allclose(embed(reading, second), unit(guide.encode(["c", "d e f", "a b"])), atol=1e-6)
    known = len(read)
    torch.testing.assert_close(embed(reading, first), found)
    assert known > before
    embed(reading, second)
    assert len(read) == known
    embed(reading, first, kind="query")
    assert len(read) == known + 1


def test_what_a_full_memory_does_not_hold_is_embedded_again(monkeypatch):
    monkeypatch.setattr("norm_aware.losses.guide.REMEMBERED", 1)
    model, guide = padded_table(seed=0), open_transformer(seed=3)
    reading = Guide(model, guide)
    (column,) = features(model, ["a b", "c", "d"])
    expected = unit(guide.encode(["a b", "c", "d"]))
    for _ in range(2):
        np.testing.assert_allclose(embed(reading, column), expected, atol=1e-6)
