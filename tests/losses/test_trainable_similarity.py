import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from norm_aware.errors import TrainingError
from norm_aware.losses.trainable_similarity import TrainableSimilarity
from norm_aware.numeric.similarity import PowerSimilarity


def vectors(n, dimension=5, *, seed=0, scale=3.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, dimension, generator=generator, dtype=torch.float64) * scale


@settings(max_examples=40)
@given(query_power=st.floats(-2, 2), document_power=st.floats(-2, 2), seed=st.integers(0, 99))
def test_it_scores_as_the_similarity_that_searches_does(query_power, document_power, seed):
    queries, documents = vectors(3, seed=seed), vectors(4, seed=seed + 100)
    similarity = PowerSimilarity(query_power=query_power, document_power=document_power)
    a, b = queries.numpy(), documents.numpy()
    expected = similarity.from_dot(
        a @ b.T, np.linalg.norm(a, axis=1)[:, None], np.linalg.norm(b, axis=1)[None, :]
    )
    np.testing.assert_allclose(TrainableSimilarity(similarity)(queries, documents), expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["cosine", "dot", "query_normalized", "document_normalized"])
def test_its_gradients_are_those_of_finite_differences(name):
    queries, documents = vectors(2).requires_grad_(), vectors(3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(TrainableSimilarity(name), (queries, documents))


def test_learned_powers_start_at_a_half_and_have_the_gradients_of_finite_differences():
    similarity = TrainableSimilarity("learnable").double()
    assert similarity.similarity == PowerSimilarity(query_power=0.5, document_power=0.5)
    queries, documents = vectors(2), vectors(3, seed=1)
    logits = list(similarity.parameters())
    assert len(logits) == 2
    for logit in logits:
        similarity.zero_grad()
        similarity(queries, documents).sum().backward()
        found, step = logit.grad.item(), 1e-5
        with torch.no_grad():
            logit += step
            above = similarity(queries, documents).sum()
            logit -= 2 * step
            below = similarity(queries, documents).sum()
            logit += step
        assert found == pytest.approx((above - below).item() / (2 * step), rel=1e-5)


def test_the_gradient_of_gamma_is_minus_the_log_norm_times_the_score():
    """Feng & Watanabe, proposition T.1, with power = 1 - gamma."""
    similarity = TrainableSimilarity("dot", learn_document=True).double()
    query, document = vectors(1), vectors(1, seed=1)
    score = similarity(query, document).squeeze()
    power = torch.sigmoid(next(similarity.parameters()))
    by_power = torch.autograd.grad(score, next(similarity.parameters()))[0] / (power * (1 - power))
    assert by_power.item() == pytest.approx((document.norm().log() * score).item(), rel=1e-6)


@pytest.mark.parametrize("name", ["cosine", "dot", "query_normalized", "document_power=0.5", "learnable"])
def test_a_zero_vector_scores_0_and_has_a_finite_gradient(name):
    queries = torch.zeros(1, 3, requires_grad=True)
    documents = torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]], requires_grad=True)
    similarity = TrainableSimilarity(name)
    scores = similarity(queries, documents)
    scores.sum().backward()
    assert scores.tolist() == [[0.0, 0.0]]
    gradients = [queries.grad, documents.grad, *(p.grad for p in similarity.parameters())]
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


def test_half_precision_is_scored_in_float32():
    queries, documents = vectors(4).bfloat16(), vectors(5, seed=1).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = TrainableSimilarity("cosine")(queries, documents)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, TrainableSimilarity("cosine")(queries.float(), documents.float()))


def test_normalising_the_query_never_reorders_documents():
    queries, documents = vectors(6), vectors(20, seed=1)
    for one, other in (("dot", "query_normalized"), ("document_normalized", "cosine")):
        orders = [TrainableSimilarity(name)(queries, documents).argsort(dim=1) for name in (one, other)]
        assert torch.equal(*orders)


def test_a_schedule_may_set_fixed_powers_and_no_learned_one():
    similarity = TrainableSimilarity("cosine")
    similarity.set_powers(query=0.25, document=1.0)
    assert similarity.similarity == PowerSimilarity(query_power=0.25, document_power=1.0)
    with pytest.raises(TrainingError, match="learned"):
        TrainableSimilarity("learnable").set_powers(query=0, document=0)


def test_powers_travel_with_the_state_of_the_loss():
    similarity = TrainableSimilarity("dot")
    similarity.set_powers(query=0.0, document=0.5)
    restored = TrainableSimilarity("dot")
    restored.load_state_dict(similarity.state_dict())
    assert restored.similarity == similarity.similarity


def test_a_similarity_outside_the_power_family_is_refused():
    with pytest.raises(TrainingError, match="power family"):
        TrainableSimilarity("euclidean")
