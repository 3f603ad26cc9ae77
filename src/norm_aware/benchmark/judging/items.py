"""The built-in items a judge is checked on: short texts written for this, each with the right verdict.

Items come in minimal pairs that differ in one thing and in their verdict, so that half of all verdicts are
yes whatever part is looked at, and a judge that always says the same is right half of the time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

TASKS: dict[str, str] = {
    "support": "whether a text supports a statement",
    "correctness": "whether an answer agrees with a reference answer",
    "usefulness": "whether a text helps to arrive at an answer",
    "relevancy": "whether an answer addresses the question",
}
"""What is asked of a judge, one verdict at a time."""


@dataclass(frozen=True, slots=True)
class Item:
    """One verdict with its right outcome.

    Attributes:
        id: unique.
        task: one of `TASKS`.
        pair: shared by the two items that differ in one thing.
        kind: what that thing is, such as `number`, `negation` or `refusal`.
        domain: what the text is about, such as `medicine`.
        label: "yes" or "no".
        part: "check", or "tuning" for the items that the wording of the questions was chosen on.
        text: what is read; empty where the task has none, like the next four.
        statement: of task `support`.
        question: of all other tasks.
        reference: the answer held to be right, of `correctness` and `usefulness`.
        answer: of `correctness` and `relevancy`.
    """

    id: str
    task: str
    pair: str
    kind: str
    domain: str
    label: str
    part: str = "check"
    text: str = ""
    statement: str = ""
    question: str = ""
    reference: str = ""
    answer: str = ""


@lru_cache(1)
def load_items() -> tuple[Item, ...]:
    """Every built-in item, task by task.

    Example:
        >>> len(load_items()) >= 200
        True
    """
    folder = resources.files(__package__)
    files = [(folder / f"items_{task}.jsonl").read_text(encoding="utf-8") for task in TASKS]
    return tuple(Item(**json.loads(line)) for file in files for line in file.splitlines())


def checked_items() -> tuple[Item, ...]:
    """The items a judge is checked on: all that the wording of the questions was not chosen on."""
    return tuple(item for item in load_items() if item.part == "check")
