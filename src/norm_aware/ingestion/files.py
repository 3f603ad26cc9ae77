"""Folders of text and Markdown, each file a document, long ones in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llama_index.core.node_parser import MarkdownNodeParser, SentenceSplitter
from llama_index.core.readers import SimpleDirectoryReader
from llama_index.core.schema import BaseNode, Document, NodeRelationship, RelatedNodeInfo, TextNode

from norm_aware.errors import QueryError
from norm_aware.ingestion.records import Found
from norm_aware.ingestion.skipped import BAD_ENCODING, Skipped

SUFFIXES = [".txt", ".md"]

PART, PARTS = "part", "parts"
"""Metadata of a file's nodes: which part of it, from 0, and of how many."""

_OVERLAP = 8  # a part repeats at most an eighth of the one before


@dataclass(frozen=True)
class Files:
    """Text and Markdown files under a folder; those whose name begins with a dot are left out.

    A file of at most `chunk_size` tokens is one document whose id is its path from the folder. A longer one
    is cut, Markdown at its headings first, and its parts are named `path#0`, `path#1`, ….

    Attributes:
        folder: that ids are relative to.
        paths: the files.
        chunk_size: tokens in a part, at most.
    """

    folder: Path
    paths: Sequence[Path]
    chunk_size: int

    @classmethod
    def find(cls, folder: Path, *, chunk_size: int) -> Files:
        """The files of a folder and its subfolders, sorted; none where there are none."""
        if chunk_size < 16:
            raise QueryError(f"chunk_size is {chunk_size} tokens; at least 16 are needed.")
        folder = folder.absolute()  # as the reader names what it finds
        try:
            reader = SimpleDirectoryReader(
                folder, recursive=True, required_exts=SUFFIXES, exclude_hidden=False
            )
        except ValueError:  # its word for no files, or no folder
            return cls(folder, (), chunk_size)
        # hidden under the folder: LlamaIndex's own rule also counts what the folder itself lies in
        paths = sorted(Path(name) for name in reader.list_resources())
        shown = [path for path in paths if not _is_hidden(path.relative_to(folder))]
        return cls(folder, shown, chunk_size)

    def count(self) -> int:
        """How many files there are."""
        return len(self.paths)

    def records(self) -> Iterator[list[Found]]:
        """The documents of each file, or why there are none."""
        splitter = SentenceSplitter(
            chunk_size=self.chunk_size, chunk_overlap=self.chunk_size // _OVERLAP, include_prev_next_rel=False
        )
        for path in self.paths:
            name = path.relative_to(self.folder).as_posix()
            try:
                # LlamaIndex's own reading drops bytes that are no UTF-8 without a word
                text = path.read_text(encoding="utf-8-sig")
                name.encode()
            except UnicodeDecodeError as error:
                yield [_unread(path, f"not UTF-8 ({error.reason} at byte {error.start})")]
            except UnicodeEncodeError:
                yield [_unread(path, "its name is not UTF-8")]
            else:
                yield [Found(str(path), node) for node in _nodes(name, text, splitter)]


def _unread(path: Path, detail: str) -> Found:
    where = str(path).encode(errors="backslashreplace").decode()
    return Found(where, Skipped(where, BAD_ENCODING, detail))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _nodes(name: str, text: str, splitter: SentenceSplitter) -> Iterator[TextNode]:
    parts = _parts(name, text, splitter) or [TextNode(text=text)]
    source = RelatedNodeInfo(node_id=name)
    for number, part in enumerate(parts):
        metadata = {**part.metadata, PART: number, PARTS: len(parts)}
        yield TextNode(
            id_=part_ids(name, len(parts))[number],
            text=part.text,
            metadata=metadata,
            excluded_embed_metadata_keys=list(metadata),
            excluded_llm_metadata_keys=[PART, PARTS],
            relationships={NodeRelationship.SOURCE: source},
        )


def _parts(name: str, text: str, splitter: SentenceSplitter) -> list[TextNode]:
    if len(splitter.split_text(text)) <= 1:
        return [TextNode(text=text)]
    sections: Sequence[BaseNode] = [TextNode(text=text)]
    if name.endswith(".md"):
        parser = MarkdownNodeParser(include_prev_next_rel=False)
        sections = parser.get_nodes_from_documents([Document(text=text)])
    return [
        TextNode(text=part, metadata=section.metadata)
        for section in sections
        for part in splitter.split_text(section.get_content())
        if part.strip()
    ]


def part_ids(name: str, parts: int) -> list[str]:
    """The ids of a file's parts; the file's own name where there is but one."""
    return [name] if parts == 1 else [f"{name}#{number}" for number in range(parts)]
