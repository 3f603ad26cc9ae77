"""Questions from a table: CSV or JSONL files, RAGAS's test sets, rows of a public hub."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from norm_aware.benchmark.datasets.beir import kind_of
from norm_aware.benchmark.datasets.corpus import read_documents
from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.datasets.passages import PassageFinder, passage_id
from norm_aware.benchmark.datasets.records import (
    csv_rows,
    encodable,
    new_id,
    text_field,
    texts_field,
)
from norm_aware.errors import DatasetError
from norm_aware.json_lines import Record, json_lines

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "question": ("user_input", "question", "query", "text"),
    "answers": (
        "reference",
        "ground_truth",
        "ground_truths",
        "reference_answer",
        "expected_answer",
        "gold_answers",
        "gold_answer",
        "answers",
        "answer",
    ),
    "contexts": ("reference_contexts", "contexts", "context", "passages", "passage"),
    "documents": ("documents", "document_ids", "reference_context_ids", "relevant_ids"),
    "id": ("id", "_id", "query_id", "question_id"),
    "corpus": ("corpus",),
}
"""What a column may be called; of several the first that a row fills counts. Kinds: see `kind_of`."""

_HOP = re.compile(r"\A<\d+-hop>\s*")  # put by RAGAS before each context of a question over several


def read_table(path: Path, *, corpus: str | Path | None = None) -> Dataset:
    """Read a CSV, TSV or JSONL file of questions with answers, contexts or relevant documents.

    Columns go by the names in `COLUMNS`; a list in a CSV cell is written as in JSON or Python. RAGAS's
    exports of a test set are such files.

    Args:
        path: the file.
        corpus: documents to search, as `read_documents` takes them; without it the rows' own `corpus`, else
            the contexts are the documents.

    Raises:
        DatasetError: when the file is missing or broken, or nothing is to be searched; the message names the
            file and the line.
    """
    records = csv_rows(path) if path.suffix in {".csv", ".tsv"} else json_lines(path, hint=_FORM)
    return dataset_from_rows(path.stem, records, corpus=corpus)


def dataset_from_rows(
    name: str, records: Iterable[Record], *, corpus: str | Path | Sequence[Document] | None = None
) -> Dataset:
    """The dataset of rows that a table holds; see `read_table`.

    Args:
        name: for reports.
        records: each row with where it stands, as errors name it.
        corpus: documents to search, or what they lie in.

    Raises:
        DatasetError: for a row without a question, a used id, or an unknown document; and when there is
            nothing to search.
    """
    rows: dict[str, _Row] = {}
    for where, record in records:
        row = _read(where, record, rows, len(rows) + 1)
        rows[row.query.id] = row
    if not rows:
        raise DatasetError(f"{name} has no questions; at least one row is needed.")
    sources = {row.corpus for row in rows.values() if row.corpus}
    if corpus is None and len(sources) > 1:
        told = ", ".join(sorted(sources))
        raise DatasetError(f"{name} names several corpora ({told}); give one by --corpus.")
    corpus = next(iter(sources), None) if corpus is None else corpus
    if corpus is None:
        return _over_contexts(name, rows)
    documents = read_documents(corpus) if isinstance(corpus, str | Path) else tuple(corpus)
    return _over_documents(name, rows, documents)


class _Row(NamedTuple):
    """One row as it was read: the query, and the ids of the documents that answer it."""

    where: str
    query: Query
    documents: tuple[str, ...]
    corpus: str | None


def _read(where: str, record: Mapping[str, Any], seen: Mapping[str, object], number: int) -> _Row:
    fields = {meaning: _column(record, names) for meaning, names in COLUMNS.items()}
    if (column := fields["question"]) is None:
        raise DatasetError(
            f"{where}: no question; it stands in a column {_either('question')}, and found are "
            f"{', '.join(map(repr, record))}."
        )
    if not isinstance(record[column], str):
        raise DatasetError(
            f"{where}: {column!r} is a {type(record[column]).__name__}; one question as text is needed, "
            "conversations cannot be asked."
        )
    text = text_field(where, record, column).strip()
    key = f"q{number}" if fields["id"] is None else record[fields["id"]]
    evaluated = record.get("answer") and _column(record, ("ground_truth", "ground_truths")) is not None
    query = Query(
        new_id(where, key, seen, field=fields["id"] or "id"),
        text,
        _texts(where, record, fields["answers"]),
        kind_of(record),
        # beside an answer and its ground truth, RAGAS's old files hold what a system retrieved
        () if evaluated and fields["contexts"] == "contexts" else _texts(where, record, fields["contexts"]),
    )
    corpus = None if fields["corpus"] is None else text_field(where, record, fields["corpus"])
    return _Row(where, query, _texts(where, record, fields["documents"]), corpus)


def _column(record: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((name for name in names if record.get(name) not in (None, "", [], ())), None)


def _texts(where: str, record: Mapping[str, Any], column: str | None) -> tuple[str, ...]:
    if column is None:
        return ()
    value = record[column]
    if isinstance(value, Mapping) and "text" in value:  # SQuAD's answers lie beside their places
        value = value["text"]
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _listed(value)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if isinstance(value, int | float):
        value = str(value)
    texts = texts_field(where, {column: value}, column)
    return tuple(dict.fromkeys(_HOP.sub("", text) for text in texts))


def _listed(cell: str) -> Any:
    """The list that a cell spells out as JSON or Python; the cell itself where it is no list."""
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, list):
            return found
    return cell


def _over_contexts(name: str, rows: Mapping[str, _Row]) -> Dataset:
    documents: dict[str, Document] = {}
    qrels: dict[str, dict[str, int]] = {}
    for key, row in rows.items():
        contexts = row.query.contexts
        named = row.documents if len(row.documents) == len(contexts) else map(passage_id, contexts)
        for document, text in zip(named, contexts, strict=True):
            known = documents.setdefault(document, Document(document, "", encodable(row.where, text)))
            if known.text != text and passage_id(known.text) != passage_id(text):
                raise DatasetError(f"{row.where}: document {document!r} had another text before.")
            qrels.setdefault(key, {})[document] = 1
    if not documents:
        raise DatasetError(
            f"{name} has no contexts, so there is nothing to search; name the documents by --corpus, or give "
            f"a column {_either('contexts')}."
        )
    # the documents say what the contexts said
    queries = tuple(Query(r.query.id, r.query.text, r.query.answers, r.query.kind) for r in rows.values())
    return Dataset(name, tuple(documents.values()), queries, qrels)


def _over_documents(name: str, rows: Mapping[str, _Row], documents: tuple[Document, ...]) -> Dataset:
    known = {document.id for document in documents}
    finder = PassageFinder(documents)
    qrels: dict[str, dict[str, int]] = {}
    dropped = 0
    for key, row in rows.items():
        if row.documents:
            if absent := [document for document in row.documents if document not in known]:
                raise DatasetError(f"{row.where}: document {absent[0]!r} is not in the corpus.")
            found = row.documents
        else:
            places = [finder.find(context) for context in row.query.contexts]
            dropped += sum(not place for place in places)
            found = tuple(document for place in places for document in place)
        if found:
            qrels[key] = dict.fromkeys(found, 1)
    return Dataset(name, documents, tuple(row.query for row in rows.values()), qrels, dropped)


def _either(meaning: str) -> str:
    return " or ".join(repr(name) for name in COLUMNS[meaning])


_FORM = f"give a CSV or JSONL file with a column {_either('question')}"
