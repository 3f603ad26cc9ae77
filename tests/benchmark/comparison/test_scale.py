from __future__ import annotations

from norm_aware.benchmark.comparison.scale import Scale, default_scale
from norm_aware.benchmark.metrics.metric import METRICS


def test_the_best_and_the_worst_are_the_ends_of_the_scale_by_its_direction():
    assert (Scale(0, 5).best, Scale(0, 5).worst, Scale(0, 5).span) == (5, 0, 5)
    errors = Scale(-1, 1, higher_is_better=False)
    assert (errors.best, errors.worst, errors.span) == (-1, 1, 2)


def test_a_measure_goes_from_0_to_1_and_noise_sensitivity_is_one_of_errors():
    assert default_scale("nDCG@10") == Scale(0, 1)
    assert default_scale("noise_sensitivity(mode=relevant)") == Scale(0, 1, higher_is_better=False)


def test_a_measure_of_the_benchmark_begins_where_it_says_cosines_at_minus_1():
    assert {name: default_scale(name).low for name in METRICS} == {n: m.low for n, m in METRICS.items()}
    assert default_scale("semantic_similarity") == default_scale("answer_relevancy") == Scale(-1, 1)
