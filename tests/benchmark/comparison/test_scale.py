from __future__ import annotations

from norm_aware.benchmark.comparison.scale import Scale, default_scale


def test_the_best_and_the_worst_are_the_ends_of_the_scale_by_its_direction():
    assert (Scale(0, 5).best, Scale(0, 5).worst, Scale(0, 5).span) == (5, 0, 5)
    errors = Scale(-1, 1, higher_is_better=False)
    assert (errors.best, errors.worst, errors.span) == (-1, 1, 2)


def test_a_measure_goes_from_0_to_1_and_one_that_is_a_cosine_from_minus_1():
    for measure in ("nDCG@10", "noise_robustness", "one of your own"):
        assert default_scale(measure) == Scale(0, 1)
    for measure in ("semantic_similarity", "answer_relevancy"):
        assert default_scale(measure) == Scale(-1, 1)
