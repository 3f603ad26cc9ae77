"""What is indexed, whatever it lies in, read one record after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from llama_index.core.schema import BaseNode

from norm_aware.errors import DatasetError, MissingExtraError
from norm_aware.ingestion import pydocs
from norm_aware.ingestion.files import Files
from norm_aware.ingestion.records import Found, read_line, read_record
from norm_aware.ingestion.skipped import MALFORMED, Skipped

Documents: TypeAlias = Iterable[BaseNode | Mapping[str, Any]]
"""Documents in Python: LlamaIndex's nodes or documents, or mappings with the fields of a `.jsonl` line."""

_ROWS = 1024  # of a Parquet file read at once
_CHUNK = 1 << 20


class Part(Protocol):
    """A piece of a source that one process reads."""

    def count(self) -> int | None:
        """How many records it has; None where that is not known before it is read."""

    def records(self) -> Iterator[list[Found]]:
        """The documents of each record, or why there are none."""


@dataclass
class Source:
    """Documents to index, in a stable order.

    Attributes:
        parts: what it consists of.
        judged: whether judgements name its documents, so that one of two equal texts is not to be left out.
        read: records read so far.
    """

    parts: list[Part]
    judged: bool = False
    read: int = field(init=False, default=0)

    @cached_property
    def total(self) -> int | None:
        """Records there are; None where that is not known."""
        counts = [part.count() for part in self.parts]
        return None if None in counts else sum(count or 0 for count in counts)

    def __iter__(self) -> Iterator[Found]:
        for part in self.parts:
            for record in part.records():
                self.read += 1
                yield from record


def open_source(source: str | Path | Documents, *, chunk_size: int) -> Source:
    """The documents that a name, a path or an iterable stands for.

    Args:
        source: `pydocs`; a `.jsonl` or `.parquet` file; a folder in BEIR's layout, of `.txt` and `.md` files,
            or of `.jsonl` and `.parquet` files; or documents.
        chunk_size: tokens in a part of a text file, at most.

    Raises:
        DatasetError: when there are no documents.
        MissingExtraError: for a `.parquet` file without pyarrow.
    """
    if not isinstance(source, (str, Path)):
        return Source([Given(source)])
    path = Path(source)
    if str(source) == "pydocs":
        return Source([Pydocs()], judged=True)
    if path.is_file() and path.suffix in _READERS:
        return Source([_READERS[path.suffix](path)])
    if (path / "corpus.jsonl").is_file():
        return Source([JsonLines(path / "corpus.jsonl")], judged=True)
    files = Files.find(path, chunk_size=chunk_size)
    if files.paths:
        return Source([files])
    found = sorted(file for suffix in _READERS for file in path.glob(f"*{suffix}"))
    if not found:
        raise DatasetError(
            f"There are no documents in {str(source)!r}; give 'pydocs', a .jsonl or .parquet file or a "
            "folder of them, a folder in BEIR's layout, or a folder of .txt and .md files."
        )
    return Source([_READERS[file.suffix](file) for file in found])


class Pydocs:
    """The documentation that the running interpreter carries."""

    @cached_property
    def _documents(self) -> list[tuple[str, str, str]]:
        return pydocs.read_documents()

    def count(self) -> int:
        """How many passages and docstrings there are."""
        return len(self._documents)

    def records(self) -> Iterator[list[Found]]:
        """Each passage and docstring."""
        for id_, title, text in self._documents:
            yield [read_record({"id": id_, "title": title, "text": text}, f"pydocs, {id_}")]


@dataclass(frozen=True)
class JsonLines:
    """A file with a JSON object a line."""

    path: Path

    def count(self) -> int:
        """How many lines there are, which takes a second a gigabyte."""
        with self.path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))

    def records(self) -> Iterator[list[Found]]:
        """The document of each line that is not blank."""
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield [read_line(line, f"{self.path}, line {number}")]


@dataclass(frozen=True)
class Parquet:
    """A Parquet file with the columns of a `.jsonl` line's fields; others are not read."""

    path: Path

    def count(self) -> int:
        """How many rows there are, as its footer says."""
        with self._open() as file:
            return int(file.metadata.num_rows)

    def records(self) -> Iterator[list[Found]]:
        """The document of each row."""
        with self._open() as file:
            names = file.schema_arrow.names
            columns = [name for name in ("_id", "id", "title", "text", "metadata") if name in names]
            if "text" not in columns or not {"_id", "id"} & set(columns):
                raise DatasetError(
                    f"{self.path} has the columns {', '.join(names)}; 'text' and '_id' or 'id' are needed."
                )
            rows = (
                row
                for batch in file.iter_batches(batch_size=_ROWS, columns=columns)
                for row in batch.to_pylist()
            )
            for number, row in enumerate(rows, start=1):
                yield [read_record(row, f"{self.path}, row {number}")]

    def _open(self) -> Any:
        try:
            from pyarrow import ArrowException
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise MissingExtraError(
                f'Reading {self.path} needs pyarrow; `pip install "norm-aware[bulk]"` brings it.'
            ) from None
        try:
            return ParquetFile(self.path)
        except (ArrowException, OSError) as error:
            raise DatasetError(f"{self.path} cannot be read as Parquet ({error}).") from error


@dataclass(frozen=True)
class Given:
    """Documents that Python hands over."""

    documents: Documents

    def count(self) -> int | None:
        """Known for a list, not for a generator."""
        return len(self.documents) if isinstance(self.documents, Sized) else None

    def records(self) -> Iterator[list[Found]]:
        """The node of each document."""
        for number, document in enumerate(self.documents, start=1):
            where = f"document {number}"
            if isinstance(document, BaseNode):
                yield [Found(where, document)]
            elif isinstance(document, Mapping):
                yield [read_record(document, where)]
            else:
                told = f"a {type(document).__name__}; a node or a mapping is needed"
                yield [Found(where, Skipped(where, MALFORMED, told))]


_READERS: dict[str, Callable[[Path], Part]] = {".jsonl": JsonLines, ".parquet": Parquet}
