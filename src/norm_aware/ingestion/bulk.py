"""Indexing of any number of documents: streamed, in bounded memory, and only what is new or changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from llama_index.core.schema import BaseNode

from norm_aware.errors import DatasetError
from norm_aware.ingestion.checks import check
from norm_aware.ingestion.indexer import Indexer
from norm_aware.ingestion.manifest import Manifest
from norm_aware.ingestion.options import IndexOptions
from norm_aware.ingestion.seen import Seen
from norm_aware.ingestion.skipped import Skipped
from norm_aware.ingestion.sources import Documents, Source, open_source
from norm_aware.llamaindex.store import NormAwareVectorStore
from norm_aware.progress import Progress, silent
from norm_aware.qdrant.storage import build_index, deferred


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """What became of a source's documents.

    Attributes:
        new: stored for the first time.
        replaced: stored before with another text or metadata.
        unchanged: stored already, and not embedded again.
        skipped: how many were left out for each reason.
    """

    new: int
    replaced: int
    unchanged: int
    skipped: Mapping[str, int]

    @property
    def embedded(self) -> int:
        """Documents that were embedded and stored."""
        return self.new + self.replaced

    @property
    def documents(self) -> int:
        """Documents of the source, the skipped ones included."""
        return self.embedded + self.unchanged + sum(self.skipped.values())

    def __str__(self) -> str:
        """One line."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.skipped.items()))
        left_out = f"{sum(self.skipped.values())} skipped" + (f" ({reasons})" if reasons else "")
        return f"{self.new} new, {self.replaced} replaced, {self.unchanged} unchanged, {left_out}"


def bulk_index(
    source: str | Path | Documents,
    store: NormAwareVectorStore,
    *,
    options: IndexOptions = IndexOptions(),  # noqa: B008  # a frozen value
    manifest: Path | None = None,
    progress: Progress = silent,
) -> IndexSummary:
    """Embed the documents of a source and store them under Dot, with their norms.

    Ids are those of the source, so that running it again replaces what changed, embeds nothing else and adds
    nothing twice; a run that was killed is simply started again. Memory holds one window of documents.

    Args:
        source: `pydocs`; a `.jsonl` or `.parquet` file, whose records have `_id` or `id`, `text` and perhaps
            a `title` and `metadata`; a folder in BEIR's layout, of `.txt` and `.md` files, or of
            `.jsonl` and `.parquet` files; or an iterable of LlamaIndex's documents or nodes, or of mappings
            with those fields.
        store: where they go; its encoder embeds them.
        options: sizes, limits and connections.
        manifest: file that gets a line for every document left out, and why.
        progress: told of documents done.

    Raises:
        DatasetError: when there are no documents.
        MissingExtraError: for a `.parquet` file without pyarrow.
        EmbeddingError: when all embeddings of an upload have length 1.
        ContractError: when another encoder or calibration made the collection.

    Example:
        >>> from qdrant_client import QdrantClient
        >>> from norm_aware import NormAwareVectorStore, bulk_index, offline
        >>> client, encoder = QdrantClient(":memory:"), offline.encoder()
        >>> store = NormAwareVectorStore("docs", client=client, embed_model=encoder)
        >>> print(bulk_index([{"id": "rain", "text": "Rain falls."}, {"id": "", "text": "?"}], store))
        1 new, 0 replaced, 0 unchanged, 1 skipped (1 malformed)
    """
    opened = open_source(source, chunk_size=options.chunk_size)
    counts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    with (
        Seen() as seen,
        Manifest(manifest) as record,
        deferred(store.client),
        Indexer(store, options) as indexer,
    ):
        fit = check(
            opened,
            seen=seen,
            max_characters=options.max_characters,
            keep_duplicates=options.keep_duplicates or opened.judged,
        )
        for nodes, left_out in windows(fit, options.window):
            before = counts.total() + skipped.total() + len(left_out)
            total = _expected(opened, before + len(nodes))
            outcome = indexer.index(nodes, progress=_shifted(progress, before, total))
            for name in ("new", "replaced", "unchanged"):
                counts[name] += len(getattr(outcome, name))
            for one in (*left_out, *outcome.skipped):
                record.write(one)
                skipped[one.reason] += 1
            progress(_STAGE, counts.total() + skipped.total(), total)
    summary = summary_of(source, counts, skipped)
    if summary.embedded:
        build_index(store.client, store.collection_name)
    return summary


def summary_of(source: object, counts: Mapping[str, int], skipped: Mapping[str, int]) -> IndexSummary:
    """The summary of what was counted.

    Raises:
        DatasetError: when the source held nothing at all.
    """
    summary = IndexSummary(counts["new"], counts["replaced"], counts["unchanged"], dict(skipped))
    if not summary.documents:
        raise DatasetError(f"There are no documents in {str(source)!r}; at least one is needed.")
    return summary


_STAGE = "Embedding documents"


def windows(items: Iterator[BaseNode | Skipped], size: int) -> Iterator[tuple[list[BaseNode], list[Skipped]]]:
    """The documents in lists of at most `size`, beside those left out meanwhile."""
    nodes: list[BaseNode] = []
    left_out: list[Skipped] = []
    for item in items:
        if isinstance(item, Skipped):
            left_out.append(item)
        else:
            nodes.append(item)
        if len(nodes) == size or len(left_out) == size:
            yield nodes, left_out
            nodes, left_out = [], []
    if nodes or left_out:
        yield nodes, left_out


def _shifted(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    """Progress of a window as progress of the whole."""
    return lambda done: progress(_STAGE, before + done, total)


def _expected(source: Source, documents: int) -> int:
    """How many documents there will be, if the rest of the source is like what was read of it."""
    if source.total is None or source.read == 0:
        return documents
    return max(documents, round(documents * source.total / source.read))
