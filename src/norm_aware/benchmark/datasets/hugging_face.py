"""Datasets of the Hugging Face hub by name, or in a local folder of the same layout."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from norm_aware.benchmark.datasets.beir import kind_of
from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.datasets.judged import judged_dataset
from norm_aware.benchmark.datasets.records import text_field, texts_field
from norm_aware.benchmark.datasets.table import dataset_from_rows
from norm_aware.errors import DatasetError, MissingExtraError, first_line
from norm_aware.json_lines import Record


def read_hugging_face(name: str, *, split: str = "test", corpus: str | Path | None = None) -> Dataset:
    """A dataset of the hub: BEIR's tables, as in `BeIR/*` and `mteb/*`, or a table of questions and answers.

    The first has the configurations `corpus` and `queries`, and its judgements in `qrels`, in `default` or
    in a dataset of its own, `NAME-qrels`. Any other is read as `read_table` reads a file, so that SQuAD's
    contexts become the documents.

    Args:
        name: `OWNER/NAME`, with `:CONFIGURATION` where it has several; a local folder's path also.
        split: which split of the judgements or the table; where there is no `test`, `validation`.
        corpus: documents to search, for a table.

    Raises:
        DatasetError: when it cannot be loaded or read; the message says why.
        MissingExtraError: when the datasets library is not installed.
    """
    repository, configuration = _parted(name)
    names = _configurations(repository)
    shown = Path(repository).resolve().name if Path(repository).is_dir() else repository
    if {"corpus", "queries"} <= set(names):
        if corpus is not None:
            raise DatasetError(f"hf:{name} brings its own documents; leave --corpus out.")
        documents = [_document(*row) for row in _rows(repository, "corpus", "corpus")]
        queries = [_query(*row) for row in _rows(repository, "queries", "queries")]
        judged = next((own for own in ("qrels", "default") if own in names), None)
        beside = repository if judged else f"{repository}-qrels"
        grades = [_grade(*row) for row in _rows(beside, judged, split)]
        return judged_dataset(shown, documents, queries, grades)
    if configuration is None and len(names) > 1 and "default" not in names:
        raise DatasetError(
            f"hf:{name} has the configurations {', '.join(names)}; name one, as in hf:{name}:{names[0]}."
        )
    return dataset_from_rows(shown, _rows(repository, configuration, split), corpus=corpus)


def _parted(name: str) -> tuple[str, str | None]:
    if Path(name).is_dir():  # whose path may hold a colon
        return name, None
    repository, _, configuration = name.partition(":")
    return repository, configuration or None


def _configurations(repository: str) -> list[str]:
    library = _library()
    try:
        return list(library.get_dataset_config_names(repository))
    except Exception as error:
        raise DatasetError(_failure(repository, error)) from None


def _rows(repository: str, configuration: str | None, split: str) -> Iterator[Record]:
    try:
        tables = _library().load_dataset(repository, configuration)
    except Exception as error:  # network, disk and format each raise their own
        raise DatasetError(_failure(repository, error)) from None
    chosen = _split(repository, list(tables), split)
    for number, row in enumerate(tables[chosen], start=1):
        yield f"hf:{repository}, {chosen} row {number}", row


def _split(repository: str, names: list[str], split: str) -> str:
    if split in names:
        return split
    if len(names) == 1:
        return names[0]
    if split == "test" and "validation" in names:
        return "validation"
    raise DatasetError(f"hf:{repository} has no split {split!r}; it has {', '.join(names)}.")


def _document(where: str, row: Mapping[str, Any]) -> Document:
    title = text_field(where, row, "title", default="")
    return Document(_id(where, row, "_id", "id"), title, text_field(where, row, "text"))


def _query(where: str, row: Mapping[str, Any]) -> Query:
    return Query(
        _id(where, row, "_id", "id"),
        text_field(where, row, "text"),
        texts_field(where, row, "answers"),
        kind_of(row),
    )


def _grade(where: str, row: Mapping[str, Any]) -> tuple[str, str, float]:
    score = row.get("score", 1)
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise DatasetError(f"{where}: score {score!r} is not a number.")
    return _id(where, row, "query-id", "query_id"), _id(where, row, "corpus-id", "corpus_id"), score


def _id(where: str, row: Mapping[str, Any], *names: str) -> str:
    found = next((row[name] for name in names if row.get(name) not in (None, "")), None)
    if found is None:
        raise DatasetError(f"{where}: no {names[0]!r}; the columns are {', '.join(row)}.")
    return str(found)


def _failure(repository: str, error: Exception) -> str:
    offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0") else ""
    reason = first_line(error).rstrip(".")
    return (
        f"hf:{repository} cannot be loaded{offline}: {reason}. Check the name and the network, or give the "
        "path of a local copy."
    )


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError(
            "Reading datasets of the Hugging Face hub needs datasets; install it with "
            'pip install "norm-aware[hubs]".'
        ) from error
    datasets.disable_progress_bars()
    return datasets
