"""The default dataset: questions over the documentation that every Python installation carries.

The corpus is read from the running interpreter, so there is nothing to download and nothing to
redistribute:

- the language reference (`pydoc_data.topics`), cut into passages by section;
- the docstrings of the standard library's public modules, classes, functions, methods and properties, the
  trivial ones included: they are the junk that real corpora have.

It differs a little between Python versions: a judgement may name a document that this version lacks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from norm_aware.errors import DatasetError

_QUESTIONS = "pydocs_questions.jsonl"
_READER = "pydocs_corpus.py"
_TIMEOUT_SECONDS = 120


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
    text = resources.files("norm_aware.benchmark").joinpath(_QUESTIONS).read_text(encoding="utf-8")
    records = [json.loads(line) for line in text.splitlines()]
    return [Question(r["_id"], r["text"], tuple(r["answers"]), tuple(r["relevant"])) for r in records]


def read_documents() -> list[tuple[str, str, str]]:
    """The corpus of this interpreter, sorted by id; the same at each call.

    Returns:
        `(id, title, text)` of each document. A docstring's id and title are its qualified name
        (`json.dumps`, `str.split`) and its text is at most 300 words, the signature included. A passage's
        id is made of its topic, its section and, after the section's first, its opening words
        (`comparisons/Value-comparisons/The-default-behavior-for-equality`), so that text added elsewhere
        does not rename it; its title is `comparisons: Value comparisons`.

    A child interpreter reads it (under a second): importing some 240 modules leaves this process
    untouched, and a library that patches the standard library does not change the corpus.

    Raises:
        DatasetError: when the child interpreter that reads the documentation fails.
    """
    # -I and -S: without the environment's settings, the working folder and site-packages.
    command = [sys.executable, "-I", "-S", "-W", "ignore", str(Path(__file__).with_name(_READER))]
    try:
        child = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        lines = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
        raise DatasetError(
            f"The corpus 'pydocs' could not be read by {sys.executable!r}: {lines[-1] if lines else error}. "
            "It needs a regular Python interpreter; give a folder in BEIR's layout where there is none."
        ) from error
    return [(id_, title, text) for id_, title, text in json.loads(child.stdout)]
