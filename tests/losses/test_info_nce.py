import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sentence_transformers.sentence_transformer import losses as stock
from sentence_transformers.util import dot_score

from norm_aware.errors import TrainingError
from norm_aware.losses.info_nce import LARGEST_SCALE, InfoNCELoss
from norm_aware.losses.texts import Texts
from norm_aware.losses.trainable_similarity import TrainableSimilarity
from tests.losses.models import features, padded_table, table

QUERIES = ["a b", "c", "d e f", "g"]
DOCUMENTS = ["b c", "d d", "e", "h i"]
NEGATIVES = ["j", "k l", "m n", "o"]


def texts(*columns):
    return [Texts(torch.tensor(column), torch.ones(len(column))) for column in columns]


def oracle(queries, documents, *, scale, query_power, document_power, mask=None):
    """In float64, written as the formula stands."""
    q, d = np.asarray(queries, np.float64), np.asarray(documents, np.float64)
    lengths = np.linalg.norm(q, axis=1)[:, None], np.linalg.norm(d, axis=1)[None, :]
    scores = scale * (q @ d.T) / lengths[0] ** (1 - query_power) / lengths[1] ** (1 - document_power)
    if mask is not None:
        scores = np.where(mask, -np.inf, scores)
    return float(np.mean(logsumexp(scores, axis=1) - np.diagonal(scores)))


@pytest.mark.parametrize(
    ("name", "powers"),
    [
        ("cosine", (0, 0)),
        ("dot", (1, 1)),
        ("query_normalized", (0, 1)),
        ("document_normalized", (1, 0)),
        ("document_power=0.5", (0, 0.5)),
        ("learnable", (0.5, 0.5)),
    ],
)
def test_it_is_the_formula_in_float64(name, powers):
    generator = torch.Generator().manual_seed(0)
    columns = [torch.randn(5, 7, generator=generator) * 2 for _ in range(3)]
    known = texts(*np.arange(15).reshape(3, 5))
    found = InfoNCELoss(table(), name, scale=3.0).compute(columns, known).detach()
    documents = torch.cat(columns[1:])
    expected = oracle(columns[0], documents, scale=3.0, query_power=powers[0], document_power=powers[1])
    assert found.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("name", "function"), [("cosine", None), ("dot", dot_score)])
@pytest.mark.parametrize("columns", [(QUERIES, DOCUMENTS), (QUERIES, DOCUMENTS, NEGATIVES)])
def test_without_equal_texts_it_equals_the_stock_loss(name, function, columns):
    model = table()
    options = {} if function is None else {"similarity_fct": function}
    expected = stock.MultipleNegativesRankingLoss(model, scale=2.0, **options)(
        features(model, *columns), None
    )
    found = InfoNCELoss(model, name, scale=2.0)(features(model, *columns))
    torch.testing.assert_close(found, expected)


def test_its_gradients_are_those_of_finite_differences():
    loss = InfoNCELoss(table(), "learnable", scale=2.0, learn_scale=True)
    generator = torch.Generator().manual_seed(1)
    columns = [torch.randn(3, 4, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2)]
    known = texts([0, 1, 2], [3, 4, 5])
    assert torch.autograd.gradcheck(lambda q, d: loss.double().compute([q, d], known), tuple(columns))


@pytest.mark.parametrize("name", ["cosine", "dot", "learnable"])
@pytest.mark.parametrize("size", [1, 3, 4])
def test_a_gradient_cache_changes_neither_the_loss_nor_any_gradient(name, size):
    found = []
    for mini_batch_size in (None, size):
        model = padded_table()
        loss = InfoNCELoss(model, name, scale=2.0, learn_scale=True, mini_batch_size=mini_batch_size)
        value = loss(features(model, QUERIES, DOCUMENTS, NEGATIVES))
        (value * 0.5).backward()  # as gradient accumulation does
        found.append((value.detach(), [parameter.grad for parameter in loss.parameters()]))
    torch.testing.assert_close(found[0], found[1])


