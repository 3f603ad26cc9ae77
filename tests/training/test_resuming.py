"""A training that was stopped goes on as if it had not been."""

import numpy as np
import pytest

from norm_aware import RawEmbedding
from norm_aware.training.train import train
from tests.training.worlds import (
    lose_last_checkpoint,
    options,
    pairs,
    static_base,
)


@pytest.mark.parametrize("changed", [{}, {"hard_negatives": 1, "guide": "base", "by_source": True}])
def test_a_training_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been(tmp_path, changed):
    base = static_base(tmp_path / "base")
    whole = options(epochs=4, learn_scale=True, evaluations=4, **changed)
    straight = train(pairs(), base, similarity="learnable", out=tmp_path / "a", options=whole)
    train(pairs(), base, similarity="learnable", out=tmp_path / "b", options=whole)
    lose_last_checkpoint(tmp_path / "b")
    again = train(pairs(), base, similarity="learnable", out=tmp_path / "b", options=whole)
    assert again.similarity.document_power == pytest.approx(straight.similarity.document_power, abs=1e-6)
    np.testing.assert_allclose(again.model.encode(["a"]), straight.model.encode(["a"]), atol=1e-5)


def test_every_checkpoint_is_a_model_that_says_what_it_was_trained_by_so_far(tmp_path):
    trained = train(
        pairs(),
        static_base(tmp_path / "base"),
        similarity="learnable",
        out=tmp_path / "out",
        options=options(epochs=4, evaluations=2),
    )
    found = [RawEmbedding(str(path)) for path in sorted((tmp_path / "out").glob("checkpoint-*"))]
    names = {embedding.trained_similarity for embedding in found}
    assert len(names) == 2
    assert trained.similarity.name in names
    assert RawEmbedding(str(tmp_path / "out" / "model")).trained_similarity == trained.similarity.name


def test_a_training_with_a_bank_that_was_stopped_goes_on_with_the_bank_it_had(tmp_path):
    base = static_base(tmp_path / "base")
    whole = options(epochs=4, anti_hubness=0.2, evaluations=4)
    straight = train(pairs(), base, out=tmp_path / "a", options=whole)
    train(pairs(), base, out=tmp_path / "b", options=whole)
    lose_last_checkpoint(tmp_path / "b")
    again = train(pairs(), base, out=tmp_path / "b", options=whole)
    assert again.gamma == pytest.approx(straight.gamma, abs=1e-6)
    np.testing.assert_allclose(again.model.encode(["a"]), straight.model.encode(["a"]), atol=1e-5)
