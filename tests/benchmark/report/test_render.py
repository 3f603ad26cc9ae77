import base64
import hashlib
import json
import re

import pytest

from norm_aware.benchmark.report.exports import write_export
from norm_aware.benchmark.report.render import render
from norm_aware.benchmark.report.schema import SCHEMA
from norm_aware.benchmark.report.view import EXAMPLES
from norm_aware.errors import BenchmarkError
from tests.benchmark.report.hostile import HOSTILE, poison_texts
from tests.benchmark.report.make_results import (
    BASELINE,
    DOT,
    HALF,
)
from tests.outline import Outline


@pytest.fixture(scope="module")
def page(made):
    return render(made)


def test_the_same_results_give_the_same_bytes(results, page):
    before = json.dumps(results)
    assert render(json.loads(before)) == render(results) == page
    assert json.dumps(results) == before


def test_every_tag_is_closed_in_order_and_every_id_is_unique(page):
    outline = Outline(page)
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert outline.errors == []
    assert outline.stack == []
    assert len(ids) == len(set(ids))


def test_every_reference_within_the_page_leads_somewhere(page):
    elements = Outline(page).elements
    ids = {attributes.get("id") for _, attributes in elements}
    wanted = {attributes["href"] for tag, attributes in elements if tag == "a"}
    labels = {
        name
        for _, a in elements
        for key in ("aria-labelledby", "aria-describedby")
        for name in (a.get(key) or "").split()
    } - {"question-title"}  # made by the script when a question is opened
    assert len(wanted) * len(labels) > 0
    assert {"#" + name for name in labels} | wanted <= {f"#{name}" for name in ids}


