from dataclasses import replace

import pytest

from norm_aware.errors import TrainingError
from norm_aware.training.identity import FILE, identify, last_checkpoint, write_identity
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair
from norm_aware.training.train import train
from tests.training.worlds import judged, pairs, static_base

PLAIN = {"similarity": "dot", "sets": [judged()], "options": TrainingOptions(epochs=2)}


def identity(*, learnt=None, base="wordllama", **changed):
    return identify(pairs() if learnt is None else learnt, base, **{**PLAIN, **changed})


def begun(folder, found):
    write_identity(folder, found)
    (folder / "checkpoint-7").mkdir()
    return folder


def test_the_same_training_goes_on_at_its_last_checkpoint(tmp_path):
    out = begun(tmp_path / "out", identity())
    assert last_checkpoint(out, identity()) == str(out / "checkpoint-7")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"similarity": "cosine"}, "similarity: dot there, cosine now"),
        ({"base": "other"}, "base: wordllama there, other now"),
        ({"options": TrainingOptions()}, "option epochs: 2 there, the default now"),
        ({"options": TrainingOptions(epochs=2, seed=1)}, "option seed: the default there, 1 now"),
        ({"sets": []}, "sets: 1 of digest"),
        ({"learnt": [*pairs()[:-1], Pair("a", "b")]}, "pairs: 32 of digest"),
        ({"learnt": [replace(pairs()[0], negatives=("x",)), *pairs()[1:]]}, "pairs: 32 of digest"),
    ],
)
def test_another_training_is_refused_by_what_differs(tmp_path, changed, said):
    out = begun(tmp_path / "out", identity())
    with pytest.raises(TrainingError, match=said):
        last_checkpoint(out, identity(**changed))


def test_where_and_in_how_much_memory_a_training_goes_on_is_free(tmp_path):
    out = begun(tmp_path / "out", identity())
    again = identity(options=TrainingOptions(epochs=2, device="cpu", mini_batch_size=4))
    assert last_checkpoint(out, again) is not None


@pytest.mark.parametrize("content", [None, "{", "[]", "3"])
def test_checkpoints_of_nobody_knows_which_training_are_refused(tmp_path, content):
    (tmp_path / "checkpoint-1").mkdir()
    if content is not None:
        (tmp_path / FILE).write_text(content)
    with pytest.raises(TrainingError, match=FILE):
        last_checkpoint(tmp_path, identity())


def test_a_folder_without_checkpoints_is_open_to_any_training(tmp_path):
    write_identity(tmp_path, identity(similarity="cosine"))
    assert last_checkpoint(tmp_path, identity()) is None
    assert last_checkpoint(tmp_path / "absent", identity()) is None


def test_a_finished_training_is_not_given_out_as_another(tmp_path):
    base, options = static_base(tmp_path / "base"), {"epochs": 1, "batch_size": 8, "device": "cpu"}
    train(pairs(), base, out=tmp_path / "out", options=TrainingOptions(**options))
    record = (tmp_path / "out" / "model" / "norm_aware.json").read_bytes()
    with pytest.raises(TrainingError, match="similarity: cosine there, dot now"):
        train(pairs(), base, similarity="dot", out=tmp_path / "out", options=TrainingOptions(**options))
    assert (tmp_path / "out" / "model" / "norm_aware.json").read_bytes() == record
