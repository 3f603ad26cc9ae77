import numpy as np
import pytest
import torch
from sentence_transformers.sentence_transformer import losses as stock

from norm_aware.errors import TrainingError
from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.losses.negative_variance import NegativeVarianceLoss
from norm_aware.losses.norm_regularizer import NormRegularizer
from norm_aware.losses.texts import Texts
from tests.losses.models import features, padded_table, table


def texts(n):
    return [Texts(torch.arange(n) + n * i, torch.ones(n)) for i in range(2)]


def negatives(q, d):
    q, d = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (q, d))
    cosines = q @ d.T
    return cosines[~np.eye(len(q), dtype=bool)]


@pytest.mark.parametrize("within_view", [False, True])
def test_the_term_is_the_formula_in_float64(within_view):
    generator = np.random.default_rng(0)
    q, d = generator.normal(size=(2, 6, 5))
    loss = NegativeVarianceLoss(InfoNCELoss(table()), train_size=11, within_view=within_view)
    found = loss.term([torch.tensor(q), torch.tensor(d)], texts(6))
    pairs = [negatives(q, d), *([negatives(q, q), negatives(d, d)] if within_view else [])]
    assert found.item() == pytest.approx(np.mean((np.concatenate(pairs) + 1 / 10) ** 2), rel=1e-6)


def test_the_term_is_the_variance_plus_the_squared_bias():
    generator = np.random.default_rng(1)
    q, d = generator.normal(size=(2, 6, 5))
    found = NegativeVarianceLoss(InfoNCELoss(table())).term([torch.tensor(q), torch.tensor(d)], texts(6))
    cosines = negatives(q, d)
    assert found.item() == pytest.approx(cosines.var() + cosines.mean() ** 2, rel=1e-6)


def test_it_is_the_main_loss_plus_weight_times_the_term_and_norms_get_no_gradient_from_the_term():
    generator = torch.Generator().manual_seed(2)
    q, d = (torch.randn(4, 3, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2))
    main = InfoNCELoss(table(), "dot", scale=1.0)
    loss = NegativeVarianceLoss(main, weight=7.0)
    term = loss.term([q, d], texts(4))
    total = loss.compute([q, d], texts(4), None)
    assert total.item() == pytest.approx((main.compute([q, d], texts(4)) + 7 * term).item())
    for embeddings, gradient in zip((q, d), torch.autograd.grad(term, [q, d]), strict=True):
        assert (embeddings * gradient).sum(dim=1).abs().max().item() < 1e-12


def test_its_gradients_are_those_of_finite_differences():
    generator = torch.Generator().manual_seed(3)
    q, d = (torch.randn(3, 4, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2))
    loss = NegativeVarianceLoss(InfoNCELoss(table()), weight=2.0, train_size=5, within_view=True)
    assert torch.autograd.gradcheck(lambda a, b: loss.compute([a, b], texts(3), None), (q, d))


def test_equal_texts_are_no_negatives():
    q = d = torch.eye(2, dtype=torch.float64)
    known = [Texts(torch.tensor([1, 1]), torch.ones(2)), Texts(torch.tensor([2, 3]), torch.ones(2))]
    assert NegativeVarianceLoss(InfoNCELoss(table()), train_size=3).term([q, d], known) == 0


def test_a_batch_of_one_pair_has_no_negative_and_a_term_of_0():
    loss = NegativeVarianceLoss(InfoNCELoss(table()), within_view=True)
    q = torch.ones(1, 3, requires_grad=True)
    term = loss.term([q, q], texts(1))
    term.backward()
    assert term == 0
    assert not q.grad.any()


@pytest.mark.parametrize("wrap", [NegativeVarianceLoss, NormRegularizer])
def test_a_wrapped_loss_keeps_its_gradient_cache(wrap):
    found = []
    for size in (None, 2):
        model = padded_table()
        loss = wrap(InfoNCELoss(model, "learnable", scale=2.0, mini_batch_size=size))
        loss(features(model, ["a", "b", "c"], ["d", "e", "f f"])).backward()
        found.append([parameter.grad for parameter in loss.parameters()])
    torch.testing.assert_close(found[0], found[1])


def test_it_wraps_a_loss_of_sentence_transformers():
    model = table()
    columns = ["a", "b", "c"], ["d", "e", "f"]
    main = stock.MultipleNegativesRankingLoss(model)
    loss = NegativeVarianceLoss(NormRegularizer(main), weight=0.0)
    alone = main(features(model, *columns), None)
    assert (loss(features(model, *columns)) - alone).item() == pytest.approx(0, abs=1e-6)


def test_a_loss_that_embeds_by_itself_is_refused_with_what_to_take_instead():
    with pytest.raises(TrainingError, match="wrap InfoNCELoss"):
        NegativeVarianceLoss(stock.CachedMultipleNegativesRankingLoss(padded_table()))


@pytest.mark.parametrize("options", [{"weight": -1}, {"train_size": 1}])
def test_what_has_no_meaning_is_refused(options):
    with pytest.raises(TrainingError):
        NegativeVarianceLoss(InfoNCELoss(table()), **options)
