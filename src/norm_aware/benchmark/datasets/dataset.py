"""Datasets: documents, queries with gold answers, and judgements of which document is relevant to which."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from norm_aware.benchmark.datasets.pydocs import read_questions
from norm_aware.errors import DatasetError
from norm_aware.ingestion import pydocs


@dataclass(frozen=True, slots=True)
class Document:
    """A unit of retrieval."""

    id: str
    title: str
    text: str

    @property
    def content(self) -> str:
        """What is embedded and shown to the language model: the title, if any, above the text."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Query:
    """A question, with gold answers where the dataset has them."""

    id: str
    text: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A judged collection.

    Attributes:
        name: for reports.
        documents: in a stable order.
        queries: those with at least one relevant document.
        qrels: for each of these queries, the grade of each judged document; relevant above 0.
        dropped_judgements: judgements left out because their document is absent here.
    """

    name: str
    documents: tuple[Document, ...]
    queries: tuple[Query, ...]
    qrels: Mapping[str, Mapping[str, int]]
    dropped_judgements: int = 0

    def relevant(self, query_id: str) -> tuple[str, ...]:
        """Ids of the documents relevant to a query, the highest grade first."""
        grades = self.qrels[query_id]
        return tuple(sorted((d for d in grades if grades[d] > 0), key=lambda d: (-grades[d], d)))

    def sample(self, limit: int | None, *, seed: int = 0) -> tuple[Query, ...]:
        """The first `limit` queries of a seeded shuffle, so that a larger limit keeps the smaller one's.

        Raises:
            DatasetError: when the limit is below 1.
        """
        if limit is not None and limit < 1:
            raise DatasetError(f"The limit is {limit} queries; at least 1 is needed.")
        order = list(self.queries)
        random.Random(seed).shuffle(order)  # noqa: S311  # a sample, not a secret
        return tuple(order[:limit])

    @property
    def digest(self) -> str:
        """Hash of the documents, queries and judgements."""
        hasher = hashlib.blake2b(digest_size=8)
        for part in (
            self.documents,
            self.queries,
            sorted((q, sorted(g.items())) for q, g in self.qrels.items()),
        ):
            hasher.update(repr(part).encode())
        return hasher.hexdigest()


def load_dataset(source: str | Path, *, split: str = "test") -> Dataset:
    """The dataset that a name or a folder stands for.

    Args:
        source: `pydocs`, or a folder in BEIR's layout.
        split: which `qrels/<split>.tsv` to read where the folder has several.

    Raises:
        DatasetError: when the folder is missing or broken; the message names the file and the line.
    """
    if str(source) == "pydocs":
        return _pydocs()
    return read_beir(Path(source), split=split)


def _pydocs() -> Dataset:
    documents = tuple(Document(*document) for document in pydocs.read_documents())
    known = {document.id for document in documents}
    questions = read_questions()
    qrels = {q.id: dict.fromkeys((d for d in q.relevant if d in known), 1) for q in questions}
    return Dataset(
        name="pydocs",
        documents=documents,
        queries=tuple(Query(q.id, q.text, q.answers) for q in questions if qrels[q.id]),
        qrels={query: grades for query, grades in qrels.items() if grades},
        dropped_judgements=sum(d not in known for q in questions for d in q.relevant),
    )


def read_documents(source: str | Path) -> tuple[Document, ...]:
    """Documents to index, whatever they lie in.

    Args:
        source: `pydocs`, a folder in BEIR's layout, a `.jsonl` file like its corpus ({"_id", "title"?,
            "text"}), or a folder of `.txt` and `.md` files, each a document.

    Raises:
        DatasetError: when there are no documents, or a file is broken; the message names the file.
    """
    path = Path(source)
    if str(source) == "pydocs":
        return _pydocs().documents
    if path.is_file() and path.suffix == ".jsonl":
        return tuple(_corpus(path).values())
    if (path / "corpus.jsonl").is_file():
        return tuple(_corpus(path / "corpus.jsonl").values())
    files = sorted(file for file in path.rglob("*") if file.suffix in {".txt", ".md"} and file.is_file())
    if not files:
        raise DatasetError(
            f"There are no documents in {str(source)!r}; give 'pydocs', a folder in BEIR's layout, a .jsonl "
            "file, or a folder of .txt and .md files."
        )
    return tuple(Document(str(file.relative_to(path)), "", _read_text(file)) for file in files)


def read_beir(folder: Path, *, split: str = "test") -> Dataset:
    """Read a folder in BEIR's layout (Thakur et al. 2021, github.com/beir-cellar/beir).

    It holds `corpus.jsonl` ({"_id", "title", "text"}), `queries.jsonl` ({"_id", "text", "answers"?}) and
    `qrels.tsv` or `qrels/<split>.tsv` (query-id, corpus-id, score, with a header line).

    Args:
        folder: where the files are.
        split: which of several qrels to read.

    Raises:
        DatasetError: when a file is missing or broken; the message names the file and the line.
    """
    if not folder.is_dir():
        raise DatasetError(f"There is no folder {str(folder)!r}; give 'pydocs' or a folder in BEIR's layout.")
    documents = _corpus(folder / "corpus.jsonl")
    queries = {query.id: query for query in read_queries(folder / "queries.jsonl")}
    path = _qrels_path(folder, split)
    qrels = _qrels(path, documents, queries)
    judged = tuple(
        query for query in queries.values() if any(g > 0 for g in qrels.get(query.id, {}).values())
    )
    if not judged:
        raise DatasetError(
            f"{path}: no query has a relevant document (a score above 0); nothing can be measured."
        )
    return Dataset(
        name=folder.resolve().name,
        documents=tuple(documents.values()),
        queries=judged,
        qrels={query.id: qrels[query.id] for query in judged},
    )


def read_queries(path: Path) -> tuple[Query, ...]:
    """Queries of a file like BEIR's `queries.jsonl`, judged or not; errors are those of `read_beir`."""
    queries: dict[str, Query] = {}
    for where, record in _records(path):
        key = _new_id(where, record, queries)
        if not (text := _text(where, record, "text").strip()):
            raise DatasetError(f"{where}: query {key!r} has an empty text.")
        queries[key] = Query(key, text, _answers(where, record))
    return tuple(queries.values())


