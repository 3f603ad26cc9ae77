"""The page as a reader has it, in a real browser: tables, themes, paper."""

from __future__ import annotations

import pytest

from tests.benchmark.report.browser import CHROMIUM, Browser
from tests.benchmark.report.make_results import DOT, HALF


def column(page, table, number):
    return page.run(
        f"[...document.querySelectorAll('table.sortable')[{table}].tBodies[0].rows]"
        f".map((row) => row.cells[{number}] ? row.cells[{number}].textContent.trim() : '')"
    )


def visible(page, selector):
    return page.run(f"[...document.querySelectorAll(`{selector}`)].filter((e) => e.checkVisibility()).length")


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


def test_tables_filter_by_text_kind_and_outcome_and_say_how_many_are_left(page):
    rows = "[data-filtered] tbody tr"
    every = visible(page, rows)
    page.run("document.querySelector('[data-filter=text]').focus()")
    page.type("squad_f1")
    assert 0 < visible(page, rows) < every
    said = page.run("document.querySelector('.controls output').textContent")
    assert said == f"{visible(page, rows)} rows of {every} shown"
    page.choose("[data-filter=text]", "")
    page.choose("[data-filter=kind]", "judged")
    kinds = page.run("[...new Set([...document.querySelectorAll('[data-filtered] tbody tr')]"
                     ".filter((e) => e.checkVisibility()).map((e) => e.dataset.kind))]")  # fmt: skip
    assert kinds == ["judged"]
    page.choose("[data-filter=kind]", "")
    page.choose("[data-filter=outcome]", "worse")
    assert visible(page, "tr[data-outcome=worse]") > 0
    assert visible(page, "tr[data-outcome=better], tr[data-outcome=withheld]") == 0
    page.choose("[data-filter=outcome]", "")
    assert visible(page, rows) == every


def test_a_candidate_that_is_chosen_stands_alone_everywhere(page):
    page.choose("#candidate", DOT)
    assert visible(page, f"[data-candidate='{DOT}']") > 10
    assert visible(page, f"[data-candidate='{HALF}']") == 0
    assert page.run("document.getElementById('question-candidate').value") == DOT
    page.choose("#candidate", "")
    assert visible(page, f"[data-candidate='{HALF}']") > 10


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


def test_without_scripts_verdict_forest_and_tables_are_there_and_no_dead_control_is(path, tmp_path):
    if CHROMIUM is None:
        pytest.skip("no Chromium was found; the variable CHROMIUM may name one")
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
