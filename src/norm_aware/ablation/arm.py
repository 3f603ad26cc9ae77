"""An arm of an ablation: a similarity to train by, and what else about the training differs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from norm_aware.errors import TrainingError
from norm_aware.losses.trainable_similarity import LEARNABLE, TrainableSimilarity
from norm_aware.training.curriculum import Curriculum
from norm_aware.training.options import TrainingOptions

PAPER = ("cosine", "dot", "query_normalized", "document_normalized", LEARNABLE)
"""The arms of Feng & Watanabe (arXiv:2602.09229): the 2x2, and both powers learned."""

_FIXED = ("seed", "device")  # what an ablation sets for all arms alike


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train.

    Attributes:
        name: as it was written, `SIMILARITY[+OPTION[=VALUE]]...`.
        similarity: what is trained by.
        changes: fields of `TrainingOptions` that differ from the other arms'.
    """

    name: str
    similarity: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, written: str) -> Arm:
        """An arm from its name.

        Args:
            written: a similarity (or `learnable`), then any options of `TrainingOptions`, each behind a plus:
                `query_normalized+norm_length=0.5`, `dot+curriculum=cosine`, `cosine+learn_scale`.

        Raises:
            TrainingError: for a similarity outside the power family, an option there is none of, or a value
                of the wrong kind.

        Example:
            >>> Arm.parse("dot+epochs=2+learn_scale").changes
            {'epochs': 2.0, 'learn_scale': True}
        """
        similarity, *options = (part.strip() for part in written.split("+"))
        TrainableSimilarity(similarity)
        changes: dict[str, Any] = {}
        for option in options:
            name, _, value = (part.strip() for part in option.partition("="))
            changes[name] = _value(written, name, value, similarity=similarity)
        return cls("+".join([similarity, *options]), similarity, changes)

    def options(self, shared: TrainingOptions, *, seed: int) -> TrainingOptions:
        """How this arm is trained, by what all arms share and a seed."""
        return dataclasses.replace(shared, seed=seed, **self.changes)


def _value(arm: str, name: str, value: str, *, similarity: str) -> Any:
    kinds = {f.name: str(f.type) for f in dataclasses.fields(TrainingOptions) if f.name not in _FIXED}
    if name not in kinds:
        raise TrainingError(
            f"The arm {arm!r} names the option {name!r}; there are {', '.join(sorted(kinds))}."
        )
    kind = kinds[name].removesuffix(" | None")
    if kind == "bool" and value in ("", "true", "false"):
        return value != "false"
    try:
        if kind == "Curriculum":
            return Curriculum(value, similarity)
        if kind in ("int", "float"):
            return {"int": int, "float": float}[kind](value)
    except ValueError:
        pass
    if kind == "str" and value:
        return value
    raise TrainingError(
        f"The arm {arm!r} gives {name} the value {value!r}; a value of kind {kind} is needed."
    )
