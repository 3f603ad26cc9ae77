"""What a reranker's name can stand for."""

from __future__ import annotations

import re
from pathlib import Path

from norm_aware.benchmark.systems.import_path import is_import_path
from norm_aware.errors import BenchmarkError, QueryError
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import Similarity

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def require_reranker(reranker: str) -> None:
    """Refuse what can be no reranker, without loading one.

    Raises:
        BenchmarkError: saying what can.
    """
    if not is_import_path(reranker):
        as_similarity(reranker)


def as_similarity(reranker: str) -> Similarity | None:
    """The similarity that a reranker's name stands for; None where it is a cross-encoder's.

    Raises:
        BenchmarkError: when it can be neither.
    """
    try:
        return parse_similarity(reranker)
    except QueryError as error:
        if _HUB_NAME.fullmatch(reranker) or Path(reranker).is_dir():
            return None
        raise BenchmarkError(
            f"{reranker!r} is no reranker; give a similarity such as dot, a cross-encoder's hub name such as "
            "cross-encoder/ms-marco-MiniLM-L6-v2 or its folder, or an import path package.module:factory."
        ) from error
