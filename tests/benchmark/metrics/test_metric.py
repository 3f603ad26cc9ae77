"""The table of measures: each described once, and the same everywhere."""

import re
from pathlib import Path

import pytest

from norm_aware.benchmark.metrics.measures import DESCRIPTIONS as RETRIEVAL
from norm_aware.benchmark.metrics.metric import DESCRIPTIONS, METRICS

NEEDS = {"judgements", "references", "answers", "embeddings", "judge", "candidates"}
FIELDS = {"question", "answer", "contexts", "references"}


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_asks_a_judge_exactly_where_it_is_judged_and_says_what_the_judge_sees(metric):
    assert metric.kind in ("retrieval", "answer", "judged")
    assert (metric.judge_calls(3) > 0) == (metric.kind == "judged") == ("judge" in metric.needs)
    assert bool(metric.looks_at) == (metric.kind == "judged")
    assert set(metric.looks_at) <= FIELDS
    assert metric.needs <= NEEDS
    assert metric.low in (0, -1)


def test_a_metric_that_sees_gold_answers_needs_them_unless_it_compares_two_answers():
    for metric in METRICS.values():
        if "references" in metric.looks_at and metric.name != "pairwise":
            assert "references" in metric.needs


def test_the_report_begins_with_retrieval_and_ends_with_what_is_judged():
    kinds = [kind for kind, _ in DESCRIPTIONS.values()]
    assert kinds == sorted(kinds, key=("retrieval", "answer", "judged").index)
    assert list(DESCRIPTIONS)[: len(RETRIEVAL)] == list(RETRIEVAL)


def test_each_context_costs_calls_only_where_each_is_judged_by_itself():
    growing = {name for name, m in METRICS.items() if m.judge_calls(4) > m.judge_calls(3)}
    assert growing == {"llm_context_precision", "noise_robustness"}


def calls(metric):
    each = f"{metric.asks_per_context} a context" if metric.asks_per_context else ""
    return " and ".join(part for part in (str(metric.asks) if metric.asks else "", each) if part)


def test_the_page_of_metrics_lists_each_as_it_is():
    page = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \| (.*?) \| (.*?) \| ?(.*?) ?\| ?(by name)? ?\|$", page, re.M)
    expected = [
        (m.name, m.kind, m.says, set(m.needs), calls(m), "" if m.default else "by name")
        for m in METRICS.values()
    ]
    assert [(*row[:3], set(row[3].split(", ")), *row[4:]) for row in rows] == expected
