"""A question set from a corpus: written by RAGAS passage by passage, checked, resumable."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from norm_aware.benchmark.awaiting import await_in_thread
from norm_aware.benchmark.datasets.checking import (
    DUPLICATE,
    NOT_ALONE,
    Checker,
    Verified,
    is_duplicate,
    stands_alone,
)
from norm_aware.benchmark.datasets.cutting import Passage, cut_passages
from norm_aware.benchmark.datasets.dataset import Document
from norm_aware.benchmark.datasets.ragas_generation import Draft, RagasWriter
from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.rows import Rows
from norm_aware.errors import BenchmarkError, LLMError
from norm_aware.progress import Progress, silent
from norm_aware.whole_file import write_whole

_PATIENCE = 5  # calls in a row that fail before the model counts as gone
_CONCURRENCY = 4  # passages at once, where the model is not on this machine


@dataclass(frozen=True, slots=True)
class Generated:
    """What generating came to.

    Attributes:
        questions: rows written, each {id, question, answers, documents, contexts, type, corpus, span,
            verified, written}.
        passages: how many were asked about, in this run and before.
        refused: for each reason, how many questions were refused.
        failed: calls of this run that failed; their passages are tried again on the next.
        usage: what all calls of this run took.
    """

    questions: tuple[dict[str, Any], ...]
    passages: int
    refused: Mapping[str, int]
    failed: int
    usage: Usage


def generate_questions(
    documents: Sequence[Document],
    out: Path,
    *,
    writer: LLMConfig,
    checker: LLMConfig | None = None,
    corpus: str,
    number: int = 100,
    seed: int = 0,
    progress: Progress = silent,
) -> Generated:
    """Write a question set about a corpus, each question traceable to words of a passage.

    Every attempt is a row of `<out>.attempts`, appended as it ends; `out` is made of those that held. Started
    again it goes on where it stopped, and a larger number adds to what is there.

    Args:
        documents: to ask about.
        out: a `.jsonl` file, which `load_dataset` takes.
        writer: the model that writes questions and answers.
        checker: the one that checks them against their passages; the writer where none is given.
        corpus: what the documents were read from, for `load_dataset`.
        number: of questions wanted; fewer where the corpus has no more passages.
        seed: of the choice of passages, themes, personas and styles.
        progress: told of questions that held.

    Raises:
        BenchmarkError: when `out` is no `.jsonl` file, was not written here, or holds questions of another
            corpus, model or seed.
        LLMError: when the model cannot be used, or fails several times in a row.
        MissingExtraError: when ragas is not installed.
    """
    if out.suffix != ".jsonl":
        raise BenchmarkError(f"{out} is no .jsonl file; questions are written one a line, to such a file.")
    if number < 1:
        raise BenchmarkError(f"The number of questions is {number}; at least 1 is needed.")
    rows = Rows(out.with_name(out.name + ".attempts"))
    if out.exists() and not rows.path.exists():
        raise BenchmarkError(f"{out} is there already, and {rows.path.name} is not; give another --out.")
    _require_same(rows, _configuration(documents, writer, checker, seed))
    attempts = list(itertools.islice(rows.read(), 1, None))
    tried = {row["document"] for row in attempts}
    passages = (p for p in cut_passages(documents, seed=seed) if p.document_id not in tried)
    run = _Run(rows, attempts, passages=passages, number=number, corpus=corpus, seed=seed)
    try:
        await_in_thread(run.go(writer, checker or writer, progress))
    finally:
        if held := [row["question"] for row in attempts if "question" in row]:
            write_whole(out, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in held))
    refused = Counter(row["refused"] for row in attempts if "refused" in row)
    return Generated(tuple(held), len(attempts), dict(refused.most_common()), run.failed, run.usage)


def _configuration(
    documents: Iterable[Document], writer: LLMConfig, checker: LLMConfig | None, seed: int
) -> dict[str, Any]:
    hasher = hashlib.blake2b(digest_size=8)
    for document in documents:
        hasher.update(repr(document).encode())
    return {
        "corpus": hasher.hexdigest(),
        "writer": writer.fingerprint("questions"),
        "checker": (checker or writer).fingerprint("questions"),
        "seed": seed,
    }


def _require_same(rows: Rows, configuration: Mapping[str, Any]) -> None:
    earlier = next(rows.read(), None)
    if earlier is None:
        rows.path.parent.mkdir(parents=True, exist_ok=True)
        rows.append(configuration)
    elif changed := [key for key, value in configuration.items() if earlier.get(key) != value]:
        raise BenchmarkError(
            f"{rows.path} holds questions of another {' and '.join(changed)}; give another --out, or remove "
            "that file to begin anew."
        )


class _Run:
    """Asks about one passage after another until there are questions enough."""

    def __init__(
        self,
        rows: Rows,
        attempts: list[dict[str, Any]],
        *,
        passages: Iterator[Passage],
        number: int,
        corpus: str,
        seed: int,
    ) -> None:
        self.rows, self.attempts, self.passages = rows, attempts, passages
        self.number, self.corpus, self.seed = number, corpus, seed
        self.failed, self.usage = 0, Usage()
        self.asked = [row["question"]["question"] for row in attempts if "question" in row]

    async def go(self, writer: LLMConfig, checker: LLMConfig, progress: Progress) -> None:
        local = writer.is_local or checker.is_local
        in_a_row = 0
        async with Chat(writer) as writing, Chat(checker) as checking:
            author, judge = RagasWriter(writing), Checker(checking)
            progress("Writing questions", min(len(self.asked), self.number), self.number)
            while len(self.asked) < self.number:
                room = min(1 if local else _CONCURRENCY, self.number - len(self.asked))
                if not (batch := list(itertools.islice(self.passages, room))):
                    break
                found = await asyncio.gather(
                    *(self._attempt(passage, author, judge) for passage in batch), return_exceptions=True
                )
                self.usage = author.usage + judge.usage
                for passage, outcome in zip(batch, found, strict=True):
                    if isinstance(outcome, LLMError):
                        self.failed += 1
                        in_a_row += 1
                        if in_a_row >= _PATIENCE:
                            raise outcome
                        continue
                    if isinstance(outcome, BaseException):
                        raise outcome
                    in_a_row = 0
                    self._keep(passage, *outcome)
                progress("Writing questions", len(self.asked), self.number)

    async def _attempt(self, passage: Passage, author: RagasWriter, judge: Checker) -> tuple[Draft, Any]:
        part = int.from_bytes(hashlib.blake2b(passage.document_id.encode(), digest_size=4).digest(), "big")
        draft = await author.draft(passage.text, seed=self.seed + part)
        if not stands_alone(draft.question):
            return draft, NOT_ALONE
        if is_duplicate(draft.question, self.asked):
            return draft, DUPLICATE
        return draft, await judge.verify(draft.question, draft.answer, passage.text)

    def _keep(self, passage: Passage, draft: Draft, outcome: Verified | str) -> None:
        # again, as two of one batch do not know of each other
        if isinstance(outcome, Verified) and is_duplicate(draft.question, self.asked):
            outcome = DUPLICATE
        row: dict[str, Any] = {"document": passage.document_id}
        if isinstance(outcome, str):
            row |= {"refused": outcome, "draft": asdict(draft)}
        else:
            row["question"] = _question(passage, draft, outcome, self.corpus)
            self.asked.append(draft.question)
        self.rows.append(row)
        self.attempts.append(row)


def _question(passage: Passage, draft: Draft, verified: Verified, corpus: str) -> dict[str, Any]:
    key = hashlib.blake2b(f"{passage.document_id}\n{draft.question}".encode(), digest_size=5).hexdigest()
    start, end = passage.start + verified.span.start, passage.start + verified.span.end
    return {
        "id": f"g-{key}",
        "question": draft.question,
        "answers": list(dict.fromkeys([draft.answer, verified.span.text])),
        "documents": [passage.document_id],
        "contexts": [passage.text],
        "type": draft.style,
        "corpus": corpus,
        # in characters of the document as it is embedded, title and text
        "span": {"start": start, "end": end, "text": verified.span.text},
        "verified": verified.how,
        "written": {"theme": draft.theme, "persona": draft.persona, "length": draft.length},
    }
