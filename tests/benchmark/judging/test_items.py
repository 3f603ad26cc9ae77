"""The built-in items: enough of them, balanced, each in a pair that differs in one thing."""

from collections import Counter, defaultdict
from dataclasses import asdict

import pytest

from norm_aware.benchmark.judging.items import TASKS, checked_items, load_items
from norm_aware.numeric.effect_size import auc

FIELDS = {
    "support": {"text", "statement"},
    "correctness": {"question", "reference", "answer"},
    "usefulness": {"question", "reference", "text"},
    "relevancy": {"question", "answer"},
}
CONTENT = ("text", "statement", "question", "reference", "answer")
DOMAINS = {"everyday", "medicine", "science", "history", "software", "law", "finance", "sport", "geography"}
TRAPS = {
    "number", "name", "date", "unit", "negation", "quantifier", "cause", "scope", "plausible", "paraphrase",
    "elsewhere", "partial", "refusal", "unanswerable",
}  # fmt: skip


def pairs():
    found = defaultdict(list)
    for item in load_items():
        found[item.pair].append(item)
    return found


def test_a_judge_is_checked_on_two_hundred_items_at_least():
    assert len(checked_items()) >= 200
    assert all(count >= 40 for count in Counter(item.task for item in checked_items()).values())


def test_no_item_occurs_twice():
    assert len({item.id for item in load_items()}) == len(load_items())
    contents = [(item.task, *(getattr(item, name) for name in CONTENT)) for item in load_items()]
    assert len(set(contents)) == len(contents)


def test_both_items_of_a_pair_differ_in_one_field_and_in_their_label():
    for both in pairs().values():
        assert sorted(item.label for item in both) == ["no", "yes"]
        first, second = both
        differing = [name for name in CONTENT if getattr(first, name) != getattr(second, name)]
        assert len(differing) == 1
        same = ("task", "kind", "domain", "part")
        assert [getattr(first, name) for name in same] == [getattr(second, name) for name in same]


@pytest.mark.parametrize("part", ["task", "kind", "domain"])
def test_labels_are_balanced_in_every_part(part):
    counts = Counter((getattr(item, part), item.label) for item in checked_items())
    assert all(counts[name, "yes"] == counts[name, "no"] for name, _ in counts)


def test_an_item_has_what_its_task_asks_about_and_nothing_else():
    for item in load_items():
        assert {name for name in CONTENT if getattr(item, name)} == FIELDS[item.task]
        assert all(text == text.strip() for text in asdict(item).values())


def test_all_traps_and_domains_are_there():
    assert {item.domain for item in checked_items()} == DOMAINS
    assert {item.kind for item in checked_items()} >= TRAPS


def test_items_that_chose_the_wording_are_left_out_in_whole_pairs():
    left_out = {item.pair for item in load_items()} - {item.pair for item in checked_items()}
    assert {item.pair for item in load_items() if item.part == "tuning"} == left_out
    assert {item.part for item in load_items()} == {"check", "tuning"}
    assert set(TASKS) == {item.task for item in load_items()}


def words(text):
    return {word.strip(".,;:'").lower() for word in text.split()}


@pytest.mark.parametrize("task", TASKS)
def test_neither_length_nor_shared_words_tell_the_label(task):
    items = [item for item in checked_items() if item.task == task]
    varied = {"support": "statement", "usefulness": "text"}.get(task, "answer")
    lengths, overlaps = ({"yes": [], "no": []} for _ in range(2))
    for item in items:
        said = words(getattr(item, varied))
        others = words(" ".join(getattr(item, name) for name in CONTENT if name != varied))
        lengths[item.label].append(len(getattr(item, varied)))
        overlaps[item.label].append(len(said & others) / len(said))
    assert abs(auc(lengths["yes"], lengths["no"]) - 0.5) < 0.15
    if task in ("support", "relevancy"):  # elsewhere right answers share words with the reference
        assert abs(auc(overlaps["yes"], overlaps["no"]) - 0.5) < 0.2
