"""The page as a reader has it: in a real browser, by mouse and keyboard."""

from __future__ import annotations

import copy

import pytest

from norm_aware.benchmark.report.render import render
from tests.benchmark.report.browser import CHROMIUM, Browser
from tests.benchmark.report.make_results import BASELINE, BM25, DOT, HALF, make_results
from tests.benchmark.report.outline import poison_texts

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found; CHROMIUM may name one")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def path(made, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(render(made), encoding="utf-8")
    return file


def show(browser, file, fragment=""):
    browser.problems.clear()
    browser.size(1300)
    browser.media()
    browser.open(file, fragment)


@pytest.fixture
def page(browser, path):
    """The report, just opened; afterwards nothing may have gone wrong or left the file."""
    show(browser, path)
    yield browser
    assert browser.problems == []
    assert [request for request in browser.requests if not request.startswith(path.as_uri())] == []


def column(page, table, number):
    return page.run(
        f"[...document.querySelectorAll('table.sortable')[{table}].tBodies[0].rows]"
        f".map((row) => row.cells[{number}] ? row.cells[{number}].textContent.trim() : '')"
    )


def choose(page, selector, value):
    page.run(
        f"(() => {{ const s = document.querySelector('{selector}'); s.value = '{value}';"
        " for (const kind of ['input', 'change']) s.dispatchEvent(new Event(kind, {bubbles: true})); })()"
    )
    page.settle()


def is_open(page):
    return page.run("document.getElementById('question').open")


def test_a_click_on_a_header_sorts_and_another_turns_it_around(page):
    header = "#measures table:first-of-type th:nth-child(3)"
    page.click(f"{header} .sort")
    values = [float(v) for v in column(page, 0, 2) if v[:1].isdigit()]
    assert values == sorted(values, reverse=True)
    assert len(values) >= 7
    assert page.run(f"document.querySelector('{header}').getAttribute('aria-sort')") == "descending"
    page.click(f"{header} .sort")
    assert [float(v) for v in column(page, 0, 2) if v[:1].isdigit()] == values[::-1]
    assert page.run(f"document.querySelector('{header}').getAttribute('aria-sort')") == "ascending"
    rows = column(page, 0, 0)
    assert rows[-2].startswith("faithfulness") or rows[-1].startswith("faithfulness")  # unknown goes last


def test_a_key_on_a_header_sorts_too(page):
    page.run("document.querySelector('#measures th .sort').focus()")
    page.press("Enter")
    names = column(page, 0, 0)
    assert names == sorted(names, key=str.lower)


def test_sorting_another_column_takes_the_mark_from_the_first(page):
    page.click("#measures table:first-of-type th:nth-child(3) .sort")
    page.click("#measures table:first-of-type th:nth-child(1) .sort")
    assert (
        page.run("document.querySelectorAll('#measures table')[0].querySelectorAll('[aria-sort]').length")
        == 1
    )


def visible(page, selector):
    return page.run(f"[...document.querySelectorAll(`{selector}`)].filter((e) => e.checkVisibility()).length")


def test_tables_filter_by_text_kind_and_outcome_and_say_how_many_are_left(page):
    rows = "[data-filtered] tbody tr"
    every = visible(page, rows)
    page.run("document.querySelector('[data-filter=text]').focus()")
    page.type("squad_f1")
    assert 0 < visible(page, rows) < every
    said = page.run("document.querySelector('.controls output').textContent")
    assert said == f"{visible(page, rows)} rows of {every} shown"
    choose(page, "[data-filter=text]", "")
    choose(page, "[data-filter=kind]", "judged")
    kinds = page.run("[...new Set([...document.querySelectorAll('[data-filtered] tbody tr')]"
                     ".filter((e) => e.checkVisibility()).map((e) => e.dataset.kind))]")  # fmt: skip
    assert kinds == ["judged"]
    choose(page, "[data-filter=kind]", "")
    choose(page, "[data-filter=outcome]", "worse")
    assert visible(page, "tr[data-outcome=worse]") > 0
    assert visible(page, "tr[data-outcome=better], tr[data-outcome=withheld]") == 0
    choose(page, "[data-filter=outcome]", "")
    assert visible(page, rows) == every


def test_a_candidate_that_is_chosen_stands_alone_everywhere(page):
    choose(page, "#candidate", DOT)
    assert visible(page, f"[data-candidate='{DOT}']") > 10
    assert visible(page, f"[data-candidate='{HALF}']") == 0
    assert page.run("document.getElementById('question-candidate').value") == DOT
    choose(page, "#candidate", "")
    assert visible(page, f"[data-candidate='{HALF}']") > 10


