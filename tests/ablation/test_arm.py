import dataclasses

import pytest

from norm_aware.ablation.arm import PAPER, Arm
from norm_aware.errors import TrainingError
from norm_aware.training.curriculum import Curriculum
from norm_aware.training.options import TrainingOptions


@pytest.mark.parametrize("name", PAPER)
def test_an_arm_of_the_paper_differs_from_what_all_share_by_its_similarity_alone(name):
    arm, shared = Arm.parse(name), TrainingOptions(epochs=2, seed=5)
    assert arm.similarity == arm.name == name
    assert arm.options(shared, seed=7) == dataclasses.replace(shared, seed=7)


@pytest.mark.parametrize(
    ("written", "changes"),
    [
        ("dot+epochs=2", {"epochs": 2.0}),
        ("dot + learn_scale", {"learn_scale": True}),
        ("dot+learn_scale=false", {"learn_scale": False}),
        ("cosine+lora=8+norm_length=0.5", {"lora": 8, "norm_length": 0.5}),
        ("query_normalized+curriculum=cosine", {"curriculum": Curriculum("cosine", "query_normalized")}),
    ],
)
def test_an_arm_is_read_with_the_kinds_that_options_have(written, changes):
    arm = Arm.parse(written)
    assert arm.changes == changes
    assert arm.options(TrainingOptions(), seed=0) == dataclasses.replace(TrainingOptions(), **changes)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("euclidean", "power family"),
        ("dot+speed=3", "'speed'; there are anti_hubness"),
        ("dot+seed=3", "'seed'"),
        ("dot+epochs=many", "'many'; a value of kind float"),
        ("dot+learn_scale=perhaps", "kind bool"),
        ("dot+", "option ''"),
    ],
)
def test_an_arm_that_cannot_be_trained_is_refused_by_what_is_wrong_with_it(written, words):
    with pytest.raises(TrainingError, match=words):
        Arm.parse(written)
