from __future__ import annotations

from norm_aware.benchmark.attribution.noise import RepeatScore
from norm_aware.benchmark.attribution.repeats import squad_repeats


def test_every_further_answer_is_scored_against_the_gold_answers():
    run = {
        ("a", "q1"): {"answer": "Rome", "repeats": ["Rome", "in Rome"]},
        ("b", "q1"): {"answer": None},
        ("b", "q2"): {"answer": "yes", "repeats": ["no"]},
    }
    assert squad_repeats(run, {"q1": ["Rome"], "q2": []}) == [
        RepeatScore("a", "q1", "squad_em", 1, 1.0),
        RepeatScore("a", "q1", "squad_f1", 1, 1.0),
        RepeatScore("a", "q1", "squad_em", 2, 0.0),
        RepeatScore("a", "q1", "squad_f1", 2, 2 / 3),
    ]
