"""Training pairs: a query, a document relevant to it, and documents that are hard to tell from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from norm_aware.errors import DatasetError
from norm_aware.json_lines import Record, json_lines

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

_TEXT = ("document", "positive", "passage", "answer_passage")
_NAMELESS = "no source"
_ID = ("document_id", "passage_id", "positive_id")


@dataclass(frozen=True, slots=True)
class Pair:
    """What a model learns from.

    Attributes:
        query: its text.
        document: text of a relevant document.
        negatives: texts that are not relevant, hard ones first.
        source: where the pair comes from; empty where nothing is said.
    """

    query: str
    document: str
    negatives: tuple[str, ...] = ()
    source: str = ""


def read_pairs(path: Path, *, passages: Path | None = None) -> list[Pair]:
    """Read pairs of a JSONL file, gzipped or not.

    Args:
        path: a line holds `query`, the relevant text as `document` (or `positive` or `passage`) or its id as
            `passage_id` (or `document_id`), and optionally `negatives`, a list of texts or ids, and `source`.
        passages: JSONL file of the passages that ids name ({"_id", "title"?, "text"}); by default
            `passages.jsonl` or `passages.jsonl.gz` beside the pairs.

    Raises:
        DatasetError: when a file is missing or a line is broken; the message names file and line.
    """
    texts: dict[str, str] | None = None
    found = []
    for where, record in read_lines(path):
        query = _string(where, record, "query")
        name = next((key for key in _TEXT if key in record), None)
        if name is None or "negatives" in record:
            texts = _passages(path, passages) if texts is None else texts
        if name is not None:
            document = _string(where, record, name)
        else:
            key = next((key for key in _ID if key in record), None)
            if key is None:
                raise DatasetError(f"{where}: neither a 'document' nor a 'passage_id' is given.")
            document = _known(where, str(record[key]), texts or {})
        negatives: Any = record.get("negatives") or []
        if not isinstance(negatives, list) or not all(isinstance(negative, str) for negative in negatives):
            raise DatasetError(f"{where}: 'negatives' must be a list of texts or of passages' ids.")
        hard = tuple(str((texts or {}).get(negative, negative)) for negative in negatives)
        found.append(Pair(query, document, hard, str(record.get("source", ""))))
    return found


def check_pairs(pairs: Sequence[Pair], *, one_source: bool = False, mined: bool = False) -> None:
    """Refuse pairs that would be refused, or teach nothing, only when much work is done.

    Args:
        pairs: to train on.
        one_source: whether batches are of one source each.
        mined: whether every pair is going to be given hard negatives.

    Raises:
        DatasetError: when some pairs (of a source) have fewer hard negatives than others, or a source has a
            single pair and no hard negative, from which nothing would be learnt.
    """
    groups = _by_source(pairs) if one_source else {_NAMELESS: list(pairs)}
    for group in groups.values():
        _count_negatives(group)
    lone = [source for source, group in groups.items() if len(group) == 1 and not group[0].negatives]
    if lone and not mined:
        raise DatasetError(
            f"{len(lone)} of {len(groups)} sources have a single pair without hard negatives, such as "
            f"{lone[0]!r}; in a batch of one source it is told from nothing. Leave such pairs out, give them "
            "negatives, or mix the sources."
        )


def as_dataset(pairs: Sequence[Pair]) -> Dataset:
    """The pairs as sentence-transformers trains on them: columns of texts, a hard negative each.

    Raises:
        MissingExtraError: when the datasets library is not installed.
        DatasetError: when some pairs have fewer hard negatives than others.
    """
    from norm_aware.training.extra import require_training

    require_training()
    from datasets import Dataset

    negatives = _count_negatives(pairs)
    columns: dict[str, list[str]] = {
        "query": [pair.query for pair in pairs],
        "document": [pair.document for pair in pairs],
    }
    for i in range(negatives):
        columns[f"negative_{i + 1}"] = [pair.negatives[i] for pair in pairs]
    return Dataset.from_dict(columns)


def by_source(pairs: Sequence[Pair]) -> DatasetDict:
    """The pairs as one dataset a source, of which sentence-transformers makes batches of one source each.

    Its own sampler draws the sources' batches in proportion to how many each has.

    Raises:
        MissingExtraError: when the datasets library is not installed.
        DatasetError: when some pairs of a source have fewer hard negatives than others.
    """
    found = {source: as_dataset(group) for source, group in _by_source(pairs).items()}
    from datasets import DatasetDict

    return DatasetDict(found)


def count_batches(dataset: Dataset | DatasetDict, size: int) -> int:
    """Batches of at most `size` pairs that once over the pairs makes, no batch holding two sources'."""
    parts = dataset.values() if isinstance(dataset, dict) else [dataset]
    return sum(math.ceil(len(part) / size) for part in parts)


def read_lines(path: Path) -> Iterator[Record]:
    """The JSON objects of a JSONL file, gzipped or not, each with where it stands.

    Raises:
        DatasetError: when the file is missing, empty or broken.
    """
    if not path.is_file():
        raise DatasetError(f"There is no file {str(path)!r}; give a JSONL file of training pairs.")
    yield from json_lines(path, hint="give a JSONL file of training pairs")


def _by_source(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.source or _NAMELESS, []).append(pair)
    return groups


def _count_negatives(pairs: Sequence[Pair]) -> int:
    """Hard negatives that every pair has."""
    counts = {len(pair.negatives) for pair in pairs}
    if len(counts) > 1:
        raise DatasetError(
            f"Pairs have {min(counts)} to {max(counts)} hard negatives; give every pair the same number."
        )
    return max(counts, default=0)


def _passages(pairs: Path, given: Path | None) -> dict[str, str]:
    beside = [pairs.with_name(name) for name in ("passages.jsonl", "passages.jsonl.gz")]
    path = given or next((path for path in beside if path.is_file()), None)
    if path is None:
        return {}
    texts = {}
    for where, record in read_lines(path):
        title, text = str(record.get("title") or ""), _string(where, record, "text")
        texts[str(record.get("_id"))] = f"{title}\n{text}" if title else text
    return texts


def _known(where: str, key: str, texts: Mapping[str, str]) -> str:
    if key not in texts:
        raise DatasetError(
            f"{where}: passage {key!r} is not among {len(texts)} passages; give their file, or put it beside."
        )
    return texts[key]


def _string(where: str, record: Mapping[str, Any], field: str) -> str:
    value = record.get(field)
    if not isinstance(value, str) or not value.strip():
        raise DatasetError(f"{where}: {field!r} is missing, empty or not a string.")
    return value
