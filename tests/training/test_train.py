import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from norm_aware.errors import TrainingError
from norm_aware.losses.trainable_similarity import TrainableSimilarity
from norm_aware.model_record import read_similarity
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity
from norm_aware.training.curriculum import Curriculum
from norm_aware.training.evaluation import embed_set
from norm_aware.training.pairs import Pair
from norm_aware.training.train import matched_scale, train
from tests.losses.models import WORDS, table
from tests.training.worlds import (
    judged,
    open_transformer,
    options,
    pairs,
    static_base,
    transformer_base,
)

# peft asks transformers by a name that transformers has retired
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


@pytest.mark.parametrize(
    ("similarity", "expected"),
    [("cosine", COSINE), ("dot", DOT), ("query_normalized", PowerSimilarity(document_power=1.0))],
)
def test_a_table_learns_its_pairs_under_the_similarity_it_is_trained_by(tmp_path, similarity, expected):
    base = static_base(tmp_path / "base")
    before = embed_set(SentenceTransformer(base), judged()).ndcg(expected).mean()
    trained = train(
        pairs(), base, similarity=similarity, out=tmp_path / "out", sets=[judged()], options=options()
    )
    saved = SentenceTransformer(str(tmp_path / "out" / "model"))
    after = embed_set(saved, judged()).ndcg(expected).mean()
    assert before < 0.8 < 0.95 < after
    assert trained.similarity == read_similarity(tmp_path / "out" / "model") == expected
    assert saved.similarity_fn_name == ("cosine" if similarity == "cosine" else "dot")


def test_the_history_holds_powers_scale_loss_and_every_similaritys_ndcg(tmp_path):
    train(
        pairs(),
        static_base(tmp_path / "base"),
        similarity="learnable",
        out=tmp_path / "out",
        sets=[judged()],
        options=options(learn_scale=True),
    )
    rows = [json.loads(line) for line in (tmp_path / "out" / "history.jsonl").read_text().splitlines()]
    known = {key for row in rows for key in row}
    assert {"step", "loss", "query_power", "document_power", "scale"} <= known
    assert {"eval_words_cosine", "eval_words_dot", "eval_mean_own"} <= known
    powers = [row["document_power"] for row in rows]
    assert len(set(powers)) > 1
    assert all(0 < power < 1 for power in powers)


def test_losses_and_training_need_no_llama_index():
    script = (
        "import sys, norm_aware.losses, norm_aware.training.train;"
        "print([name for name in sys.modules if name.startswith('llama_index')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_curriculum_ends_at_its_end_and_passes_in_between(tmp_path):
    curriculum = Curriculum("cosine", "dot", begin=0.0, finish=1.0)
    trained = train(
        pairs(), static_base(tmp_path / "base"), out=tmp_path / "out", options=options(curriculum=curriculum)
    )
    assert trained.similarity == DOT
    assert any(0 < row["document_power"] < 1 for row in trained.history)


@pytest.mark.parametrize("lora", [None, 4])
def test_a_transformer_is_trained_whole_or_by_adapters_and_saved_as_an_ordinary_model(tmp_path, lora):
    base = transformer_base(tmp_path)
    trained = train(
        pairs(),
        base,
        similarity="dot",
        out=tmp_path / "out",
        options=options(epochs=4, lora=lora, mini_batch_size=4, norm_length=0.1, negative_variance=0.1),
    )
    saved = SentenceTransformer(str(tmp_path / "out" / "model"))
    words = ["a", "b c"]
    np.testing.assert_allclose(saved.encode(words), trained.model.encode(words), atol=1e-5)
    assert np.abs(saved.encode(words) - SentenceTransformer(base).encode(words)).max() > 1e-3
    assert not list((tmp_path / "out" / "model").rglob("adapter*"))


def test_training_stops_when_the_sets_gain_no_more(tmp_path):
    trained = train(
        pairs(),
        static_base(tmp_path / "base"),
        out=tmp_path / "out",
        sets=[judged()],
        options=options(epochs=100, evaluations=40, patience=2),
    )
    assert trained.history[-1]["step"] < 100 * 4


@pytest.mark.parametrize("changed", [{}, {"by_source": True}, {"hard_negatives": 2}])
@pytest.mark.parametrize("opened", [lambda: table(dimension=8), open_transformer])
def test_a_base_with_prompts_is_trained_as_one_without_on_texts_that_begin_with_them(
    tmp_path, opened, changed
):
    first, second = WORDS[1], WORDS[16]
    prompted, plain = opened(), opened()
    prompted.prompts = {"query": f"{first} ", "document": f"{second} "}
    prompted.save_pretrained(str(tmp_path / "prompted"))
    plain.save_pretrained(str(tmp_path / "plain"))
    written = [Pair(f"{first} {p.query}", f"{second} {p.document}", (), p.source) for p in pairs()]
    chosen = options(epochs=2, **changed)
    found = train(pairs(), str(tmp_path / "prompted"), out=tmp_path / "out", options=chosen).model
    expected = train(written, str(tmp_path / "plain"), out=tmp_path / "other", options=chosen).model
    unprompted = train(pairs(), str(tmp_path / "plain"), out=tmp_path / "last", options=chosen).model
    (ours, theirs, others) = (
        np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])
        for model in (found, expected, unprompted)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert not np.allclose(ours, others, atol=1e-3)


