"""What a folder's training is one of, so that no other training goes on at its checkpoints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from transformers.trainer_utils import get_last_checkpoint

from norm_aware.errors import TrainingError
from norm_aware.training.evaluation import JudgedTexts
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair
from norm_aware.whole_file import write_whole

FILE = "training.json"
"""Its name in the folder."""

_FREE = ("device", "mini_batch_size")  # where and in how much memory: they change no gradient


def identify(
    pairs: Sequence[Pair],
    base: str,
    *,
    similarity: str,
    sets: Sequence[JudgedTexts],
    options: TrainingOptions,
) -> dict[str, Any]:
    """Everything that a training's result depends on, by name; options at their defaults are left out.

    An option that comes with a later version so changes nothing about a training that was begun before.
    """
    chosen = {f"option {name}": value for name, value in options.chosen.items() if name not in _FREE}
    learnt = [[pair.query, pair.document, pair.negatives, pair.source] for pair in pairs]
    measured = [
        [judged.name, judged.queries, judged.documents, *(of.tolist() for of in _arrays(judged))]
        for judged in sets
    ]
    found = {
        "base": base,
        "similarity": similarity,
        "pairs": f"{len(pairs)} of digest {_digest(learnt)}",
        "sets": f"{len(sets)} of digest {_digest(measured)}",
        **chosen,
    }
    plain_json: dict[str, Any] = json.loads(json.dumps(found))  # as it is read again, tuples as lists
    return plain_json


def last_checkpoint(out: Path, identity: Mapping[str, Any]) -> str | None:
    """The folder's last checkpoint, to go on at; None where there is none.

    Args:
        out: folder of a training, which need not be there.
        identity: of the training that is to go on, see `identify`.

    Raises:
        TrainingError: when the checkpoints are of another training, or nothing says of which.
    """
    last: str | None = get_last_checkpoint(str(out)) if out.is_dir() else None  # type: ignore[no-untyped-call]
    if last is None:
        return None
    file = out / FILE
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
        names = dict.fromkeys([*before, *identity])
        changed = [name for name in names if before.get(name) != identity.get(name)]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{out} holds checkpoints and {FILE} does not say of which training ({error}); give another "
            "folder, or remove this one."
        ) from error
    if changed:
        told = "; ".join(
            f"{name}: {_told(before, name)} there, {_told(identity, name)} now" for name in changed
        )
        raise TrainingError(
            f"{out} holds checkpoints of another training ({told}); give another folder, remove this one, or "
            "start it again as it was."
        )
    return last


def write_identity(out: Path, identity: Mapping[str, Any]) -> None:
    """Say in a folder what its checkpoints are going to be of."""
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / FILE, json.dumps(identity, indent=1))


def _told(identity: Mapping[str, Any], name: str) -> str:
    return str(identity.get(name, "the default"))


def _arrays(judged: JudgedTexts) -> tuple[NDArray[Any], ...]:
    return judged.judgements.query, judged.judgements.document, judged.judgements.grade


def _digest(content: Any) -> str:
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=8).hexdigest()
