"""The question browser as a reader has it, by mouse and keyboard."""

from __future__ import annotations

import copy

from norm_aware.benchmark.report.render import render
from tests.benchmark.report.hostile import poison_texts
from tests.benchmark.report.make_results import BASELINE, BM25, DOT, HALF, make_results


def is_open(page):
    return page.run("document.getElementById('question').open")


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
    page.choose("#question-candidate", DOT)
    page.choose("#question-show", "changed")
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
    page.choose("#question-show", "gained")
    assert count() == sum(change > 1e-9 for change in changes)
    page.choose("#question-show", "lost")
    assert count() == sum(change < -1e-9 for change in changes)
    page.choose("#question-show", "failed")
    failed = {f["query_id"] for f in made["failures"] if f["system"] in (BASELINE, HALF)}
    assert count() == len(failed)
    page.choose("#question-show", "all")
    page.choose("#question-order", "gain")
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


def test_hostile_texts_stay_texts_in_the_list_and_in_an_open_question(browser, made, tmp_path):
    results = copy.deepcopy(made)
    poison_texts(results)
    results["queries"][0]["systems"][HALF]["answer"] = "half \ud800 a pair"
    file = tmp_path / "hostile.html"
    file.write_text(render(results), encoding="utf-8")
    browser.show(file, "#question=q1")
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
    browser.show(file)
    browser.run("document.getElementById('question-list').focus()")
    browser.press("Enter")
    assert browser.run("[...document.querySelectorAll('.runs h3')].map((e) => e.textContent)") == [BASELINE]
    assert browser.problems == []


def test_500_questions_keep_few_rows_in_the_page_wherever_one_scrolls(browser, tmp_path):
    file = tmp_path / "large.html"
    file.write_text(render(make_results((BASELINE, HALF, DOT, BM25), 500, corpus=1500)), encoding="utf-8")
    browser.show(file)
    browser.run("document.getElementById('question-list').focus()")
    for key, place in (("End", "500"), ("ArrowUp", "499")):
        browser.press(key)
        assert (
            browser.run("document.querySelector('[aria-selected=true]').getAttribute('aria-posinset')")
            == place
        )
        assert 0 < browser.run("document.querySelectorAll('.option').length") < 40
    assert browser.problems == []


def test_the_same_key_steps_on_however_often_it_is_pressed(page):
    page.run("document.getElementById('question-list').focus()")
    page.press("Enter")

    def place():
        return page.run("document.querySelector('#question .bar .quiet').textContent").split()[0]

    page.press("ArrowRight")
    page.press("ArrowRight")
    assert place() == "3"
    page.run("document.querySelector('#question .next').focus()")
    page.press("Enter")
    page.press("Enter")
    assert place() == "5"
    page.run("document.querySelector('#question .previous').focus()")
    page.press("Enter")
    page.press("Enter")
    assert place() == "3"


def test_a_question_of_the_baseline_alone_is_tagged_by_its_own_failures_and_nothing_else(
    browser, baseline_alone, tmp_path
):
    results = copy.deepcopy(baseline_alone)
    results["failures"] = [{"system": BASELINE, "query_id": "q3", "measure": "answer", "reason": "timeout"}]
    file = tmp_path / "alone.html"
    file.write_text(render(results), encoding="utf-8")
    browser.show(file)
    tags = browser.run("[...document.querySelectorAll('.option .tags')].map((e) => e.textContent)")
    assert sorted(tags) == [""] * 11 + ["failed"]
    browser.choose("#question-show", "changed")
    assert browser.run("document.querySelectorAll('.option').length") == 0


def test_the_active_row_of_the_list_exists_however_far_one_scrolls(browser, tmp_path):
    file = tmp_path / "long.html"
    file.write_text(render(make_results((BASELINE, HALF), 200)), encoding="utf-8")
    browser.show(file)
    browser.run("document.getElementById('question-list').focus()")
    named = "document.getElementById(document.querySelector('.list').getAttribute('aria-activedescendant'))"
    for key, away, place in (("End", 0, "200"), ("Home", 9000, "1")):
        browser.press(key)
        browser.run(f"document.querySelector('.list').scrollTop = {away}")
        browser.settle()
        assert browser.run("document.querySelector('.list').scrollTop") == away
        assert browser.run(f"{named}.getAttribute('aria-posinset')") == place
        assert browser.run(f"{named}.getAttribute('aria-selected')") == "true"
    assert browser.problems == []
