"""What judging cost: each verdict once."""

from norm_aware.benchmark.metrics.judge_costs import judge_costs

USAGE = {"calls": 2, "prompt_tokens": 900, "completion_tokens": 80, "cost": 0.25}


def row(measure="faithfulness", **changes):
    return {"measure": measure, "seconds": 1.5, "usage": USAGE, **changes}


def test_costs_add_up_by_measure_and_a_shared_verdict_counts_once():
    rows = [row(), row(), row(shared=True), row("pairwise"), {"measure": "nDCG@10", "seconds": 0.0}]
    assert judge_costs(rows) == {
        "faithfulness": {
            "calls": 4,
            "prompt_tokens": 1800,
            "completion_tokens": 160,
            "cost": 0.5,
            "seconds": 3.0,
        },
        "pairwise": {**USAGE, "seconds": 1.5},
    }


def test_a_cost_without_a_price_is_none():
    rows = [row(usage={**USAGE, "cost": None})]
    assert judge_costs(rows)["faithfulness"]["cost"] is None
