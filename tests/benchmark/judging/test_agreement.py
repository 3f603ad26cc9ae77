"""Agreement with labels: figures as scikit-learn has them, intervals that hold, constants uninformative."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score

from norm_aware.benchmark.judging.agreement import (
    Verdict,
    balanced_accuracy,
    by_kind,
    cohens_kappa,
    measure_agreement,
    wilson,
)
from norm_aware.errors import BenchmarkError


def verdicts(said, labels=None):
    """Pairs of a yes and a no item, in this order."""
    labels = labels or [number % 2 == 0 for number in range(len(said))]
    return [
        Verdict(label, verdict, f"pair-{n // 2}")
        for n, (label, verdict) in enumerate(zip(labels, said, strict=True))
    ]


mixed = st.lists(st.tuples(st.booleans(), st.sampled_from([True, False, None])), min_size=2).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


@given(mixed)
def test_kappa_and_balanced_accuracy_are_scikit_learns_with_a_failure_as_a_third_verdict(rows):
    labels, said = zip(*rows, strict=True)
    found = [Verdict(label, verdict) for label, verdict in rows]
    numbers = [2 if verdict is None else int(verdict) for verdict in said]
    oracle = cohen_kappa_score([int(label) for label in labels], numbers, labels=[0, 1, 2])
    assert cohens_kappa(found) == pytest.approx(oracle)
    right = [np.mean([v.is_right for v in found if v.label is label]) for label in (True, False)]
    assert balanced_accuracy(found)[0] == pytest.approx(np.mean(right))
    if None not in said:
        assert balanced_accuracy(found)[0] == pytest.approx(balanced_accuracy_score(labels, said))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_the_formulas(counts):
    successes, n = counts
    rate, z = successes / n, 1.959963984540054
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert wilson(successes, n) == pytest.approx((middle - half, middle + half), abs=1e-9)


@pytest.mark.parametrize("constant", [True, False])
def test_a_judge_that_always_says_the_same_is_not_informative(constant):
    found = measure_agreement(verdicts([constant] * 100))
    assert (found.agreement, found.kappa, found.balanced_accuracy) == (0.5, 0, 0.5)
    assert found.yes_rate == float(constant)
    assert found.balanced_low < 0.5 < found.balanced_high
    assert found.pair_accuracy == 0
    assert found.p > 0.5
    assert not found.informative


def test_a_judge_that_is_always_right_is_informative():
    found = measure_agreement(verdicts([True, False] * 20))
    assert (found.agreement, found.kappa, found.balanced_accuracy, found.pair_accuracy) == (1, 1, 1, 1)
    assert found.p == pytest.approx(0.5**40)
    assert found.informative


def test_a_judge_that_is_always_wrong_is_not_informative():
    assert not measure_agreement(verdicts([False, True] * 20)).informative


def test_a_failed_call_counts_as_disagreement_and_is_told():
    found = measure_agreement(verdicts([True, False] * 8 + [None, False] * 2))
    assert (found.n, found.failures, found.agreement) == (20, 2, 0.9)
    assert found.yes_rate == 8 / 18
    assert found.pair_accuracy == 0.8


def test_without_both_labels_there_is_no_telling_from_chance():
    with pytest.raises(BenchmarkError, match="both are needed"):
        measure_agreement([Verdict(True, True), Verdict(True, False)])


@pytest.mark.parametrize("bias", [0.5, 0.8])
@pytest.mark.parametrize("together", [0.0, 0.5])
def test_the_interval_of_balanced_accuracy_covers_chance_nineteen_times_of_twenty(bias, together):
    """A judge that says yes at a rate, at random, or the right thing on both of a pair or on neither."""
    generator = np.random.default_rng(7)
    covered = []
    for _ in range(400):
        said = []
        for _ in range(40):
            if generator.random() < together:
                right = bool(generator.random() < 0.5)
                said += [right, not right]
            else:
                said += [bool(generator.random() < bias), bool(generator.random() < bias)]
        _, low, high = balanced_accuracy(verdicts(said))
        covered.append(low <= 0.5 <= high)
    assert 0.92 < np.mean(covered) < 0.985


def test_pairs_judged_alike_widen_the_interval():
    alike = verdicts([True, False] * 30 + [False, True] * 10)
    apart = verdicts([True, False] * 20 + [True, True] * 10 + [False, False] * 10)
    assert balanced_accuracy(alike)[0] == balanced_accuracy(apart)[0] == 0.75
    assert balanced_accuracy(alike)[1] < balanced_accuracy(apart)[1]


def test_kinds_come_worst_first():
    found = by_kind(
        [
            Verdict(True, True, kind="name"),
            Verdict(False, True, kind="unit"),
            Verdict(True, True, kind="unit"),
        ]
    )
    assert list(found) == ["unit", "name"]
    assert found["unit"]["n"] == 2
    assert found["unit"]["agreement"] == 0.5
