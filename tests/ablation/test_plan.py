import dataclasses

import pytest

from norm_aware.ablation.plan import Ablation
from norm_aware.calibration.judgements import Judgements
from norm_aware.training.evaluation import JudgedTexts
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair


def judged(**changed):
    judgements = Judgements.of([{0: 1.0}, {1: 2.0}], documents=3)
    plain = JudgedTexts("letters", ("a", "b", "c"), ("d", "e"), judgements)
    return dataclasses.replace(plain, **changed)


def plan(**changed):
    plain = {"base": "wordllama", "pairs": [Pair("q", "d", ("n",), "s")], "sets": [judged()]}
    return Ablation(**{**plain, **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"base": "another"},
        {"held_out": 7},
        {"in_domain": ("letters",)},
        {"options": TrainingOptions(epochs=1)},
        {"pairs": [Pair("q", "d", ("m",), "s")]},
        {"pairs": [Pair("q", "d", (), "s")]},
        {"pairs": [Pair("q", "d", ("n",), "t")]},
        {"sets": [judged(documents=("a", "b", "z"))]},
        {"sets": [judged(documents=("e", "a", "b"), queries=("c", "d"))]},
        {"sets": [judged(judgements=Judgements.of([{0: 1.0}, {2: 2.0}], documents=3))]},
        {"sets": [judged(judgements=Judgements.of([{0: 1.0}, {1: 1.0}], documents=3))]},
    ],
)
def test_whatever_decides_what_is_measured_changes_the_fingerprint(changed):
    assert plan(**changed).fingerprint != plan().fingerprint


@pytest.mark.parametrize(
    "changed",
    [{"arms": ("dot",)}, {"seeds": (5,)}, {"symmetric": ("letters",)}, {"options": TrainingOptions()}],
)
def test_what_may_be_added_or_only_told_leaves_the_fingerprint(changed):
    assert plan(**changed).fingerprint == plan().fingerprint


def test_the_order_in_which_in_domain_sets_are_named_does_not_matter():
    sets = [judged(), judged(name="others")]
    first, second = (plan(sets=sets, in_domain=of) for of in (("letters", "others"), ("others", "letters")))
    assert first.fingerprint == second.fingerprint
