"""How the documentation is cut into documents, on small texts and on this interpreter's own."""

import enum
import os
import re
import subprocess
import sys

import pytest

from norm_aware.ingestion import pydocs_corpus
from norm_aware.ingestion.pydocs import read_documents

PARAGRAPH = " ".join(["word"] * 60)


@pytest.fixture(scope="module")
def documents():
    return read_documents()


@pytest.fixture(scope="module")
def texts(documents):
    return {id_: text for id_, _, text in documents}


def passages(topics):
    return {id_: (title, text) for id_, title, text in pydocs_corpus._topic_passages(topics)}


def section(heading, body, underline="*"):
    return f"{heading}\n{underline * len(heading)}\n\n{body}\n"


def test_ids_are_unique_and_sorted(documents):
    ids = [id_ for id_, _, _ in documents]
    assert ids == sorted(set(ids))


def test_the_corpus_holds_both_the_language_and_the_library(documents):
    reference = [id_ for id_, _, _ in documents if "/" in id_]
    assert 400 <= len(reference) <= 800
    assert 5000 <= len(documents) - len(reference) <= 7000


def test_no_document_is_empty(documents):
    assert all(id_.strip() and title.strip() and text.strip() for id_, title, text in documents)


def test_no_passage_is_longer_than_two_hundred_words(documents):
    assert max(len(text.split()) for id_, _, text in documents if "/" in id_) <= 200


def test_most_passages_are_of_sixty_to_a_hundred_and_fifty_words(documents):
    lengths = [len(text.split()) for id_, _, text in documents if "/" in id_]
    assert sum(60 <= length <= 150 for length in lengths) / len(lengths) > 0.6


def test_no_docstring_is_longer_than_three_hundred_words(documents):
    assert max(len(text.split()) for id_, _, text in documents if "/" not in id_) <= 300


def test_trivial_docstrings_are_kept(documents):
    tiny = [text for _, _, text in documents if len(text.split()) <= 6]
    assert len(tiny) > 0.05 * len(documents)


def test_no_signature_shows_an_address_a_path_or_the_environment(texts):
    signatures = {id_: text.splitlines()[0] for id_, text in texts.items() if "/" not in id_}
    shown = re.compile(r" at 0x|environ\(\{|=['\"](/|[A-Z]:\\)")
    assert {id_: line for id_, line in signatures.items() if shown.search(line)} == {}


def test_a_docstring_stands_under_its_signature(texts):
    assert texts["json.dumps"].startswith("dumps(obj, *, skipkeys=False, ensure_ascii=True")
    assert "Serialize" in texts["json.dumps"]


@pytest.mark.parametrize(
    "id_",
    [
        "bisect.insort_right",  # from _bisect
        "os.mkdir",  # from posix or nt
        "os.path.join",  # from posixpath or ntpath
        "asyncio.gather",  # from asyncio.tasks
        "random.choice",  # a bound method
        "str.split",
        "OSError",
        "secrets.compare_digest",  # from _operator
    ],
)
def test_an_object_goes_by_the_name_under_which_programs_know_it(texts, id_):
    assert id_ in texts


@pytest.mark.parametrize("id_", ["IOError", "posixpath.join", "asyncio.tasks.gather", "_bisect.insort_right"])
def test_an_object_is_met_once(texts, id_):
    assert id_ not in texts


@pytest.mark.parametrize("module", ["antigravity", "this", "tkinter", "turtle", "idlelib", "test", "lib2to3"])
def test_modules_with_side_effects_are_left_alone(texts, module):
    assert not any(id_ == module or id_.startswith(f"{module}.") for id_ in texts)


def test_reading_warns_of_nothing_and_prints_only_json():
    command = [sys.executable, "-I", "-S", pydocs_corpus.__file__]
    child = subprocess.run(command, capture_output=True, check=True)
    assert child.stderr == b""
    assert child.stdout.startswith(b"[[")
    assert child.stdout.endswith(b"]]")


