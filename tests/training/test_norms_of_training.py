"""Norms that a training adds: by hubness, and by a head."""

import json

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from norm_aware.errors import TrainingError
from norm_aware.model_record import FILE
from norm_aware.norm_head import open_model
from norm_aware.numeric.hubness_norm import hubness_norm
from norm_aware.training.evaluation import Embedded, embed_set
from norm_aware.training.given_norm import measure_hubness
from norm_aware.training.train import train
from tests.training.worlds import (
    DOCUMENTS,
    judged,
    options,
    pairs,
    static_base,
    transformer_base,
)

# peft asks transformers by a name that transformers has retired
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def test_an_exponent_of_hubness_is_learned_logged_recorded_and_scored_by(tmp_path):
    trained = train(
        pairs(),
        static_base(tmp_path / "base"),
        out=tmp_path / "out",
        sets=[judged()],
        options=options(anti_hubness=0.3, spans=60, epochs=2),
    )
    gammas = [row["gamma"] for row in trained.history]
    assert len(set(gammas)) > 1
    record = json.loads((tmp_path / "out" / "model" / FILE).read_text())
    assert record["anti_hubness"] == trained.gamma
    assert trained.gamma in gammas
    measured = next(
        row for row in trained.history if row.get("gamma") == trained.gamma and "eval_mean_own" in row
    )
    embedded = embed_set(trained.model, judged())
    hubness = measure_hubness(trained.model, judged(), embedded, spans=60)
    units = embedded.documents / np.linalg.norm(embedded.documents, axis=1, keepdims=True)
    lengths = hubness_norm(hubness, gamma=trained.gamma)[:, None].astype(np.float32)
    expected = Embedded(embedded.queries, units * lengths, embedded.judgements).ndcg("dot").mean()
    assert measured["eval_mean_own"] == pytest.approx(expected)


@pytest.mark.parametrize("make", [static_base, transformer_base])
def test_a_norm_head_learns_norms_alone_where_the_encoder_is_frozen(tmp_path, make):
    base = make(tmp_path)
    before = SentenceTransformer(base).encode(DOCUMENTS, normalize_embeddings=True)
    trained = train(
        pairs(),
        base,
        similarity="query_normalized",
        out=tmp_path / "out",
        options=options(norm_head=True, freeze_encoder=True),
    )
    loaded = open_model(str(tmp_path / "out" / "model"))
    after = loaded.encode(DOCUMENTS)
    lengths = np.linalg.norm(after, axis=1)
    np.testing.assert_allclose(after / lengths[:, None], before, atol=1e-5)
    assert lengths.std() > 0.01
    np.testing.assert_allclose(trained.model.encode(DOCUMENTS), after, atol=1e-6)


def test_a_model_with_a_head_is_trained_further_without_a_second_one(tmp_path):
    base = static_base(tmp_path / "base")
    dot = {"similarity": "query_normalized", "options": options(norm_head=True, epochs=1)}
    train(pairs(), base, out=tmp_path / "a", **dot)
    again = train(pairs(), str(tmp_path / "a" / "model"), out=tmp_path / "b", **dot)
    assert [type(module).__name__ for module in again.model] == ["StaticEmbedding", "NormHead"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"norm_head": True}, "query_normalized"),
        ({"freeze_encoder": True}, "nothing else"),
        ({"freeze_encoder": True, "anti_hubness": 0.3, "lora": 4}, "LoRA"),
    ],
)
def test_parts_that_learn_nothing_are_refused(tmp_path, changed, said):
    with pytest.raises(TrainingError, match=said):
        train(pairs(), static_base(tmp_path / "base"), out=tmp_path / "out", options=options(**changed))
