import numpy as np
import pytest
import torch
from scipy.stats import pearsonr

from norm_aware.errors import TrainingError
from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.losses.norm_regularizer import NormRegularizer, correlation
from norm_aware.losses.texts import Texts
from tests.losses.models import table


def batch(n=6, seed=0, spread=0.5):
    generator = np.random.default_rng(seed)
    columns = generator.normal(size=(2, n, 5)) * np.exp(spread * generator.normal(size=(2, n, 1)))
    lengths = torch.tensor(generator.integers(2, 50, size=n))
    texts = [Texts(torch.arange(n), lengths), Texts(torch.arange(n, 2 * n), lengths)]
    return [torch.tensor(column).requires_grad_() for column in columns], texts


def regularizer(**options):
    return NormRegularizer(InfoNCELoss(table()), **{"level": 0.0, "spread": 0.0, **options}).double()


def logs(column):
    return np.log(np.linalg.norm(column.detach().numpy(), axis=1))


def test_the_level_penalty_is_the_squared_distance_of_the_mean_log_norm_from_the_target():
    columns, texts = batch()
    found = regularizer(level=3.0, target=2.0).term(columns, texts)
    assert found.item() == pytest.approx(3 * (logs(columns[1]).mean() - np.log(2)) ** 2)


def test_the_first_batch_sets_a_target_that_was_not_given():
    loss = regularizer(level=1.0)
    columns, texts = batch()
    assert (loss.term(columns, texts)).item() == pytest.approx(0, abs=1e-20)
    assert (loss.term([3 * column for column in columns], texts)).item() == pytest.approx(np.log(3) ** 2)


def test_spread_is_free_up_to_the_largest_and_penalised_by_its_excess():
    columns, texts = batch()
    spread = logs(columns[1]).std(ddof=1)
    assert regularizer(spread=1.0, largest_spread=spread + 0.01).term(columns, texts) == 0
    found = regularizer(spread=2.0, largest_spread=spread - 0.1).term(columns, texts)
    assert found.item() == pytest.approx(2 * 0.1**2)


def test_the_length_penalty_is_the_squared_correlation_with_the_log_of_the_tokens():
    columns, texts = batch()
    expected = pearsonr(logs(columns[1]), np.log(texts[1].lengths.numpy())).statistic ** 2
    assert (regularizer(length=4.0).term(columns, texts)).item() == pytest.approx(4 * expected)


def test_the_angle_penalty_is_the_squared_correlation_of_norms_and_cosines_over_all_pairs():
    columns, texts = batch()
    q, d = (column.detach().numpy() for column in columns)
    cosines = (q @ d.T) / np.outer(np.linalg.norm(q, axis=1), np.linalg.norm(d, axis=1))
    sums = logs(columns[0])[:, None] + logs(columns[1])[None, :]
    expected = pearsonr(sums.ravel(), cosines.ravel()).statistic ** 2
    assert (regularizer(angle=5.0).term(columns, texts)).item() == pytest.approx(5 * expected)


def test_its_gradients_are_those_of_finite_differences():
    columns, texts = batch()
    loss = regularizer(target=1.0, level=1.0, spread=1.0, length=1.0, angle=1.0, largest_spread=0.1)
    assert torch.autograd.gradcheck(lambda q, d: loss.term([q, d], texts), tuple(columns))


def test_descending_the_length_penalty_takes_the_length_out_of_the_norms():
    columns, texts = batch(n=40)
    lengths = texts[1].lengths.double().add(1).log()
    documents = (columns[1].detach() * lengths[:, None]).requires_grad_()
    before = pearsonr(logs(documents), lengths).statistic
    optimizer, loss = torch.optim.Adam([documents], lr=0.05), regularizer(length=1.0)
    for _ in range(100):
        optimizer.zero_grad()
        loss.term([columns[0], documents], texts).backward()
        optimizer.step()
    assert before > 0.3
    assert abs(pearsonr(logs(documents), lengths).statistic) < 0.05


def test_zero_vectors_are_passed_over():
    columns, texts = batch()
    with torch.no_grad():
        columns[1][0] = 0
    loss = regularizer(target=2.0, level=1.0, spread=1.0, length=1.0, angle=1.0)
    term = loss.term(columns, texts)
    term.backward()
    assert bool(torch.isfinite(term))
    assert not columns[1].grad[0].any()
    zeros = [torch.zeros(2, 3, requires_grad=True) for _ in range(2)]
    assert loss.term(zeros, [Texts(torch.arange(2), torch.ones(2))] * 2) == 0


def test_one_document_has_a_level_and_nothing_to_correlate():
    columns, texts = batch(n=1)
    loss = regularizer(target=1.0, level=1.0, spread=1.0, length=1.0, angle=1.0)
    assert (loss.term(columns, texts)).item() == pytest.approx(logs(columns[1])[0] ** 2)


def test_a_correlation_without_spread_is_0_and_has_a_gradient():
    flat = torch.ones(3, requires_grad=True)
    found = correlation(flat, torch.arange(3.0))
    found.backward()
    assert found == 0
    assert not flat.grad.any()


@pytest.mark.parametrize(
    "options", [{"level": -1.0}, {"target": 0.0}, {"length": float("nan")}, {"largest_spread": -0.1}]
)
def test_what_has_no_meaning_is_refused(options):
    with pytest.raises(TrainingError):
        NormRegularizer(InfoNCELoss(table()), **options)