def test_the_page_loads_nothing_and_runs_only_its_own_script(page):
    outline = Outline(page)
    elements = outline.elements
    assert not {tag for tag, _ in elements} & {"link", "img", "iframe", "object", "embed", "form"}
    loading = {"src", "srcset", "href", "xlink:href", "action", "data", "poster", "style"}
    values = [v for _, attributes in elements for key, v in attributes.items() if key in loading]
    assert all(value.startswith("#") for value in values)
    assert not [key for _, attributes in elements for key in attributes if key.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page
    (policy,) = [a["content"] for _, a in elements if a.get("http-equiv") == "Content-Security-Policy"]
    allowed = re.findall(r"'sha256-(\S+)'", policy)
    own = ["".join(outline.styles), outline.scripts[0]]
    assert allowed == [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in own]
    assert re.sub(r"'sha256-\S+'", "OWN", policy) == "default-src 'none'; style-src OWN; script-src OWN"


def test_every_table_has_a_caption_and_headers_with_a_scope(page):
    elements = Outline(page).elements
    tables = [tag for tag, _ in elements if tag == "table"]
    assert len(tables) == len([tag for tag, _ in elements if tag == "caption"])
    assert all(attributes.get("scope") for tag, attributes in elements if tag == "th")


def test_every_chart_is_named_or_hidden_from_a_reader_of_texts(page):
    charts = [a for tag, a in Outline(page).elements if tag == "svg"]
    assert charts
    assert all(a.get("aria-label") or a.get("aria-labelledby") or a.get("aria-hidden") for a in charts)


def test_markup_in_any_text_stays_text(results, page):
    clean = Outline(page)
    poison_texts(results)
    outline = Outline(render(results))
    assert outline.errors == []
    assert [tag for tag, _ in outline.elements] == [tag for tag, _ in clean.elements]
    assert 'alert("x")' in outline.text
    assert "{{ 7 * 7 }}" in outline.text


def test_markup_in_the_name_of_a_system_or_measure_stays_text(results, page):
    renamed = json.dumps(results).replace('"dot"', json.dumps(DOT + HOSTILE))
    outline = Outline(render(json.loads(renamed.replace('"R@5"', json.dumps("R@5" + HOSTILE)))))
    assert outline.errors == []
    assert [tag for tag, _ in outline.elements] == [tag for tag, _ in Outline(page).elements]


def comparison(results, candidate, measure="nDCG@10"):
    rows = results["comparisons"]
    return next(row for row in rows if (row["candidate"], row["measure"]) == (candidate, measure))


def test_the_verdict_names_the_measure_the_interval_the_p_and_the_questions(results):
    row = {"difference": -0.165, "low": -0.201, "high": -0.130, "p": 0.0001, "p_adjusted": 0.0008, "n": 200}
    comparison(results, DOT).update(row)
    text = Outline(render(results)).text
    expected = "nDCG@10 -0.165 (95% interval -0.201 to -0.130, Holm-adjusted p 0.0008, 200 questions)"
    assert f"dot is worse than cosine : {expected}." in text


def test_a_difference_that_is_not_significant_is_said_not_to_be_shown(results):
    comparison(results, DOT).update(difference=-0.165, low=-0.201, high=-0.130, p_adjusted=0.06)
    text = Outline(render(results)).text
    assert "No difference was shown between dot and cosine : nDCG@10 -0.165" in text
    assert "dot is worse than cosine : nDCG@10" not in text


def test_the_answers_have_their_own_sentence(results):
    comparison(results, DOT, "squad_f1").update(difference=-0.2, low=-0.3, high=-0.1, p_adjusted=0.001)
    assert "dot is worse than cosine : squad_f1 -0.200 (95% interval" in Outline(render(results)).text


def test_a_comparison_without_a_question_says_so(results):
    empty = dict.fromkeys(("difference", "low", "high", "p", "p_adjusted", "effect_size"))
    for row in results["comparisons"]:
        row |= empty | {"n": 0, "wins": 0, "losses": 0, "ties": 0}
    outline = Outline(render(results))
    assert outline.errors == []
    assert (
        "dot and cosine could not be compared on nDCG@10 : no question has a score from both" in outline.text
    )
    assert "\N{EN DASH}" in outline.text


def test_a_comparison_of_one_question_renders_without_an_effect_size(results):
    comparison(results, DOT).update(n=1, effect_size=None, p=None, p_adjusted=None, low=None, high=None)
    text = Outline(render(results)).text
    assert "(no interval, no p value, 1 question)" in text
    assert "needs more than one question" in text


def test_the_baseline_alone_renders(baseline_alone):
    outline = Outline(render(baseline_alone))
    assert outline.errors == []
    assert "Only cosine was measured, so there is nothing to compare it with." in outline.text
    assert "Norms of the documents" in outline.text


def test_results_with_nothing_but_what_the_schema_requires_render(results):
    results |= {"attribution": {}, "breakdowns": [], "judge": None, "costs": {}, "plan": None, "norms": None}
    results |= {"failures": [], "queries": [], "documents": {}, "configuration": {}, "versions": {}}
    required = json.loads(SCHEMA.read_text())["$defs"]["comparison"]["required"]
    for row in results["comparisons"]:
        for key in set(row) - set(required):
            row.pop(key)
    outline = Outline(render(results))
    assert outline.errors == []
    assert "Nothing was recorded of the judge" in outline.text  # a metric is withheld all the same


def test_unknown_norms_and_unknown_keys_are_taken(results):
    results["surprise"] = {"any": "thing"}
    for document in results["documents"].values():
        document["norm"] = None
    for query in results["queries"]:
        query["kind"] = "how"
        for run in query["systems"].values():
            for document in run["documents"]:
                document["norm"] = None
    assert Outline(render(results)).errors == []


def test_a_part_that_the_schema_leaves_open_and_that_is_not_as_needed_is_refused(results):
    results["attribution"][DOT]["noise"] = {"squad_f1": [1]}
    with pytest.raises(BenchmarkError, match="lack a part that the report shows"):
        render(results)


def test_a_null_value_is_a_dash_that_says_why(page):
    titles = [a["title"] for tag, a in Outline(page).elements if a.get("class") == "absent"]
    assert "no question of dot has this score" in titles
    assert "no question has this score from both systems" in titles
    assert "not set" in titles
    assert "None" not in Outline(page).text


def test_the_largest_wins_and_losses_come_first(results):
    elements = Outline(render(results)).text
    section = elements[elements.index("dot: most gained") : elements.index("Where the differences come from")]
    gained, lost = section.split("dot: most lost")
    changes = {
        query["query_id"]: query["systems"][DOT]["measures"]["nDCG@10"]
        - query["systems"][BASELINE]["measures"]["nDCG@10"]
        for query in results["queries"]
    }
    ordered = sorted(changes.values())
    for part, expected in ((gained, ordered[::-1]), (lost, ordered)):
        pairs = re.findall(r"(\d\.\d{3}) → (\d\.\d{3})", part)
        found = [float(after) - float(before) for before, after in pairs]
        assert found == pytest.approx(expected[:EXAMPLES], abs=0.0011)


def test_the_question_browser_gets_the_questions_the_page_speaks_of(page, made):
    data = json.loads(Outline(page).scripts[-1])
    assert [question[0] for question in data["questions"]] == [q["query_id"] for q in made["queries"]]
    assert data["candidates"] == [HALF, DOT]


def test_a_query_that_a_system_never_answered_is_passed_over(results):
    for query in results["queries"]:
        query["systems"].pop(DOT)
    assert Outline(render(results)).errors == []


def test_half_a_surrogate_pair_does_not_break_the_page(results, tmp_path):
    results["name"] = "broken \ud800 name"
    results["queries"][0]["systems"][DOT]["answer"] = "half \udfff a pair"
    source = tmp_path / "results.json"
    source.write_text(json.dumps(results))
    page = write_export(source).read_text(encoding="utf-8")
    assert "broken ? name" in page
    assert "half ? a pair" in page


def test_the_report_is_written_beside_the_results_or_where_asked(results, page, tmp_path):
    source = tmp_path / "results.json"
    source.write_text(json.dumps(results))
    assert write_export(source) == tmp_path / "report.html"
    assert write_export(source, tmp_path / "other.html").read_bytes() == page.encode()
    assert (tmp_path / "report.html").read_bytes() == page.encode()
    with pytest.raises(BenchmarkError, match=r"cannot be written .*folder that exists"):
        write_export(source, tmp_path / "nowhere" / "report.html")


def test_results_that_break_their_schema_are_not_rendered(results):
    results["comparisons"][3]["low"] = "0.1"
    with pytest.raises(BenchmarkError, match=r"at comparisons\[3\]\.low"):
        render(results)
