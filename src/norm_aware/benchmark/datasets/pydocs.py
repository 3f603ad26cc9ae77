"""The default dataset: questions over the documentation that every Python installation carries.

The corpus, `norm_aware.ingestion.pydocs`, differs a little between Python versions: a judgement may name a
document that this version lacks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources

_QUESTIONS = "pydocs_questions.jsonl"


@dataclass(frozen=True, slots=True)
class Question:
    """A question about Python, in the words of someone who does not know the name of the thing.

    Attributes:
        id: as in reports, `q001`.
        text: the question.
        answers: short gold answers, any of which is right.
        relevant: ids of the documents that answer it; some may be absent from this Python version.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    relevant: tuple[str, ...]


def read_questions() -> list[Question]:
    """The hand-written questions, in the order of their ids."""
    text = resources.files("norm_aware.benchmark.datasets").joinpath(_QUESTIONS).read_text(encoding="utf-8")
    records = [json.loads(line) for line in text.splitlines()]
    return [Question(r["_id"], r["text"], tuple(r["answers"]), tuple(r["relevant"])) for r in records]
