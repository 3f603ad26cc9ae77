"""From what a user names to a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from norm_aware.benchmark.datasets.beir import read_beir
from norm_aware.benchmark.datasets.corpus import read_documents
from norm_aware.benchmark.datasets.dataset import Dataset, Query
from norm_aware.benchmark.datasets.judged import judged_dataset
from norm_aware.benchmark.datasets.pydocs import read_questions
from norm_aware.benchmark.datasets.table import dataset_from_rows, read_table
from norm_aware.errors import DatasetError
from norm_aware.json_lines import Record

_TABLES = {".csv", ".tsv", ".jsonl"}
_SOURCES = (
    "give 'pydocs', a folder in BEIR's layout, a .csv or .jsonl file of questions, ir_datasets:NAME or "
    "hf:NAME"
)


@runtime_checkable
class Listed(Protocol):
    """RAGAS's `Testset` and `EvaluationDataset`, or anything else that lists its rows."""

    def to_list(self) -> list[dict[str, Any]]:
        """A mapping for each row."""


Source = str | Path | Listed | Sequence[Mapping[str, Any]]
"""What `load_dataset` takes."""


def load_dataset(source: Source, *, split: str = "test", corpus: str | Path | None = None) -> Dataset:
    """The dataset that a name, a path or a value of Python stands for.

    Args:
        source: `pydocs`; a folder in BEIR's layout; a CSV or JSONL file of questions with answers, contexts
            or relevant documents; RAGAS's `Testset` or `EvaluationDataset`, or a list of such rows;
            `ir_datasets:NAME`; `hf:NAME`.
        split: which qrels or split to read where there are several.
        corpus: documents that a table's questions are asked of, as `read_documents` takes them.

    Raises:
        DatasetError: when it is missing or broken; the message names the file and the line.
        MissingExtraError: when a hub's library is not installed.

    Example:
        >>> rows = [{"user_input": "Where is the Louvre?", "reference_contexts": ["It stands in Paris."]}]
        >>> load_dataset(rows).fields()
        {'answers': 0, 'judgements': 1, 'contexts': 1}
    """
    if not isinstance(source, str | Path):
        rows = source.to_list() if isinstance(source, Listed) else source
        return dataset_from_rows(type(source).__name__.lower(), _numbered(rows), corpus=corpus)
    scheme, _, rest = str(source).partition(":")
    path = Path(source)
    if scheme == "hf" and rest:
        from norm_aware.benchmark.datasets.hugging_face import read_hugging_face

        return read_hugging_face(rest, split=split, corpus=corpus)
    if path.suffix in _TABLES and not path.is_dir():
        return read_table(path, corpus=corpus)
    if corpus is not None:
        raise DatasetError(f"{str(source)!r} brings its own documents; leave --corpus out.")
    if scheme == "ir_datasets" and rest:
        from norm_aware.benchmark.datasets.ir_datasets_hub import read_ir_dataset

        return read_ir_dataset(rest)
    if str(source) == "pydocs":
        return _pydocs()
    if not path.is_dir():
        raise DatasetError(f"There is no folder {str(source)!r}; {_SOURCES}.")
    return read_beir(path, split=split)


def _numbered(rows: Iterable[Any]) -> Iterator[Record]:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise DatasetError(
                f"row {number}: a {type(row).__name__}, where a mapping of columns is needed; a data frame "
                'gives them by to_dict("records").'
            )
        yield f"row {number}", dict(row)


def _pydocs() -> Dataset:
    questions = read_questions()
    return judged_dataset(
        "pydocs",
        read_documents("pydocs"),
        (Query(q.id, q.text, q.answers) for q in questions),
        ((q.id, document, 1) for q in questions for document in q.relevant),
    )