def _corpus(path: Path) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for where, record in _records(path):
        key = _new_id(where, record, documents)
        title, text = _text(where, record, "title", default=""), _text(where, record, "text")
        documents[key] = Document(key, title, text)
    return documents


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: not UTF-8 text ({error.reason} at byte {error.start}).") from error


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.is_file():
        raise DatasetError(f"{path} is missing; BEIR's layout has corpus.jsonl, queries.jsonl and qrels.tsv.")
    empty = True
    with path.open(encoding="utf-8") as file:
        try:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                where = f"{path}, line {number}"
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise DatasetError(f"{where}: not valid JSON ({error.msg}).") from error
                if not isinstance(record, dict):
                    raise DatasetError(
                        f"{where}: a JSON object is needed, this is a {type(record).__name__}."
                    )
                empty = False
                yield where, record
        except UnicodeDecodeError as error:
            raise DatasetError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}).") from error
    if empty:
        raise DatasetError(f"{path} is empty; at least one line is needed.")


def _new_id(where: str, record: Mapping[str, Any], seen: Mapping[str, object]) -> str:
    key = record.get("_id")
    if not isinstance(key, (str, int)) or isinstance(key, bool) or key == "":
        raise DatasetError(f"{where}: no '_id'; every line needs one.")
    if str(key) in seen:
        raise DatasetError(f"{where}: '_id' {str(key)!r} was used before; ids must differ.")
    return _encodable(where, str(key))


def _text(where: str, record: Mapping[str, Any], field: str, *, default: str | None = None) -> str:
    value = record.get(field, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise DatasetError(f"{where}: {field!r} is missing or not a string.")
    return _encodable(where, value)


def _encodable(where: str, text: str) -> str:
    """The text, unless half a surrogate pair is in it, which no tokenizer or file takes."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DatasetError(f"{where}: a lone surrogate at character {error.start} is no text.") from error
    return text


def _answers(where: str, record: Mapping[str, Any]) -> tuple[str, ...]:
    answers = record.get("answers") or []
    answers = [answers] if isinstance(answers, str) else answers
    if not isinstance(answers, list) or not all(isinstance(answer, str) for answer in answers):
        raise DatasetError(f"{where}: 'answers' must be a string or a list of strings.")
    return tuple(_encodable(where, answer) for answer in answers if answer.strip())


def _qrels_path(folder: Path, split: str) -> Path:
    candidates = [folder / "qrels.tsv", folder / "qrels" / f"{split}.tsv"]
    others = sorted((folder / "qrels").glob("*.tsv"))
    for path in [*candidates, *(others if len(others) == 1 else [])]:
        if path.is_file():
            return path
    found = f"; found are {', '.join(path.stem for path in others)}" if others else ""
    raise DatasetError(f"{folder} has neither qrels.tsv nor qrels/{split}.tsv{found}.")


def _qrels(
    path: Path, documents: Mapping[str, Document], queries: Mapping[str, Query]
) -> dict[str, dict[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        fields = line.split("\t")
        if not line.strip() or (number == 1 and fields[-1].strip().lower() == "score"):
            continue
        where = f"{path}, line {number}"
        if len(fields) != 3:
            raise DatasetError(
                f"{where}: {len(fields)} fields; query-id, corpus-id and score are needed, by tabs."
            )
        query, document, score = (field.strip() for field in fields)
        if query not in queries:
            raise DatasetError(f"{where}: query {query!r} is not in queries.jsonl.")
        if document not in documents:
            raise DatasetError(f"{where}: document {document!r} is not in corpus.jsonl.")
        try:
            qrels.setdefault(query, {})[document] = int(score)
        except ValueError:
            raise DatasetError(f"{where}: score {score!r} is not a whole number.") from None
    return qrels