def test_a_short_section_is_one_passage_named_by_topic_and_heading():
    topics = {"assert": section('The "assert" statement', "It checks.")}
    assert passages(topics) == {"assert/The-assert-statement": ("assert: The assert statement", "It checks.")}


def test_a_long_section_is_cut_between_paragraphs_and_named_by_their_opening_words():
    openings = ("First of all.", "Second things come after it", "A third one is here")
    body = "\n\n".join(f"{opening} {PARAGRAPH}" for opening in openings)
    found = passages({"t": section("Long", body)})
    assert list(found) == ["t/Long", "t/Long/A-third-one-is-here"]
    assert found["t/Long/A-third-one-is-here"][1].startswith("A third one")


def test_a_passage_keeps_its_id_when_text_is_added_elsewhere():
    before = {
        "t": section("One", "Text.") + section("Two", f"{PARAGRAPH}\n\n{PARAGRAPH}\n\nLast {PARAGRAPH}", "=")
    }
    after = {"s": section("New", "More."), "t": section("Zero", "Added.") + before["t"]}
    assert passages(before).items() <= passages(after).items()


def test_a_definition_starts_a_passage_of_its_own():
    body = "Introduction.\n\nstr.lower()\n\n   Makes it small.\n\nstr.upper()\n\n   Makes it big."
    found = passages({"t": section("Methods", body)})
    assert list(found) == ["t/Methods", "t/Methods/str.lower", "t/Methods/str.upper"]
    assert "small" in found["t/Methods/str.lower"][1]


def test_text_that_two_topics_share_is_kept_in_the_more_specific_one():
    shared = section("The while statement", "It repeats.", "=")
    topics = {"compound": section("Compound", "Many.") + shared, "while": shared}
    assert list(passages(topics)) == ["while/The-while-statement", "compound/Compound"]


def test_sections_that_open_with_the_same_words_get_different_ids():
    body = "\n\n".join(f"The same five words begin {number} {PARAGRAPH} {PARAGRAPH}" for number in "abc")
    ids = list(passages({"t": section("Same", body)}))
    assert ids == ["t/Same", "t/Same/The-same-five-words-begin", "t/Same/The-same-five-words-begin-2"]


def test_text_without_a_heading_goes_by_its_topic():
    assert passages({"pass": "It does nothing."}) == {"pass/pass": ("pass: pass", "It does nothing.")}


def test_a_star_that_is_a_clause_of_its_own_stays_in_the_id():
    topics = {"try": section('"except" clause', "One.") + section('"except*" clause', "Two.")}
    assert list(passages(topics)) == ["try/except-clause", "try/except*-clause"]


def test_a_table_without_blank_lines_is_cut_between_its_rows():
    rows = "\n".join(f"| cell {number} | {' '.join(['x'] * 20)} |" for number in range(40))
    found = passages({"t": section("Table", rows)})
    assert max(len(text.split()) for _, text in found.values()) <= 200
    assert "\n".join(text for _, text in found.values()).splitlines() == rows.splitlines()


def test_rules_of_a_table_are_not_words_of_its_passage():
    found = passages({"t": section("Table", "+---+---+\n| a | b |\n+===+===+\n| c | d |\n+---+---+")})
    assert found["t/Table"][1] == "| a | b |\n| c | d |"


def test_defaults_that_are_no_literals_are_left_out_of_a_signature():
    def function(a, b: int = 1, c=os.environ, d="/etc", *, e=enum.Enum, f="text") -> None: ...

    assert pydocs_corpus._signature(function) == "(a, b=1, c=..., d=..., *, e=..., f='text')"


def test_a_signature_is_not_written_twice():
    def function(a):
        """function(a): does it."""

    assert pydocs_corpus._describe(function, "module.function", function.__doc__) == "function(a): does it."


def test_a_long_docstring_is_cut_between_lines():
    text = pydocs_corpus._clip("\n".join(f"line {number} {' '.join(['x'] * 8)}" for number in range(50)))
    assert len(text.split()) == 300
    assert text.endswith("x")