def test_a_text_equal_to_the_relevant_document_is_no_negative():
    model = table()
    loss = InfoNCELoss(model, "cosine", scale=5.0)
    twice = loss(features(model, ["a", "c", "e"], ["b", "d", "b"]))
    q, d = (model.encode(x) for x in (["a", "c", "e"], ["b", "d", "b"]))
    mask = np.zeros((3, 3), bool)
    mask[0, 2] = mask[2, 0] = True
    assert twice.item() == pytest.approx(
        oracle(q, d, scale=5.0, query_power=0, document_power=0, mask=mask), rel=1e-5
    )


def test_what_is_relevant_to_an_equal_query_is_no_negative_mined_or_not():
    model = table()
    loss = InfoNCELoss(model, "cosine", scale=5.0)
    columns = (["a", "a", "e"], ["b", "d", "f"], ["d", "g", "h"])  # d is relevant to the second a
    q, d = model.encode(columns[0]), model.encode([*columns[1], *columns[2]])
    mask = np.zeros((3, 6), bool)
    mask[0, [1, 3]] = mask[1, [0, 3]] = True
    expected = oracle(q, d, scale=5.0, query_power=0, document_power=0, mask=mask)
    assert (loss(features(model, *columns))).item() == pytest.approx(expected, rel=1e-5)


def test_a_batch_of_one_pair_has_no_loss_and_no_gradient():
    model = table()
    value = InfoNCELoss(model, "dot")(features(model, ["a"], ["b"]))
    value.backward()
    assert value.item() == 0
    assert not next(model.parameters()).grad.any()


def test_the_querys_norm_acts_as_its_inverse_temperature():
    """Feng & Watanabe, proposition 4.2."""
    loss = InfoNCELoss(table(), "document_normalized", scale=1.0)
    q, d = torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    columns, known = [q, *d.split(1)], texts([0], [1], [2], [3])
    alone = InfoNCELoss(table(), "cosine", scale=5.0)
    torch.testing.assert_close(loss.compute(columns, known), alone.compute(columns, known))


def test_embeddings_in_half_precision_give_the_loss_in_float32():
    columns = [torch.randn(4, 8, generator=torch.Generator().manual_seed(i)).bfloat16() for i in (0, 1)]
    known = texts(range(4), range(4, 8))
    loss = InfoNCELoss(table(), "query_normalized")
    found = loss.compute(columns, known)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, loss.compute([column.float() for column in columns], known))


def test_zero_vectors_leave_the_loss_and_its_gradients_finite():
    model = table(scale=0.0)
    for name in ("cosine", "dot", "learnable"):
        loss = InfoNCELoss(model, name, learn_scale=True)
        value = loss(features(model, QUERIES, DOCUMENTS))
        value.backward()
        assert value.item() == pytest.approx(np.log(4))
        assert all(bool(torch.isfinite(parameter.grad).all()) for parameter in loss.parameters())


def test_a_learned_scale_stays_below_its_largest():
    loss = InfoNCELoss(table(), learn_scale=True)
    assert loss.scale == pytest.approx(20)
    with torch.no_grad():
        loss._log_scale.fill_(50.0)
    assert loss.scale == pytest.approx(LARGEST_SCALE)


def test_a_similarity_may_be_shared_with_whoever_schedules_it():
    similarity = TrainableSimilarity("cosine")
    loss = InfoNCELoss(table(), similarity)
    similarity.set_powers(query=1.0, document=1.0)
    assert loss.get_config_dict()["similarity"] == "dot"


@pytest.mark.parametrize("options", [{"scale": 0}, {"scale": float("inf")}, {"mini_batch_size": 0}])
def test_what_cannot_be_trained_with_is_refused(options):
    with pytest.raises(TrainingError):
        InfoNCELoss(table(), **options)


def test_a_static_encoder_is_refused_a_gradient_cache():
    with pytest.raises(TrainingError, match="static encoder"):
        InfoNCELoss(table(), mini_batch_size=2)


def test_one_column_is_refused():
    model = table()
    with pytest.raises(TrainingError, match="1 columns"):
        InfoNCELoss(model)(features(model, QUERIES))