def test_a_question_opens_by_keyboard_and_escape_gives_the_focus_back(page):
    page.run("document.getElementById('question-list').focus()")
    page.press("ArrowDown")
    page.press("ArrowDown")
    active = page.run("document.querySelector('[aria-selected=true] .asked-text').textContent")
    page.press("Enter")
    assert is_open(page)
    assert page.run("document.getElementById('question-title').textContent") == active
    assert page.run("[...document.querySelectorAll('.runs h3')].map((e) => e.textContent)") == [
        BASELINE,
        HALF,
    ]
    page.press("ArrowRight")
    assert page.run("document.getElementById('question-title').textContent") != active
    page.press("Escape")
    assert not is_open(page)
    assert page.run("document.activeElement.id") == "question-list"


def test_an_open_question_shows_both_answers_contexts_scores_and_the_judges_words(page, made):
    choose(page, "#question-candidate", DOT)
    choose(page, "#question-show", "changed")
    page.run("document.getElementById('question-list').focus()")
    page.press("Enter")
    query_id = page.run("document.querySelector('#question .bar .quiet').textContent").split(" · ")[1]
    query = next(q for q in made["queries"] if q["query_id"] == query_id)
    runs = [query["systems"][system] for system in (BASELINE, DOT)]
    text = page.run("document.querySelector('#question').textContent")
    for run in runs:
        assert (run["answer"] or "No answer: timeout after 60 s") in text
        assert all(made["documents"][d["id"]]["text"] in text for d in run["documents"][:3])
    assert all(answer in text for answer in query["answers"])
    old, new = ([d["id"] for d in run["documents"][:3]] for run in runs)
    marks = page.run("[...document.querySelectorAll('#question .contexts li')].map((e) => e.className)")
    expected = [("left" if d not in new else "" if new.index(d) == i else "moved") for i, d in enumerate(old)]
    expected += [
        ("entered" if d not in old else "" if old.index(d) == i else "moved") for i, d in enumerate(new)
    ]
    assert marks == expected
    assert set(expected) != {""}
    said = [text for run in runs for text in run["explanations"].values()]
    assert said
    assert all(words in text for words in said)
    faithful = page.run(
        "[...document.querySelectorAll('#question tbody tr')].find((r) => r.textContent.startsWith('faith'))"
        ".textContent"
    )
    assert "withheld" in faithful


def test_questions_are_found_by_text_and_by_what_happened_to_them(page, made):
    changes = [
        q["systems"][HALF]["measures"]["nDCG@10"] - q["systems"][BASELINE]["measures"]["nDCG@10"]
        for q in made["queries"]
    ]

    def count():
        return int(page.run("document.getElementById('question-count').textContent").split()[0])

    assert count() == len(changes)
    choose(page, "#question-show", "gained")
    assert count() == sum(change > 1e-9 for change in changes)
    choose(page, "#question-show", "lost")
    assert count() == sum(change < -1e-9 for change in changes)
    choose(page, "#question-show", "failed")
    failed = {f["query_id"] for f in made["failures"] if f["system"] in (BASELINE, HALF)}
    assert count() == len(failed)
    choose(page, "#question-show", "all")
    choose(page, "#question-order", "gain")
    first = page.run("document.querySelector('.option .marks').firstChild.textContent")
    assert first == f"{max(changes):+.3f}"
    page.run("document.getElementById('question-text').focus()")
    page.type("nothing has these words")
    assert count() == 0
    assert page.run("document.querySelector('.list .empty').textContent") == "No question fits."


def test_a_listed_change_and_a_link_open_their_question(page, path, made):
    page.click(f"[data-candidate='{DOT}'] [data-question] button")
    assert is_open(page)
    assert page.run("document.querySelectorAll('.runs h3')[1].textContent") == DOT
    page.open(path, "#question=q7")
    assert page.run("document.getElementById('question-title').textContent") == made["queries"][6]["text"]
    page.open(path, "#question=absent%")
    assert not is_open(page)


def test_the_theme_follows_the_system_until_it_is_chosen(page, path):
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.run(colour)
    page.media(scheme="dark")
    dark = page.run(colour)
    assert dark != light
    page.click("#theme")
    assert page.run("document.getElementById('theme').textContent") == "Theme: light"
    assert page.run(colour) == light
    page.open(path)
    assert page.run(colour) == light
    page.click("#theme")
    page.click("#theme")
    assert page.run("document.getElementById('theme').textContent") == "Theme: auto"
    assert page.run(colour) == dark


