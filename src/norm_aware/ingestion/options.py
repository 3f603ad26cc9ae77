"""How ingestion works: sizes, limits and connections."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from norm_aware.errors import QueryError


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Options of `bulk_index` and `ray_index`.

    Args:
        window: documents in memory at once: read, sorted by length, embedded and uploaded together.
        upload_size: documents embedded and sent at once.
        uploaders: threads that upload, each on a connection of its own; embedded storage always has one.
        max_characters: a longer text is left out, as no passage.
        chunk_size: tokens in a part of a text or Markdown file; a longer file is cut.
        keep_duplicates: take documents of the same text and metadata as one before. BEIR's folders and
            `pydocs` always are, since judgements may name any of them.

    Raises:
        QueryError: for a number below 1.
    """

    window: int = 2048
    upload_size: int = 256
    uploaders: int = 4
    max_characters: int = 1_000_000
    chunk_size: int = 256
    keep_duplicates: bool = False

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name != "keep_duplicates" and value < 1:
                raise QueryError(f"{name} is {value}; at least 1 is needed.")
