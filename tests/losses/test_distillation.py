import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from norm_aware.errors import TrainingError
from norm_aware.losses.info_nce import GUIDE_SCALE, InfoNCELoss
from norm_aware.training.options import TrainingOptions
from tests.losses.models import features, padded_table, table
from tests.training.worlds import open_transformer

QUERIES = ["a b", "c", "d e f", "g"]
DOCUMENTS = ["b c", "d d", "e", "b c"]  # the last is the first query's relevant document too
NEGATIVES = ["j", "k l", "m n", "o"]


def unit(rows):
    rows = np.asarray(rows, np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def loss_of(model, guide, similarity="cosine", **options):
    return InfoNCELoss(model, similarity, scale=2.0, guide=guide, **options)


def value(loss):
    return loss(features(loss.model, QUERIES, DOCUMENTS, NEGATIVES))


@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize("guiding", [table, open_transformer])
def test_a_share_of_the_target_is_spread_as_the_guides_cosines_are(guiding, share):
    model, guide = table(seed=0), guiding(seed=3)
    texts = [*DOCUMENTS, *NEGATIVES]
    scores = 2.0 * model.encode(QUERIES).astype(np.float64) @ model.encode(texts).T.astype(np.float64)
    cosines = unit(guide.encode(QUERIES)) @ unit(guide.encode(texts)).T
    expected = []
    for row in range(4):
        counted = [j for j, text in enumerate(texts) if j == row or text != DOCUMENTS[row]]
        target = share * softmax(GUIDE_SCALE * cosines[row, counted])
        target[counted.index(row)] += 1 - share
        expected.append(-target @ log_softmax(scores[row, counted]))
    found = value(loss_of(model, guide, "dot", distillation=share))
    assert found.item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_what_scores_as_its_guide_does_has_nothing_to_learn_from_it():
    model = padded_table(seed=0)
    loss = InfoNCELoss(model, "cosine", scale=GUIDE_SCALE, guide=padded_table(seed=0), distillation=1.0)
    value(loss).backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert gradients
    assert max(gradient.abs().max() for gradient in gradients) < 1e-6


@given(st.integers(0, 50), st.floats(0.01, 1.0))
def test_the_loss_lies_between_the_labels_and_the_guides(seed, share):
    model, guide = table(), table(seed=seed)
    labels, both, guides = (
        value(loss_of(model, None if of == 0 else guide, distillation=of)).item() for of in (0.0, share, 1.0)
    )
    assert both == pytest.approx((1 - share) * labels + share * guides, rel=1e-4)


@pytest.mark.parametrize("size", [1, 3])
def test_under_a_gradient_cache_the_same_is_learned(size):
    def gradients(mini_batch_size):
        loss = loss_of(padded_table(), padded_table(3), distillation=0.5, mini_batch_size=mini_batch_size)
        found = value(loss)
        found.backward()
        return found.detach(), [parameter.grad for parameter in loss.parameters()]

    torch.testing.assert_close(gradients(size), gradients(None))


def test_the_guide_is_not_trained():
    guide = table(seed=3)
    value(loss_of(table(), guide, distillation=0.5)).backward()
    assert next(guide.parameters()).grad is None


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(TrainingError, match="from 0 to 1"):
        loss_of(table(), table(seed=3), distillation=share)
    with pytest.raises(TrainingError, match="from 0 to 1"):
        TrainingOptions(guide="base", distillation=share)


def test_distillation_needs_a_guide_and_leaves_a_margin_nothing_to_do():
    with pytest.raises(TrainingError, match="without a guide"):
        InfoNCELoss(table(), distillation=0.5)
    with pytest.raises(TrainingError, match="without a guide"):
        TrainingOptions(distillation=0.5)
    with pytest.raises(TrainingError, match="beside a margin"):
        loss_of(table(), table(seed=3), distillation=0.5, margin=0.1)
