"""Mined negatives, guides and batches of one source, as a training takes them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from norm_aware.errors import TrainingError
from norm_aware.training.evaluation import embed_set
from norm_aware.training.train import train
from tests.training.worlds import (
    judged,
    options,
    pairs,
    perfect_base,
    static_base,
    transformer_base,
)


@pytest.mark.parametrize("changed", [{"hard_negatives": 2}, {"by_source": True}])
def test_with_mined_negatives_or_by_source_the_pairs_are_learnt_and_the_model_says_how(tmp_path, changed):
    base = static_base(tmp_path / "base")
    before = embed_set(SentenceTransformer(base), judged()).ndcg("cosine").mean()
    trained = train(pairs(), base, out=tmp_path / "out", options=options(**changed))
    plain = train(pairs(), base, out=tmp_path / "plain", options=options())
    assert embed_set(trained.model, judged()).ndcg("cosine").mean() > before + 0.1
    assert np.abs(trained.model.encode(["a"]) - plain.model.encode(["a"])).max() > 1e-3
    said = json.loads((tmp_path / "out" / "model" / "norm_aware.json").read_text())["training"]
    assert {name: said[name] for name in changed} == changed
    assert (said["hard_negatives_drawn"] is None) == ("hard_negatives" not in changed)


def test_a_guide_without_errors_changes_nothing_and_one_that_errs_as_the_base_keeps_its_errors(tmp_path):
    base = static_base(tmp_path / "base")
    guides = (None, perfect_base(tmp_path / "perfect"), "base")
    plain, perfect, erring = (
        train(pairs(), base, out=tmp_path / str(i), options=options(guide=guide))
        for i, guide in enumerate(guides)
    )
    np.testing.assert_allclose(perfect.model.encode(["a"]), plain.model.encode(["a"]), atol=1e-6)
    assert embed_set(erring.model, judged()).ndcg("cosine").mean() < 0.8


def test_a_guide_that_decides_the_whole_target_teaches_what_it_knows_whatever_the_labels_say(tmp_path):
    base, guide = static_base(tmp_path / "base"), perfect_base(tmp_path / "perfect")
    others = [*pairs()[1:], pairs()[0]]
    wrong = [replace(pair, document=other.document) for pair, other in zip(pairs(), others, strict=True)]
    labelled, taught = (
        train(wrong, base, out=tmp_path / str(share), options=options(guide=guide, distillation=share))
        for share in (0.0, 1.0)
    )
    assert embed_set(labelled.model, judged()).ndcg("cosine").mean() < 0.8
    assert embed_set(taught.model, judged()).ndcg("cosine").mean() > 0.9


def test_a_transformer_is_guided_by_an_encoder_of_another_kind(tmp_path):
    guide = static_base(tmp_path / "guide")
    found = [
        train(
            pairs(),
            transformer_base(tmp_path),
            out=tmp_path / name,
            options=options(epochs=1, mini_batch_size=4, guide=guiding, hard_negatives=1, norm_length=0.1),
        ).model.encode(["a"])
        for name, guiding in (("guided", guide), ("plain", None))
    ]
    assert np.abs(found[0] - found[1]).max() > 1e-4


def test_a_guide_there_is_none_of_is_told_before_negatives_are_mined(tmp_path, monkeypatch):
    mined = []
    monkeypatch.setattr("norm_aware.training.train.mine", lambda *_, **__: mined.append(1))
    with pytest.raises(TrainingError, match="nowhere"):
        train(
            pairs(),
            static_base(tmp_path / "base"),
            out=tmp_path / "out",
            options=options(hard_negatives=1, guide=str(tmp_path / "nowhere")),
        )
    assert mined == []
