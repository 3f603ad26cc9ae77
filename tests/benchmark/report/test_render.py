import json
import re
from html.parser import HTMLParser

import pytest

from norm_aware.benchmark.report.render import EXAMPLES, render, write_report
from norm_aware.errors import BenchmarkError

BASELINE, DOT = "cosine", "dot"
VOID = {"meta", "br"}


class Outline(HTMLParser):
    """The page's elements, its text, and every tag that does not match."""

    def __init__(self, page) -> None:
        super().__init__()
        self.stack, self.errors, self.elements, self.words = [], [], [], []
        self.feed(page)
        self.close()
        self.text = re.sub(r"\s+", " ", " ".join(self.words)).replace("\N{MINUS SIGN}", "-")

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.errors.append((tag, self.getpos()))

    def handle_data(self, data):
        if "style" not in self.stack:
            self.words.append(data)


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
    labels = {name for _, a in elements for name in (a.get("aria-labelledby") or "").split()}
    assert len(wanted) * len(labels) > 0
    assert {"#" + name for name in labels} | wanted <= {f"#{name}" for name in ids}


def test_the_page_runs_no_script_and_loads_nothing(page):
    elements = Outline(page).elements
    assert not {tag for tag, _ in elements} & {"script", "link", "img", "iframe", "object", "embed", "form"}
    loading = {"src", "srcset", "href", "xlink:href", "action", "data", "poster", "style"}
    values = [v for _, attributes in elements for key, v in attributes.items() if key in loading]
    assert all(value.startswith("#") for value in values)
    assert not [key for _, attributes in elements for key in attributes if key.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


HOSTILE = '</style></title></svg><script>alert("x")</script><img src=x onerror=alert(1)>\'"&{{ 7 * 7 }}'


def poison(value):
    """The same value with markup behind every text a document, a model or a user may have written."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, list):
        return [poison(item) for item in value]
    return {key: poison(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_markup_in_any_text_stays_text(results, page):
    clean = Outline(page)
    for key in ("name", "created", "dataset", "configuration", "versions"):
        results[key] = poison(results[key])
    results["configuration"][HOSTILE] = "x"
    for document in results["documents"].values():
        document |= {"title": document["title"] + HOSTILE, "text": document["text"] + HOSTILE}
    for query in results["queries"]:
        query |= {"text": query["text"] + HOSTILE, "answers": poison(query["answers"])}
        for run in query["systems"].values():
            run["answer"] = poison(run["answer"])
    for failure in results["failures"]:
        failure["reason"] += HOSTILE
    for measure in results["measures"].values():
        measure["description"] += HOSTILE
    outline = Outline(render(results))
    assert outline.errors == []
    assert len(outline.elements) == len(clean.elements) + 3  # one more row in the configuration
    assert 'alert("x")' in outline.text
    assert "{{ 7 * 7 }}" in outline.text


def test_markup_in_the_name_of_a_system_or_measure_stays_text(results, page):
    renamed = json.dumps(results).replace('"dot"', json.dumps(DOT + HOSTILE))
    outline = Outline(render(json.loads(renamed.replace('"R@5"', json.dumps("R@5" + HOSTILE)))))
    assert outline.errors == []
    assert len(outline.elements) == len(Outline(page).elements)


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


def test_every_failure_is_listed_and_announced_beside_the_verdict(results):
    results["failures"] = [
        {"system": DOT, "query_id": f"q{i + 1}", "measure": "answer", "reason": f"refused, try {i}"}
        for i in range(45)
    ]
    text = Outline(render(results)).text
    assert "45 failures left scores missing : 45 in dot." in text
    assert all(f"refused, try {i} " in text + " " for i in range(45))


def test_a_run_without_failures_does_not_speak_of_them(results):
    results["failures"] = []
    assert "ailure" not in Outline(render(results)).text


def test_a_null_value_is_a_dash_that_says_why(page):
    titles = [a["title"] for tag, a in Outline(page).elements if a.get("class") == "absent"]
    assert "no question of dot has this score" in titles
    assert "no question has this score from both systems" in titles
    assert "not set" in titles
    assert "None" not in Outline(page).text


def test_the_largest_wins_and_losses_come_first(results):
    text = Outline(render(results)).text
    section = text[text.index("Questions won and lost") : text.index("Norms of the documents")]
    gained, lost = section[section.rindex("Gained") :].split(" Lost ")
    changes = {
        query["query_id"]: query["systems"][DOT]["measures"]["nDCG@10"]
        - query["systems"][BASELINE]["measures"]["nDCG@10"]
        for query in results["queries"]
    }
    for part, signs, ordered in (
        (gained, r"\+", sorted(changes.values(), reverse=True)),
        (lost, "-", sorted(changes.values())),
    ):
        found = re.findall(rf"\? ({signs}\d\.\d{{3}}) ", part)
        assert found == [f"{value:+.3f}" for value in ordered[:EXAMPLES]]


def test_a_document_shows_its_score_its_norm_and_whether_it_is_relevant(results):
    query = results["queries"][0]
    query["systems"][BASELINE]["measures"]["nDCG@10"], query["systems"][DOT]["measures"]["nDCG@10"] = 0.0, 1.0
    found = query["systems"][DOT]["documents"][0]
    found |= {"id": query["relevant"][0], "score": 17.25, "norm": 4.321}
    results["documents"][found["id"]]["title"] = "The one document"
    text = Outline(render(results)).text
    assert "1. The one document ✓ relevant score 17.2 · norm 4.321" in text


def test_a_query_that_a_system_never_answered_is_passed_over(results):
    for query in results["queries"]:
        query["systems"].pop(DOT)
    assert Outline(render(results)).errors == []


@pytest.mark.parametrize(
    ("d", "words"),
    [
        (-0.19, "Cohen's d -0.190, negligible"),
        (0.3, "larger norms than the others (Cohen's d +0.300, small)"),
        (-0.9, "smaller norms than the others (Cohen's d -0.900, large)"),
    ],
)
def test_the_norms_are_put_into_words_by_their_effect_size(results, d, words):
    results["norms"]["cohens_d"] = d
    assert words in Outline(render(results)).text


def test_norms_that_are_all_the_same_or_absent_render(results):
    results["norms"] |= {"edges": [1.0] * 21, "cohens_d": None, "length_correlation": None, "cv": 0.0}
    assert Outline(render(results)).errors == []
    results["norms"] = None
    assert "No norms were recorded." in Outline(render(results)).text


def test_half_a_surrogate_pair_does_not_break_the_page(results, tmp_path):
    results["name"] = "broken \ud800 name"
    source = tmp_path / "results.json"
    source.write_text(json.dumps(results))
    assert "broken ? name" in write_report(source).read_text(encoding="utf-8")


def test_the_report_is_written_beside_the_results_or_where_asked(results, page, tmp_path):
    source = tmp_path / "results.json"
    source.write_text(json.dumps(results))
    assert write_report(source) == tmp_path / "report.html"
    assert write_report(source, tmp_path / "other.html").read_bytes() == page.encode()
    assert (tmp_path / "report.html").read_bytes() == page.encode()


def test_results_that_are_missing_or_broken_are_refused_with_what_to_do(results, tmp_path):
    source = tmp_path / "results.json"
    with pytest.raises(BenchmarkError, match=r"There is no .*results\.json; run"):
        write_report(source)
    with pytest.raises(BenchmarkError, match="cannot be read"):
        write_report(tmp_path)
    for broken in (b'{"schema_version": 1,', b"\xff\xfe", b""):
        source.write_bytes(broken)
        with pytest.raises(BenchmarkError, match=r"results\.json is not valid JSON"):
            write_report(source)
    source.write_text("[]")
    with pytest.raises(BenchmarkError, match=r"results\.json: The results are a list"):
        write_report(source)
    source.write_text(json.dumps(results))
    with pytest.raises(BenchmarkError, match=r"cannot be written .*folder that exists"):
        write_report(source, tmp_path / "nowhere" / "report.html")


@pytest.mark.parametrize("version", [2, 0, None, "1"])
def test_an_unknown_schema_version_is_refused_by_name(results, version):
    results["schema_version"] = version
    with pytest.raises(
        BenchmarkError, match=re.escape(f"schema_version {version!r}; this norm-aware renders 1")
    ):
        render(results)


def test_results_that_lack_a_part_are_refused_by_its_name(results):
    del results["norms"], results["queries"]
    with pytest.raises(BenchmarkError, match="lack queries, norms"):
        render(results)


def test_a_baseline_that_is_no_system_is_refused(results):
    results["baseline"] = "bm25"
    with pytest.raises(BenchmarkError, match=r"'bm25' is not among the systems \(cosine, "):
        render(results)
