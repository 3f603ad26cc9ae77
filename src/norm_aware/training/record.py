"""What a trained model says of itself: the similarity it was trained by, in a file beside its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from norm_aware.errors import TrainingError
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import Similarity
from norm_aware.whole_file import write_whole

FILE = "norm_aware.json"
"""Its name in the model's folder."""

_SCHEMA = 1


def write_record(folder: Path, similarity: Similarity, notes: Mapping[str, Any]) -> None:
    """Say in a model's folder what it was trained by.

    Args:
        folder: of the saved model.
        similarity: what it is meant to be searched by.
        notes: how it was trained; no secrets.
    """
    content = {"schema": _SCHEMA, "similarity": similarity.name, "training": dict(notes)}
    write_whole(folder / FILE, json.dumps(content, indent=1, default=str))


def read_similarity(path: Path) -> Similarity | None:
    """The similarity that a model's folder names; None where it says nothing.

    Raises:
        TrainingError: when the file is there and cannot be read.
    """
    file = path / FILE
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return parse_similarity(content["similarity"])
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{file} names no similarity ({error}); remove it, or save the model anew."
        ) from error