@pytest.mark.parametrize("width", [390, 650, 1300])  # 650 is 1300 at a zoom of 200%
def test_nothing_but_tables_in_their_frames_is_wider_than_the_window(page, width):
    page.size(width)
    page.settle()
    assert page.run("document.documentElement.scrollWidth") <= width
    page.run("document.getElementById('question-list').focus()")
    page.press("Enter")
    assert page.run("document.getElementById('question').scrollWidth") <= width


def test_every_control_has_a_name(page):
    page.click("[data-question] button")
    nameless = page.run(
        "[...document.querySelectorAll('button, input, select, [role], nav, section, dialog')].filter((e) => "
        "!(e.textContent.trim() && ['BUTTON'].includes(e.tagName)) && !e.labels?.length && "
        "!e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby') && "
        "!['option', 'presentation'].includes(e.getAttribute('role'))).map((e) => e.outerHTML.slice(0, 80))"
    )
    assert nameless == []


def test_the_skip_link_is_the_first_stop_and_leads_to_the_verdict(page):
    page.press("Tab")
    assert page.run("document.activeElement.getAttribute('href')") == "#verdict"
    assert page.run("document.activeElement.getBoundingClientRect().left") >= 0


def test_on_paper_everything_is_unfolded_and_controls_are_gone(page):
    page.media(kind="print")
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    assert page.run("document.querySelectorAll('main details:not([open])').length") == 0
    assert visible(page, ".controls, .browser, nav, #theme") == 0
    assert visible(page, "table") > 5
    page.run("window.dispatchEvent(new Event('afterprint'))")
    assert page.run("document.querySelectorAll('main details:not([open])').length") > 0
    assert page.pdf().startswith(b"%PDF")


def test_hostile_texts_stay_texts_in_the_list_and_in_an_open_question(browser, made, tmp_path):
    results = copy.deepcopy(made)
    poison_texts(results)
    results["queries"][0]["systems"][HALF]["answer"] = "half \ud800 a pair"
    file = tmp_path / "hostile.html"
    file.write_text(render(results), encoding="utf-8")
    show(browser, file, "#question=q1")
    assert is_open(browser)
    assert '<script>alert("x")</script>' in browser.run(
        "document.getElementById('question-title').textContent"
    )
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert browser.run("document.scripts.length") == 2
    assert browser.problems == []
    assert browser.requests == [file.as_uri() + "#question=q1"] or browser.requests == [file.as_uri()]


def test_a_run_of_the_baseline_alone_opens_its_questions(browser, baseline_alone, tmp_path):
    file = tmp_path / "alone.html"
    file.write_text(render(baseline_alone), encoding="utf-8")
    show(browser, file)
    browser.run("document.getElementById('question-list').focus()")
    browser.press("Enter")
    assert browser.run("[...document.querySelectorAll('.runs h3')].map((e) => e.textContent)") == [BASELINE]
    assert browser.problems == []


def test_500_questions_keep_few_rows_in_the_page_wherever_one_scrolls(browser, tmp_path):
    file = tmp_path / "large.html"
    file.write_text(render(make_results((BASELINE, HALF, DOT, BM25), 500, corpus=1500)), encoding="utf-8")
    show(browser, file)
    browser.run("document.getElementById('question-list').focus()")
    for key, place in (("End", "500"), ("ArrowUp", "499")):
        browser.press(key)
        assert (
            browser.run("document.querySelector('[aria-selected=true]').getAttribute('aria-posinset')")
            == place
        )
        assert 0 < browser.run("document.querySelectorAll('.option').length") < 40
    assert browser.problems == []


def test_without_scripts_verdict_forest_and_tables_are_there_and_no_dead_control_is(path, tmp_path):
    browser = Browser(tmp_path / "profile", scripts=False)
    try:
        browser.open_unscripted(path)
        root = browser.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        for selector in (".verdicts li", ".forest svg", "#measures tbody tr", "#questions .changed li"):
            assert browser.call("DOM.querySelectorAll", nodeId=root, selector=selector)["nodeIds"]
        assert not browser.call("DOM.querySelectorAll", nodeId=root, selector="th .sort")["nodeIds"]
        for control in (".controls", ".browser", ".options"):
            for node in browser.call("DOM.querySelectorAll", nodeId=root, selector=control)["nodeIds"]:
                with pytest.raises(RuntimeError, match="box model"):
                    browser.call("DOM.getBoxModel", nodeId=node)
    finally:
        browser.close()
