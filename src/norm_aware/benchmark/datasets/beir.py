"""Reads folders in BEIR's layout (Thakur et al. 2021, github.com/beir-cellar/beir)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.datasets.records import new_id, read_text, text_field, texts_field
from norm_aware.errors import DatasetError
from norm_aware.json_lines import json_lines

_LAYOUT = "BEIR's layout has corpus.jsonl, queries.jsonl and qrels.tsv"
_KINDS = ("kind", "type", "question_type", "synthesizer_name", "evolution_type")
"""Fields of a query, or of its `metadata`, that say what sort of question it is; the first found counts."""


def read_beir(folder: Path, *, split: str = "test") -> Dataset:
    """Read a folder in BEIR's layout.

    It holds `corpus.jsonl` ({"_id", "title", "text"}), `queries.jsonl` ({"_id", "text", "answers"?, "kind"?})
    and `qrels.tsv` or `qrels/<split>.tsv` (query-id, corpus-id, score, with a header line). Where there are
    no qrels at all, the queries that have gold answers are kept.

    Args:
        folder: where the files are.
        split: which of several qrels to read.

    Raises:
        DatasetError: when a file is missing or broken; the message names the file and the line.
    """
    if not folder.is_dir():
        raise DatasetError(f"There is no folder {str(folder)!r}; give 'pydocs' or a folder in BEIR's layout.")
    documents = read_corpus(folder / "corpus.jsonl")
    queries = {query.id: query for query in read_queries(folder / "queries.jsonl")}
    name = folder.resolve().name
    answered = tuple(query for query in queries.values() if query.answers)
    if answered and not (folder / "qrels.tsv").exists() and not (folder / "qrels").exists():
        return Dataset(name, tuple(documents.values()), answered, {})
    path = _qrels_path(folder, split)
    qrels = _qrels(path, documents, queries)
    judged = tuple(
        query for query in queries.values() if any(g > 0 for g in qrels.get(query.id, {}).values())
    )
    if not judged:
        raise DatasetError(
            f"{path}: no query has a relevant document (a score above 0); nothing can be measured."
        )
    return Dataset(name, tuple(documents.values()), judged, {query.id: qrels[query.id] for query in judged})


def read_queries(path: Path) -> tuple[Query, ...]:
    """Queries of a file like BEIR's `queries.jsonl`, judged or not; errors are those of `read_beir`."""
    queries: dict[str, Query] = {}
    for where, record in json_lines(path, hint=_LAYOUT):
        key = new_id(where, record.get("_id"), queries)
        if not (text := text_field(where, record, "text").strip()):
            raise DatasetError(f"{where}: query {key!r} has an empty text.")
        queries[key] = Query(key, text, texts_field(where, record, "answers"), kind_of(record))
    return tuple(queries.values())


def kind_of(record: Mapping[str, Any]) -> str | None:
    """What sort of question a record says it is, itself or in its `metadata`; None where it does not tell."""
    metadata = record.get("metadata")
    for fields in (record, metadata if isinstance(metadata, Mapping) else {}):
        for name in _KINDS:
            if isinstance(kind := fields.get(name), str) and kind.strip():
                return kind.strip()
    return None


def read_corpus(path: Path) -> dict[str, Document]:
    """Documents of a file like BEIR's `corpus.jsonl`, by id; errors are those of `read_beir`."""
    documents: dict[str, Document] = {}
    for where, record in json_lines(path, hint=_LAYOUT):
        key = new_id(where, record.get("_id"), documents)
        title, text = text_field(where, record, "title", default=""), text_field(where, record, "text")
        documents[key] = Document(key, title, text)
    return documents


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
    for number, line in enumerate(read_text(path).splitlines(), start=1):
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
