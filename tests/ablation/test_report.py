import copy
import sys

import numpy as np
import pytest

from norm_aware.ablation.claims import ONE_TRAINING
from norm_aware.ablation.report import render_page, write_page
from norm_aware.ablation.significance import NOT_COVERED, NULL_HYPOTHESES, compare
from norm_aware.errors import MissingExtraError, SettingsError
from norm_aware.numerals import number, signed
from tests.ablation.worlds import OWN, SETS, ablation
from tests.outline import Outline, assert_still


@pytest.fixture(scope="module", params=["full", "bare"])
def shown(request, results):
    if request.param == "full":
        return results
    arms = copy.deepcopy({arm: results["arms"][arm] for arm in ("cosine", "dot")})
    for about in arms.values():
        for run in about["runs"].values():
            run |= {"trajectory": [], "conditioning": None}
    return {
        **results,
        "arms": arms,
        "comparisons": [],
        "untouched_conditioning": None,
        "hardware": [],
        "sets": {"medquad": SETS["medquad"]},
    }


@pytest.fixture(scope="module")
def page(shown):
    return render_page(shown)


def test_the_same_results_give_the_same_bytes(shown, page):
    assert render_page(shown) == page


def test_the_page_is_well_formed_leads_nowhere_else_and_runs_no_script(page):
    assert_still(page)


def test_every_plot_has_a_name_that_is_read_out(page):
    images = [a for tag, a in Outline(page).elements if tag == "svg" and a.get("role") == "img"]
    assert all(a.get("aria-label") or a.get("aria-labelledby") for a in images)


def test_every_arm_set_and_comparison_is_on_the_page(results):
    page = render_page(results)
    text = Outline(page).text
    assert all(name in text for name in (*OWN, *SETS, *NULL_HYPOTHESES.values(), *NOT_COVERED))
    for row in results["comparisons"]:
        assert signed(row["difference"]).replace("\N{MINUS SIGN}", "-") in text
    assert page.count('class="mark-plot') == len(results["comparisons"])
    of_dot = np.mean([run["own"]["scifact"] for run in results["arms"]["dot"]["runs"].values()])
    assert number(of_dot) in text


def test_the_verdict_says_which_way_each_arm_went(results):
    text = Outline(render_page(results)).text
    assert "The arm dot is worse than the cosine arm" in text
    assert "The arm dot, searched by cosine, is worse than the cosine arm" in text
    assert "The arm query_normalized is better than the untouched base" in text
    assert "No difference was shown between the arm document_normalized and the cosine arm" in text


def test_the_condition_numbers_say_what_they_named_and_on_how_many_sets_that_was_right(results):
    text = Outline(render_page(results)).text
    assert (
        "Both models searched by cosine, the better one was query_normalized on 3 and document_normalized "
        "on 0 of 3 out-of-domain sets."
    ) in text
    assert "the ranking (dot against cosine) decides" in text
    assert text.count("searched by cosine, the better one") == 1  # two measurements, one outcome
    assert "not the Fisher-information condition number" in text


def many_arms(results):
    """As many arms as make verdicts a table, with names as long as they get."""
    options = ("match_scale", "hard_negatives=4", "guide=base", "norm_length=1", "by_source", "bf16")
    arms, rows = dict(results["arms"]), list(results["comparisons"])
    for option in options:
        name = f"query_normalized+match_scale+{option}"
        arms[name] = results["arms"]["query_normalized"]
        rows += [{**row, "arm": name} for row in results["comparisons"] if row["arm"] == "query_normalized"]
    return {**results, "arms": arms, "comparisons": rows}


def test_of_many_arms_the_verdicts_are_a_table_and_long_names_break_before_a_plus(results):
    few, many = render_page(results), render_page(many_arms(results))
    assert 'class="verdict"' not in few
    assert 'class="claim"' in few
    assert many.count('<table class="verdict">') == 3
    assert 'class="claim"' not in many
    assert Outline(many).errors == []
    assert '<th scope="row">query_normalized<wbr>+match_scale<wbr>+guide=base</th>' in many


def test_of_one_seed_the_page_claims_nothing_about_others():
    values, one = ablation(seeds=(0,))
    text = Outline(render_page({**one, "comparisons": compare(values, one)})).text
    assert ONE_TRAINING in text
    assert "standard deviation over seeds" not in text
    assert NULL_HYPOTHESES["p"] not in text
    assert "1 seeds" not in text


def test_the_page_says_what_was_chosen_what_was_taken_and_on_which_machines(results):
    text = Outline(render_page(results)).text
    assert "learning_rate by the kind of encoder" in text
    assert "gamma of anti_hubness" in text
    assert "Hardware (2 of 2)" in text
    assert "a large one" in text
    assert "query_power=0.3 document_power=0.8 0.01" in text


def test_markup_in_a_name_stays_text(results):
    hostile = '</style></title><script>alert("x")</script>\'"&{{ 7 * 7 }}\ud800'
    outline = Outline(render_page({**results, "base": hostile}))
    assert outline.errors == []
    assert len(outline.elements) == len(Outline(render_page(results)).elements)
    assert "{{ 7 * 7 }}" in outline.text


def test_the_page_is_written_where_it_was_asked_for(results, tmp_path):
    target = write_page(results, tmp_path / "ablation.html")
    assert target.read_text(encoding="utf-8") == render_page(results)
    with pytest.raises(SettingsError, match="folder that exists"):
        write_page(results, tmp_path / "nowhere" / "ablation.html")


def test_without_jinja_the_extra_is_named(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[plots\]"):
        render_page(results)
