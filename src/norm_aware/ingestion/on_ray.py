"""The same indexing on many machines: Ray Data reads, and its workers embed and upload."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.schema import TextNode

from norm_aware import errors
from norm_aware.errors import MissingExtraError, NormAwareError, QueryError
from norm_aware.ingestion.bulk import IndexSummary, summary_of
from norm_aware.ingestion.checks import check
from norm_aware.ingestion.files import Files
from norm_aware.ingestion.indexer import Indexer, Outcome
from norm_aware.ingestion.manifest import Manifest
from norm_aware.ingestion.options import IndexOptions
from norm_aware.ingestion.seen import Seen
from norm_aware.ingestion.skipped import Skipped
from norm_aware.ingestion.sources import Part, open_source
from norm_aware.llamaindex.store import NormAwareVectorStore
from norm_aware.progress import Progress, silent

if TYPE_CHECKING:
    import pyarrow as pa

_FILES = 256  # text files that one task reads
_ROWS = 1024  # rows that a task hands on at once
_STAGE = "Embedding documents"
_OUTCOMES = ("new", "replaced", "unchanged")


@dataclass(frozen=True, slots=True)
class RayWorkers:
    """The workers that embed and upload, each with an encoder and a connection of its own.

    Args:
        count: how many there are.
        cpus: processors each takes.
        gpus: GPUs each takes, or a part of one.
    """

    count: int = 1
    cpus: float = 1.0
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.count < 1:
            raise QueryError(f"There are to be {self.count} workers; at least 1 is needed.")


def ray_index(
    source: str | Path,
    open_store: Callable[[], NormAwareVectorStore],
    *,
    workers: RayWorkers = RayWorkers(),  # a frozen value
    options: IndexOptions = IndexOptions(),  # noqa: B008  # a frozen value
    manifest: Path | None = None,
    progress: Progress = silent,
) -> IndexSummary:
    """`bulk_index` on a Ray cluster: the same ids, checks and outcome, into a Qdrant server.

    A worker that dies is started again and its window repeated; what it had stored is known by its hash, so
    that every document is there once. Duplicates are recognised within a file, not across files.

    Args:
        source: as in `bulk_index`, but for an iterable; every machine must find it at the same path.
        open_store: called once in each worker, makes its encoder and its client. Ray ships it there, so that
            it must hold neither; a function of a module or a small object does.
        workers: how many there are, and what each takes.
        options: as in `bulk_index`; the window is a worker's.
        manifest: as in `bulk_index`, written where this is called.
        progress: told of documents done.

    Raises:
        MissingExtraError: when Ray is not installed.
        DatasetError: when there are no documents.
        NormAwareError: as in `bulk_index`, out of a worker.

    Example:
        >>> from norm_aware import RayWorkers, ray_index
        >>> ray_index("corpus", open_store, workers=RayWorkers(8, gpus=1))  # doctest: +SKIP
    """
    try:
        import ray
        from ray.data import ActorPoolStrategy
    except ImportError:
        raise MissingExtraError(
            'Indexing on many machines needs Ray; `pip install "norm-aware[ray]"` brings it.'
        ) from None
    path = source if source == "pydocs" else Path(source).resolve()
    opened = open_source(path, chunk_size=options.chunk_size)
    if opened.judged:
        options = replace(options, keep_duplicates=True)
    parts = list(_split(opened.parts))
    outcomes = (
        ray.data.range(len(parts), override_num_blocks=len(parts))
        .map_batches(_Reader(parts, options), batch_size=1, batch_format="numpy")
        .repartition(target_num_rows_per_block=options.window)
        .map_batches(
            _Worker,
            fn_constructor_args=(open_store, options),
            batch_size=options.window,
            batch_format="pyarrow",
            compute=ActorPoolStrategy(size=workers.count),
            num_cpus=workers.cpus,
            num_gpus=workers.gpus,
        )
    )
    counts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    told: Iterable[Any] = outcomes.iter_batches(batch_size=None, batch_format="pyarrow")
    with Manifest(manifest) as record:
        for batch in told:
            for row in batch.to_pylist():
                if row["error"]:
                    raise getattr(errors, row["error"], NormAwareError)(row["message"])
                counts.update({name: row[name] for name in _OUTCOMES})
                for line in row["skipped"]:
                    one = Skipped(**json.loads(line))
                    record.write(one)
                    skipped[one.reason] += 1
            done = counts.total() + skipped.total()
            progress(_STAGE, done, max(done, opened.total or 0))
    return summary_of(source, counts, skipped)


def _split(parts: Sequence[Part]) -> Iterator[Part]:
    """The parts in pieces that one task each may read."""
    for part in parts:
        if isinstance(part, Files):
            for start in range(0, len(part.paths), _FILES):
                yield replace(part, paths=part.paths[start : start + _FILES])
        else:
            yield part


class _Reader:
    """Reads the part of a number, checks its documents and hands them on as rows of JSON."""

    def __init__(self, parts: list[Part], options: IndexOptions) -> None:
        self._parts = parts
        self._options = options

    def __call__(self, batch: dict[str, Any]) -> Iterator[pa.Table]:
        import pyarrow as pa

        schema = pa.schema([("document", pa.string()), ("skipped", pa.string())])
        rows: list[dict[str, str]] = []
        for number in batch["id"]:
            with Seen() as seen:
                for item in check(
                    (item for record in self._parts[number].records() for item in record),
                    seen=seen,
                    max_characters=self._options.max_characters,
                    keep_duplicates=self._options.keep_duplicates,
                ):
                    if isinstance(item, Skipped):
                        rows.append({"skipped": json.dumps(asdict(item))})
                    else:
                        rows.append({"document": item.to_json()})
                    if len(rows) == _ROWS:
                        yield pa.Table.from_pylist(rows, schema=schema)
                        rows = []
        yield pa.Table.from_pylist(rows, schema=schema)


class _Worker:
    """Embeds and uploads windows of rows, as long as its process lives.

    An error of ours is told as a row: raised, it would reach the caller wrapped in Ray's and lose its class.
    """

    def __init__(self, open_store: Callable[[], NormAwareVectorStore], options: IndexOptions) -> None:
        self._open_store = open_store
        self._options = options
        self._indexer: Indexer | None = None

    def __call__(self, batch: pa.Table) -> pa.Table:
        rows = batch.to_pylist()
        # files may share an id, a window may not
        nodes = [TextNode.from_json(row["document"]) for row in rows if row["document"]]
        left_out = [row["skipped"] for row in rows if row["skipped"]]
        try:
            if self._indexer is None:
                self._indexer = Indexer(self._open_store(), self._options)
            outcome = self._indexer.index(list({node.node_id: node for node in nodes}.values()))
        except NormAwareError as error:
            return _row(Outcome(), left_out, error)
        return _row(outcome, left_out + [json.dumps(asdict(one)) for one in outcome.skipped], None)


def _row(outcome: Outcome, left_out: list[str], error: NormAwareError | None) -> pa.Table:
    import pyarrow as pa

    told = {
        **{name: len(getattr(outcome, name)) for name in _OUTCOMES},
        "skipped": left_out,
        "error": error and type(error).__name__,
        "message": error and str(error),
    }
    types = [(name, pa.int64()) for name in _OUTCOMES]
    types += [("skipped", pa.list_(pa.string())), ("error", pa.string()), ("message", pa.string())]
    return pa.Table.from_pylist([told], schema=pa.schema(types))
