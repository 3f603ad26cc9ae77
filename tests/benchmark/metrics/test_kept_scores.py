from dataclasses import replace

import pytest

from norm_aware.benchmark.metrics.kept_scores import KeptScores
from norm_aware.benchmark.metrics.score import Sample, Score
from norm_aware.benchmark.rows import Rows

SAMPLE = Sample("Where?", "Paris", ("It is in Paris.",), ("d1",), ("Paris",), ("d1",))


class Counting:
    """Says how often it was asked."""

    def __init__(self, names=("length",), value=0.5):
        self.names, self.value, self.asked = names, value, 0

    def score(self, sample):
        self.asked += 1
        return [
            Score(name, self.value, None if self.value is not None else "it broke", 0.25)
            for name in self.names
        ]


def test_what_was_measured_is_read_and_not_measured_again(tmp_path):
    first, second = Counting(), Counting(value=0.9)
    given = KeptScores(first, Rows(tmp_path / "free.jsonl")).score(SAMPLE)
    again = KeptScores(second, Rows(tmp_path / "free.jsonl"))
    assert again.score(SAMPLE) == again.score(SAMPLE) == given == [Score("length", 0.5, None, 0.25)]
    assert (first.asked, second.asked) == (1, 0)


@pytest.mark.parametrize(
    "changes", [{"answer": "Rome"}, {"references": ("Rome",)}, {"context_ids": ("d2",)}, {"relevant_ids": ()}]
)
def test_another_sample_is_measured(tmp_path, changes):
    metrics = Counting()
    kept = KeptScores(metrics, Rows(tmp_path / "free.jsonl"))
    kept.score(SAMPLE)
    kept.score(replace(SAMPLE, **changes))
    assert metrics.asked == 2


def test_other_metrics_measure_for_themselves(tmp_path):
    KeptScores(Counting(), Rows(tmp_path / "free.jsonl")).score(SAMPLE)
    other = Counting(names=("length", "words"))
    assert len(KeptScores(other, Rows(tmp_path / "free.jsonl")).score(SAMPLE)) == 2
    assert other.asked == 1


def test_a_score_that_failed_is_not_kept(tmp_path):
    broken, mended = Counting(value=None), Counting()
    assert KeptScores(broken, Rows(tmp_path / "free.jsonl")).score(SAMPLE)[0].reason == "it broke"
    assert KeptScores(mended, Rows(tmp_path / "free.jsonl")).score(SAMPLE)[0].value == 0.5
