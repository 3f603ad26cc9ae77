import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from norm_aware.errors import TrainingError
from norm_aware.losses import anti_hubness
from norm_aware.losses.anti_hubness import AntiHubnessLength
from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.losses.texts import read_texts
from norm_aware.numeric.hubness_norm import FLOOR, MAX_GAMMA, NEAREST
from tests.losses.models import features, padded_table, table
from tests.training.worlds import open_transformer

QUERIES = ["a b", "c", "d e f", "g"]
DOCUMENTS = ["b c d e", "d d", "e f k", "h i"]
SPANS = [*"abcdefghijklmnop", "b c", "d e", "h i"]
SOURCES = [*["j j"] * 16, "b c d e", "b c d e", "h i"]


def given(model, *, gamma=0.3, spans=SPANS, sources=SOURCES):
    return AntiHubnessLength(model, spans, sources, gamma=gamma)


def lengths(model, module, documents):
    embeddings = torch.from_numpy(model.encode(documents))
    return module(model, embeddings, read_texts(model.preprocess(list(documents))).digests)


def oracle(model, documents, *, gamma, spans=SPANS, sources=SOURCES):
    """In float64, a document and a span at a time."""

    def unit(text):
        vector = model.encode([text])[0].astype(np.float64)
        return vector / np.linalg.norm(vector)

    hubness = []
    for document in documents:
        pairs = zip(spans, sources, strict=True)
        cosines = sorted(unit(document) @ unit(span) for span, source in pairs if source != document)
        hubness.append(max(FLOOR, np.mean(cosines[-NEAREST:]) if cosines else 0.0))
    return (hubness / np.exp(np.mean(np.log(hubness)))) ** -gamma


@pytest.mark.parametrize("make", [table, padded_table])
def test_lengths_are_the_formula_in_float64_and_own_spans_do_not_count(make):
    model = make()
    found = lengths(model, given(model), DOCUMENTS).detach()
    np.testing.assert_allclose(found, oracle(model, DOCUMENTS, gamma=0.3), rtol=1e-5)
    strangers = lengths(model, given(model, sources=["p"] * len(SPANS)), DOCUMENTS).detach()
    assert not np.allclose(found, strangers)


def test_their_geometric_mean_is_1_so_that_gamma_is_no_temperature():
    model = table()
    assert lengths(model, given(model), DOCUMENTS).log().mean().item() == pytest.approx(0, abs=1e-6)


def test_equal_texts_have_equal_lengths():
    model = table()
    first, _, again, third = lengths(model, given(model), ["b c d e", "d d", "b c d e", "d d"]).tolist()
    assert first == again
    assert first != third


@pytest.mark.parametrize(("spans", "sources"), [(["a"], ["b c d e"]), (["a", "b"], ["j", "k"])])
def test_a_bank_smaller_than_what_counts_or_of_own_spans_alone_is_enough(spans, sources):
    model = table()
    found = lengths(model, given(model, spans=spans, sources=sources), DOCUMENTS).detach()
    np.testing.assert_allclose(
        found, oracle(model, DOCUMENTS, gamma=0.3, spans=spans, sources=sources), rtol=1e-5
    )


def test_zero_vectors_have_a_length_and_leave_gamma_a_finite_gradient():
    model = table(scale=0.0)
    loss = InfoNCELoss(model, "cosine", document_length=given(model))
    loss(features(model, QUERIES, DOCUMENTS)).backward()
    assert all(bool(torch.isfinite(parameter.grad).all()) for parameter in loss.parameters())


def test_the_loss_scores_by_similarity_times_length():
    model = table()
    loss = InfoNCELoss(model, "cosine", scale=3.0, document_length=given(model))
    q, d = (torch.from_numpy(model.encode(side)).double().numpy() for side in (QUERIES, DOCUMENTS))
    q, d = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (q, d))
    scores = 3 * q @ d.T * oracle(model, DOCUMENTS, gamma=0.3)
    expected = np.mean(logsumexp(scores, axis=1) - np.diagonal(scores))
    assert loss(features(model, QUERIES, DOCUMENTS)).item() == pytest.approx(expected, rel=1e-5)


