import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from norm_aware.calibration.judgements import Judgements
from norm_aware.numeric.similarity import PowerSimilarity
from norm_aware.training.evaluation import Embedded, SimilarityEvaluator
from tests.losses.models import table
from tests.training.worlds import judged


@pytest.mark.parametrize("similarity", ["cosine", "dot", "document_power=0.5"])
def test_ndcg_under_a_similarity_is_scikit_learns(similarity):
    generator = np.random.default_rng(0)
    queries, documents = generator.normal(size=(5, 4)), generator.normal(size=(12, 4))
    grades = [{int(i): float(g) for i, g in enumerate(row) if g} for row in generator.integers(0, 3, (5, 12))]
    embedded = Embedded(
        queries.astype(np.float32), documents.astype(np.float32), Judgements.of(grades, documents=12)
    )
    power = {"cosine": 0, "dot": 1, "document_power=0.5": 0.5}[similarity]
    lengths = np.linalg.norm(documents, axis=1)
    scores = queries @ documents.T / lengths ** (1 - power)
    relevance = np.array([[row.get(i, 0.0) for i in range(12)] for row in grades])
    expected = [ndcg_score([r], [s], k=10) for r, s in zip(relevance, scores, strict=True)]
    np.testing.assert_allclose(embedded.ndcg(similarity), expected, rtol=1e-6)


def test_the_evaluator_measures_each_set_under_each_similarity_and_the_own_one_is_primary():
    evaluator = SimilarityEvaluator([judged()], lambda: PowerSimilarity(document_power=1.0))
    values = evaluator(table())
    assert set(values) == {
        f"{part}_{name}" for part in ("words", "mean") for name in ("cosine", "dot", "own")
    }
    assert values[evaluator.primary_metric] == values["words_own"] == values["words_dot"]
    assert values["words_dot"] != values["words_cosine"]
