"""What a trained model says of itself: the similarity it was trained by, in a file beside its weights."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from norm_aware.errors import TrainingError
from norm_aware.numeric.hubness_norm import MAX_GAMMA
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import Similarity
from norm_aware.whole_file import write_whole

FILE = "norm_aware.json"
"""Its name in the model's folder."""

_SCHEMA = 1
_LOADED = ("modules.json", "config.json")  # one of them is in the cache once a hub's model was loaded
_PATIENCE = 3.0  # seconds that a hub may take to say whether the file is there

_log = logging.getLogger(__name__)


def write_record(
    folder: Path, similarity: Similarity, notes: Mapping[str, Any], *, anti_hubness: float | None = None
) -> None:
    """Say in a model's folder what it was trained by.

    Args:
        folder: of the saved model.
        similarity: what it is meant to be searched by.
        notes: how it was trained; no secrets.
        anti_hubness: exponent of the anti-hubness norm that it was trained with, if it was.
    """
    content = {"schema": _SCHEMA, "similarity": similarity.name, "training": dict(notes)}
    if anti_hubness is not None:
        content["anti_hubness"] = anti_hubness
    write_whole(folder / FILE, json.dumps(content, indent=1, default=str))


def read_similarity(path: Path) -> Similarity | None:
    """The similarity that a model's folder names; None where it says nothing.

    Raises:
        TrainingError: when the file is there and cannot be read, names none, or is of a newer version.
    """
    content = _read(path)
    if content is None:
        return None
    try:
        return parse_similarity(content["similarity"])
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path / FILE} names no similarity ({error}); remove it, or save the model anew."
        ) from error


def read_anti_hubness(path: Path) -> float | None:
    """The exponent of the anti-hubness norm that a model's folder names; None where it says nothing.

    Raises:
        TrainingError: as `read_similarity`, or when what it names is no number from 0 to `MAX_GAMMA`.
    """
    gamma = (_read(path) or {}).get("anti_hubness")
    if gamma is None:
        return None
    if not isinstance(gamma, int | float) or not 0 <= gamma <= MAX_GAMMA:
        raise TrainingError(
            f"{path / FILE} gives an anti-hubness norm of exponent {gamma!r}; a number from 0 to {MAX_GAMMA} "
            "is needed: remove it, or save the model anew."
        )
    return float(gamma)


def recorded_anti_hubness(model_name: str) -> float | None:
    """The exponent of the anti-hubness norm that a model was trained with, as `recorded_similarity` reads."""
    folder = _folder(model_name)
    return None if folder is None else read_anti_hubness(folder)


def recorded_similarity(model_name: str) -> Similarity | None:
    """The similarity that a model was trained by, by the name it was loaded by; None where it does not say.

    Args:
        model_name: folder of a model, or the name of one on the Hugging Face hub that was loaded before.
            Of a hub's model the version in the cache is meant; the hub is asked once for each version.

    Raises:
        TrainingError: as `read_similarity`.
    """
    folder = _folder(model_name)
    return None if folder is None else read_similarity(folder)


def _read(path: Path) -> dict[str, Any] | None:
    """What the record in a model's folder holds; None where there is none."""
    file = path / FILE
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{file} cannot be read ({error}); remove it, or save the model anew.") from error
    schema = content.get("schema", _SCHEMA) if isinstance(content, dict) else None
    if not isinstance(schema, int):
        raise TrainingError(
            f"{file} is no record of a training, which names its schema; remove it, or save the model anew."
        )
    if schema > _SCHEMA:
        raise TrainingError(
            f"{file} has schema {schema} and this version reads up to {_SCHEMA}; install a newer norm-aware, "
            "or remove the file."
        )
    return dict(content)


def _folder(model_name: str) -> Path | None:
    return Path(model_name) if Path(model_name).is_dir() else _hub_folder(model_name)


def _hub_folder(repository: str) -> Path | None:
    """Where a hub's model and its record lie in the cache; None where it has no record that can be had."""
    if "/" not in repository:  # sentence-transformers' own models, which have none
        return None
    from huggingface_hub import (
        get_hf_file_metadata,
        hf_hub_download,
        hf_hub_url,
        try_to_load_from_cache,
    )
    from huggingface_hub.errors import EntryNotFoundError

    cache = os.environ.get("SENTENCE_TRANSFORMERS_HOME")
    try:
        loaded = [try_to_load_from_cache(repository, file, cache_dir=cache) for file in _LOADED]
        folder = next((Path(file).parent for file in loaded if isinstance(file, str)), None)
        if folder is None:
            return None
        known = try_to_load_from_cache(repository, FILE, cache_dir=cache, revision=folder.name)
        if known is None:  # neither there nor known to be missing
            # asked once and shortly: the download would try for half a minute where there is no network
            with suppress(EntryNotFoundError):  # which the download remembers
                get_hf_file_metadata(hf_hub_url(repository, FILE, revision=folder.name), timeout=_PATIENCE)
            hf_hub_download(repository, FILE, cache_dir=cache, revision=folder.name)
    except Exception as error:  # whatever a hub says, a model without a record is an ordinary one
        _log.info("%s: no %s was found (%s)", repository, FILE, error)
        return None
    return folder
