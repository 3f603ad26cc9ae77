"""Datasets of the ir_datasets catalogue by name (MacAvaney et al. 2021, ir-datasets.com)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.datasets.judged import judged_dataset
from norm_aware.errors import DatasetError, MissingExtraError, first_line

_NEEDED = ("docs", "queries", "qrels")


def read_ir_dataset(name: str) -> Dataset:
    """A dataset of ir_datasets, downloaded by it on first use into `IR_DATASETS_HOME`.

    Args:
        name: as in the catalogue, such as `beir/scifact/test`, or registered by the caller.

    Raises:
        DatasetError: when there is none of this name, it lacks documents, queries or judgements, or it
            cannot be downloaded.
        MissingExtraError: when ir_datasets is not installed.
    """
    try:
        import ir_datasets
    except ImportError as error:
        raise MissingExtraError(
            'Reading ir_datasets:NAME needs ir_datasets; install it with pip install "norm-aware[hubs]".'
        ) from error
    try:
        source: Any = ir_datasets.load(name)
    except KeyError:
        raise DatasetError(
            f"ir_datasets knows no {name!r}; ir-datasets.com lists what it has, such as beir/scifact/test."
        ) from None
    if missing := [part for part in _NEEDED if not getattr(source, f"has_{part}")()]:
        raise DatasetError(
            f"ir_datasets:{name} has no {' and no '.join(missing)}; take one of its subsets that has, "
            f"such as {name}/test."
        )
    try:
        return judged_dataset(name, _documents(source), _queries(source), _grades(source))
    except DatasetError:
        raise
    except Exception as error:  # download, disk and format each raise their own
        reason = first_line(error).rstrip(".")
        raise DatasetError(
            f"ir_datasets:{name} cannot be read: {reason}. Check the network, or put the files where "
            "IR_DATASETS_HOME says."
        ) from None


def _documents(source: Any) -> Iterator[Document]:
    for found in source.docs_iter():
        text: Any = getattr(found, "text", None)
        whole = not isinstance(text, str)  # a form of its own, which knows what to show
        title = "" if whole else getattr(found, "title", "")
        yield Document(found.doc_id, title or "", found.default_text() if whole else text)


def _queries(source: Any) -> Iterator[Query]:
    for found in source.queries_iter():
        yield Query(found.query_id, found.default_text())


def _grades(source: Any) -> Iterator[tuple[str, str, float]]:
    for found in source.qrels_iter():
        yield found.query_id, found.doc_id, found.relevance
