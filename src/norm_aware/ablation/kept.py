"""What of an ablation is complete, in its folder: each run beside its model, with its values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from norm_aware.errors import TrainingError
from norm_aware.whole_file import write_whole

Found: TypeAlias = dict[tuple[str, str], NDArray[np.float64]]
"""nDCG@10 of every query of one model, by set and scoring."""

Values: TypeAlias = dict[tuple[str, str, str, str], NDArray[np.float64]]
"""nDCG@10 of every query, by arm, seed, set and scoring; the untouched base has the seed ''."""


def claim(out: Path, fingerprint: str) -> None:
    """Make a folder this ablation's.

    Raises:
        TrainingError: when it is another one's.
    """
    file = out / "fingerprint"
    if file.is_file() and file.read_text(encoding="utf-8") != fingerprint:
        raise TrainingError(
            f"{out} holds an ablation of other pairs, sets or options; give another folder, or remove it."
        )
    out.mkdir(parents=True, exist_ok=True)
    write_whole(file, fingerprint)


def keep(folder: Path, run: Mapping[str, Any], found: Found) -> None:
    """Write a run that is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    write_values(folder / "values.npz", found)
    write_whole(folder / "run.json", json.dumps(run, indent=1))  # last: it says that the run is complete


def kept(folder: Path) -> tuple[dict[str, Any], Found] | None:
    """A run that was kept; None where it has not come to its end."""
    if not (folder / "run.json").is_file():
        return None
    found: Found = {}
    with np.load(folder / "values.npz") as stored:
        for name in stored.files:
            judged, scoring = name.split("|")
            found[judged, scoring] = stored[name].astype(np.float64)
    run: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return run, found


def write_values(path: Path, values: Mapping[Any, NDArray[np.float64]]) -> None:
    """Write lists of values as one file, in single precision, each by its key's parts with bars between."""
    arrays: dict[str, Any] = {"|".join(key): of.astype(np.float32) for key, of in values.items()}
    np.savez_compressed(path, **arrays)
