"""Documents to index or to search, whatever they lie in."""

from __future__ import annotations

from pathlib import Path

from norm_aware.benchmark.datasets.beir import read_corpus
from norm_aware.benchmark.datasets.dataset import Document
from norm_aware.benchmark.datasets.records import read_text
from norm_aware.errors import DatasetError
from norm_aware.ingestion import pydocs


def read_documents(source: str | Path) -> tuple[Document, ...]:
    """Documents to index, whatever they lie in.

    Args:
        source: `pydocs`, a folder in BEIR's layout, a `.jsonl` file like its corpus ({"_id", "title"?,
            "text"}), or a folder of `.txt` and `.md` files, each a document.

    Raises:
        DatasetError: when there are no documents, or a file is broken; the message names the file.
    """
    path = Path(source)
    if str(source) == "pydocs":
        return tuple(Document(*document) for document in pydocs.read_documents())
    if path.is_file() and path.suffix == ".jsonl":
        return tuple(read_corpus(path).values())
    if (path / "corpus.jsonl").is_file():
        return tuple(read_corpus(path / "corpus.jsonl").values())
    files = sorted(file for file in path.rglob("*") if file.suffix in {".txt", ".md"} and file.is_file())
    if not files:
        raise DatasetError(
            f"There are no documents in {str(source)!r}; give 'pydocs', a folder in BEIR's layout, a .jsonl "
            "file, or a folder of .txt and .md files."
        )
    return tuple(Document(str(file.relative_to(path)), "", read_text(file)) for file in files)
