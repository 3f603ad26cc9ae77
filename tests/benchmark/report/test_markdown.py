import re

from norm_aware.benchmark.report.markdown import as_markdown
from tests.benchmark.report.hostile import HOSTILE, poison_texts
from tests.benchmark.report.make_results import DOT, UNINFORMATIVE


def tables(text):
    return [block.splitlines() for block in re.split(r"\n\n+", text) if block.startswith("|")]


def test_every_row_of_a_table_has_the_cells_of_its_heading(made):
    found = tables(as_markdown(made))
    assert len(found) == 6  # means, for each of two candidates differences and their strength, costs
    for table in found:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table}
        assert len(widths) == 1


def test_the_verdict_and_every_comparison_are_there(made):
    text = as_markdown(made).replace("\N{MINUS SIGN}", "-")
    row = next(r for r in made["comparisons"] if (r["candidate"], r["measure"]) == (DOT, "RR@10"))
    assert f"{row['difference']:+.3f} | {row['low']:+.3f} to {row['high']:+.3f}" in text
    assert "- **dot is worse than cosine**: nDCG@10" in text
    assert "14 failures" in text or f"{len(made['failures'])} failures" in text


def test_the_figures_of_a_guessing_judge_are_withheld(results):
    results["systems"][DOT]["faithfulness"] = 0.98765
    for row in results["comparisons"]:
        if row["measure"] == "faithfulness":
            row |= {"difference": 0.87654, "low": 0.8765, "high": 0.8766}
    text = as_markdown(results)
    assert "0.988" not in text
    assert "0.877" not in text
    assert UNINFORMATIVE in text


def test_no_text_becomes_markup_or_leaves_its_line(results):
    poison_texts(results)
    results["failures"][0]["reason"] = "a | b\n\n# heading `code`" + HOSTILE
    text = as_markdown(results)
    assert not re.search(r"(?<!\\)<", text)
    assert "\n# heading" not in text
    for table in tables(text):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_the_baseline_alone_is_put_into_words(baseline_alone):
    assert "Only cosine was measured" in as_markdown(baseline_alone)


def test_results_without_judge_costs_or_failures_do_not_speak_of_them(results):
    results |= {"judge": None, "costs": {}, "failures": []}
    results["measures"]["faithfulness"]["informative"] = True
    text = as_markdown(results)
    assert not re.search("Judge:|Cost and time|failures|withheld", text)


def test_the_strength_of_every_comparison_is_there(results):
    row = next(r for r in results["comparisons"] if (r["candidate"], r["measure"]) == (DOT, "RR@10"))
    row |= {"effect_size": -0.412, "superiority": 0.41, "superiority_low": 0.346, "superiority_high": 0.457}
    row |= {"minimum_detectable": 0.0432, "needed": 1234, "p": 0.0111, "p_adjusted": 0.0777}
    row |= {"interval": "t", "interval_reason": "3 of 60 questions differ"}
    row["worst_case"] = {"difference": -0.3, "low": -0.4, "high": -0.2, "p": 0.0234}
    row["equivalence"] = {"margin": 0.01, "p": 0.9, "p_equivalent": 0.9, "low": -0.3, "high": 0.1}
    row["equivalence"]["outcome"] = "not shown"
    text = as_markdown(results).replace("\N{MINUS SIGN}", "-")
    assert (
        "| RR@10 | -0.412 | 0.410 (0.346 to 0.457) | 0.043 | 1,234 | -0.300 (-0.400 to -0.200, p 0.023) | "
        "not shown (p of no worse 0.900) | t: 3 of 60 questions differ |"
    ) in text
    assert "| 0.011 | 0.078 |" in text
    assert "| factual_correctness | – | – (–) | – |" in text


def test_a_figure_that_no_comparison_has_gets_no_column(results):
    for row in results["comparisons"]:
        row |= {"superiority": None, "worst_case": None, "equivalence": None}
    text = as_markdown(results)
    assert "Effect size" in text
    assert not re.search("Superiority|Worst case|Equivalence", text)
