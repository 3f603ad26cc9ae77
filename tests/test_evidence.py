"""What the pages quote of the evidence stands in the files that a command regenerates."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
RAG = json.loads((ROOT / "integration" / "results" / "rag-evidence.json").read_text())


STATIC, MINILM, SMALL, TAUGHT = (
    json.loads((ROOT / "integration" / "results" / f"ablation-{name}.json").read_text())
    for name in ("static", "minilm", "minilm-4096-pairs", "distillation")
)


def rows(page: str, header: str) -> list[list[str]]:
    """Cells of the table that begins with a header, row by row."""
    text = (ROOT / "docs" / page).read_text()
    table = text[text.index(header) :].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def numbers(cell: str) -> list[float]:
    return [float(number) for number in re.findall(r"[-+]?\d*\.\d+|[-+]?\d+", cell)]


def mean(value: Any) -> float:
    return float(value["mean"] if isinstance(value, dict) else value)


def test_the_table_of_answers_says_what_the_evidence_does():
    shown = rows("rag-evidence.md", "| set | system |")
    assert [tuple(row[:2]) for row in shown] == [
        (name, system) for name, of in RAG["sets"].items() for system in of["systems"]
    ]
    for name, system, ndcg, em, f1, *differences in shown:
        found = RAG["sets"][name]["systems"][system]
        assert numbers(ndcg) == [round(mean(found["nDCG@10"]), 3)]
        assert numbers(em) == [round(100 * mean(found["squad_em"]), 1)]
        assert numbers(f1) == [round(100 * mean(found["squad_f1"]), 1)]
        compared = {
            row["measure"]: row for row in RAG["sets"][name]["comparisons"] if row["candidate"] == system
        }
        for cell, measure in zip(differences, ("nDCG@10", "squad_f1"), strict=True):
            row = compared.get(measure)
            expected = [] if row is None else [round(row[key], 3) for key in ("difference", "low", "high")]
            assert numbers(cell) == pytest.approx(expected, abs=1e-9)


def test_the_table_of_costs_says_what_the_evidence_does():
    for name, documents, questions, answers, verdicts, minutes in rows(
        "rag-evidence.md", "| set | documents |"
    ):
        found = RAG["sets"][name]
        costs = found["costs"]
        asked = sum(costs[system]["calls"] for system in found["systems"])
        assert numbers(documents) == [found["documents"]]
        assert numbers(questions) == [found["questions"]]
        assert numbers(answers) == [asked]
        assert numbers(verdicts) == [costs["judge"]["calls"]]
        assert numbers(minutes) == [round(found["seconds"] / 60)]


def test_the_papers_table_is_quoted_as_it_is():
    shown = rows("rag-evidence.md", "| trained by |")
    for row, key in zip(shown, ("cosine", "dot", "query_normalized"), strict=True):
        for cell, dataset in zip(row[1:], ("NQ", "HotpotQA", "TriviaQA"), strict=True):
            assert numbers(cell) == RAG["paper"][dataset][key]


def out_of_domain(results: Any, arm: str, scoring: str) -> float:
    """Mean over seeds and out-of-domain sets."""
    sets = [name for name, of in results["sets"].items() if of["domain"] == "out"]
    if arm == "untouched":
        return statistics.mean(
            results["untouched"][name]["cosine" if scoring == "own" else scoring] for name in sets
        )
    return statistics.mean(
        run["own"][name] if scoring == "own" else run["grid"][name][scoring]
        for run in results["arms"][arm]["runs"].values()
        for name in sets
    )


def difference(results: Any, arm: str, kind: str) -> list[float]:
    """Difference and interval of a comparison on the mean of the out-of-domain sets; none for a reference."""
    found = [
        row
        for row in results["comparisons"]
        if (row["arm"], row["kind"], row["scope"]) == (arm, kind, "out_of_domain")
    ]
    return [round(row[key], 3) for row in found for key in ("difference", "low", "high")]


@pytest.mark.parametrize(
    ("results", "header", "scorings", "kinds"),
    [
        (
            STATIC,
            "| arm | own similarity | by cosine | by dot | anti-hubness |",
            ["own", "cosine", "dot", "anti_hubness"],
            ["cosine"],
        ),
        (
            MINILM,
            "| all pairs, one seed |",
            ["own", "cosine", "dot", "anti_hubness"],
            ["cosine", "training"],
        ),
        (
            SMALL,
            "| 4,096 pairs, three seeds |",
            ["own", "cosine", "dot", "anti_hubness"],
            ["cosine", "training"],
        ),
        (
            TAUGHT,
            "| taught by mpnet or not |",
            ["own", "cosine", "dot", "anti_hubness"],
            ["cosine", "training"],
        ),
    ],
    ids=["static", "minilm", "small", "taught"],
)
def test_the_ablation_tables_say_what_the_evidence_does(results, header, scorings, kinds):
    shown = rows("ablation.md", header)
    assert [row[0] for row in shown] == ["untouched", *results["arms"]]
    for arm, *cells in shown:
        means, differences = cells[: len(scorings)], cells[len(scorings) :]
        for cell, scoring in zip(means, scorings, strict=True):
            assert numbers(cell) == [pytest.approx(out_of_domain(results, arm, scoring), abs=0.0005001)]
        for cell, kind in zip(differences, kinds, strict=True):
            assert numbers(cell) == pytest.approx(difference(results, arm, kind), abs=1e-9)