def test_gammas_gradient_is_that_of_finite_differences():
    values = []
    logit = given(table())._logit.item()
    for shift in (-1e-2, 0.0, 1e-2):
        model = table()
        loss = InfoNCELoss(model, "cosine", scale=3.0, document_length=given(model)).double()
        with torch.no_grad():
            loss.document_length._logit.fill_(logit + shift)
        value = loss(features(model, QUERIES, DOCUMENTS))
        value.backward()
        values.append((value.item(), loss.document_length._logit.grad.item()))
    assert values[1][1] == pytest.approx((values[2][0] - values[0][0]) / 2e-2, rel=1e-3)


def test_the_encoder_learns_through_the_similarity_and_not_through_hubness():
    model = table()
    fixed = lengths(model, module := given(model), DOCUMENTS).detach()
    loss = InfoNCELoss(model, "cosine", scale=3.0, document_length=module)
    loss(features(model, QUERIES, DOCUMENTS)).backward()
    found = next(model.parameters()).grad.clone()
    model.zero_grad()
    columns = [model(column)["sentence_embedding"] for column in features(model, QUERIES, DOCUMENTS)]
    scores = 3.0 * loss.similarity(*columns) * fixed
    torch.nn.functional.cross_entropy(scores, torch.arange(4)).backward()
    torch.testing.assert_close(found, next(model.parameters()).grad)


@pytest.mark.parametrize("size", [1, 3])
def test_a_gradient_cache_changes_neither_the_loss_nor_any_gradient(size):
    found = []
    for mini_batch_size in (None, size):
        model = padded_table()
        loss = InfoNCELoss(
            model, "cosine", scale=2.0, mini_batch_size=mini_batch_size, document_length=given(model)
        )
        value = loss(features(model, QUERIES, DOCUMENTS, ["j", "k l", "m n", "o"]))
        (value * 0.5).backward()
        found.append((value.detach(), [parameter.grad for parameter in loss.parameters()]))
    torch.testing.assert_close(found[0], found[1])


def test_the_whole_bank_is_embedded_anew_in_so_many_steps():
    model = table()
    module = given(model)
    other = table(seed=1)
    for _ in range(anti_hubness.PARTS - 1):
        lengths(other, module, DOCUMENTS)
    assert not torch.allclose(module.bank, given(other).bank)
    lengths(other, module, DOCUMENTS)
    torch.testing.assert_close(module.bank, given(other).bank)


def test_a_model_in_training_stays_so():
    model = table().train()
    given(model)(model, torch.ones(1, 4), torch.zeros(1, dtype=torch.int64))
    assert model.training


@pytest.mark.parametrize("logit", [-1e3, 1e3])
def test_gamma_stays_where_search_can_follow(logit):
    module = given(table())
    assert module.gamma == pytest.approx(0.3)
    with torch.no_grad():
        module._logit.fill_(logit)
    assert 0 <= module.gamma <= MAX_GAMMA


@pytest.mark.parametrize(
    "changed", [{"gamma": 0.0}, {"gamma": MAX_GAMMA}, {"spans": [], "sources": []}, {"sources": ["a"]}]
)
def test_what_makes_no_length_is_refused(changed):
    with pytest.raises(TrainingError):
        given(table(), **changed)


def test_a_gamma_that_is_no_number_is_not_told_as_the_largest():
    module = given(table())
    with torch.no_grad():
        module._logit.fill_(torch.nan)
    assert np.isnan(module.gamma)


def test_own_spans_do_not_count_behind_prompts_either():
    model = open_transformer()
    prompts = {"query_prompt": "o ", "document_prompt": "p "}
    module = AntiHubnessLength(model, ["a b"], ["a b c d"], **prompts)
    strangers = AntiHubnessLength(model, ["a b"], ["e"], **prompts)
    documents = ["a b c d", "c d"]
    embeddings = torch.from_numpy(model.encode(documents, prompt="p "))
    digests = read_texts(model.preprocess(documents, prompt="p ")).digests
    found, other = (of(model, embeddings, digests).detach() for of in (module, strangers))
    span = torch.from_numpy(model.encode(["a b"], prompt="o "))
    cosines = torch.nn.functional.cosine_similarity(embeddings, span).clamp(min=FLOOR).log()
    expected = torch.stack([torch.tensor(FLOOR).log(), cosines[1]])
    torch.testing.assert_close(found, (-0.3 * (expected - expected.mean())).exp(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(other, (-0.3 * (cosines - cosines.mean())).exp(), rtol=1e-4, atol=1e-5)