def test_what_is_said_of_a_training_holds_the_rate_that_was_used(tmp_path):
    base = static_base(tmp_path / "base")
    by_kind = train(pairs(), base, out=tmp_path / "a", options=options(epochs=1, learning_rate=None))
    given = train(pairs(), base, out=tmp_path / "b", options=options(epochs=1, learning_rate=0.3))
    assert (by_kind.learning_rate, given.learning_rate) == (0.01, 0.3)


def test_one_pair_and_an_unknown_base_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="1 pairs"):
        train(pairs()[:1], "wordllama", out=tmp_path)
    with pytest.raises(TrainingError, match="cannot be loaded"):
        train(pairs(), str(tmp_path / "nowhere"), out=tmp_path)


@pytest.mark.parametrize("similarity", ["cosine", "dot", "query_normalized", "learnable"])
def test_a_matched_scale_makes_scores_as_large_as_cosines_whatever_norms_count(tmp_path, similarity):
    model = SentenceTransformer(static_base(tmp_path / "base"))
    found = matched_scale(model, pairs(), similarity, 20.0)
    powers = TrainableSimilarity(similarity).similarity
    norms = [
        np.linalg.norm(model.encode([getattr(p, side) for p in pairs()]), axis=1)
        for side in ("query", "document")
    ]
    factors = norms[0] ** powers.query_power * norms[1] ** powers.document_power
    assert found * factors.mean() == pytest.approx(20.0, rel=1e-5)
    trained = train(
        pairs(),
        static_base(tmp_path / "base"),
        similarity=similarity,
        out=tmp_path / "out",
        options=options(epochs=1, match_scale=True, scale=20.0),
    )
    assert trained.history[0]["scale"] == pytest.approx(found)


@pytest.mark.parametrize("changed", [{}, {"by_source": True, "hard_negatives": 1}])
def test_no_card_quotes_a_text_of_the_pairs(tmp_path, changed):
    secret = [replace(pair, query=f"{pair.query} hush", document=f"{pair.document} hush") for pair in pairs()]
    train(
        secret,
        static_base(tmp_path / "base"),
        out=tmp_path / "out",
        options=options(epochs=1, evaluations=1, **changed),
    )
    cards = list((tmp_path / "out").rglob("README.md"))
    assert len(cards) == 2
    assert not any("hush" in card.read_text() for card in cards)


def test_training_prints_nothing(tmp_path, capfd):
    train(pairs(), static_base(tmp_path / "base"), out=tmp_path / "out", options=options(epochs=1))
    assert capfd.readouterr().out == ""


def test_adapters_start_by_the_seed_whatever_was_drawn_before(tmp_path):
    base, found = transformer_base(tmp_path), []
    for before, seed in ((1, 0), (2, 0), (1, 3)):
        torch.manual_seed(before)
        trained = train(
            pairs(),
            base,
            similarity="dot",
            out=tmp_path / f"{before}-{seed}",
            options=options(epochs=4, lora=4, seed=seed, batch_size=32),
        )
        found.append(trained.model.encode(["a", "b c"]))
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    assert np.abs(found[0] - found[2]).max() > 1e-5
