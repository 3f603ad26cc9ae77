"""What an ablation compares with what, checked before anything is trained."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from norm_aware.ablation.arm import PAPER, Arm
from norm_aware.ablation.held_out import HELD_OUT
from norm_aware.errors import TrainingError
from norm_aware.training.evaluation import JudgedTexts
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair
from norm_aware.training.parts import check_parts


@dataclass(frozen=True, eq=False)
class Ablation:
    """What is compared with what, on which texts.

    Attributes:
        base: where every arm starts: `wordllama`, a name on the hub or a path.
        pairs: what is learned from; some queries are held out as the in-domain set.
        sets: judged sets to measure on, of two queries at least.
        arms: how to train, each as `Arm.parse` reads it.
        seeds: of the order of the pairs and whatever is drawn.
        options: what all arms share.
        in_domain: names of the sets of the pairs' own domain.
        symmetric: names of the sets whose queries and documents are of one kind.
        held_out: queries that are kept back, two at least.

    Raises:
        TrainingError: when two arms are one or two sets have one name, a name is of no set, an arm cannot be
            trained, or a set is too small to compare on.
    """

    base: str
    pairs: Sequence[Pair]
    sets: Sequence[JudgedTexts]
    arms: Sequence[str] = PAPER
    seeds: Sequence[int] = (0, 1, 2)
    options: TrainingOptions = dataclasses.field(default_factory=TrainingOptions)
    in_domain: Sequence[str] = ()
    symmetric: Sequence[str] = ()
    held_out: int = 500

    def __post_init__(self) -> None:
        names = [judged.name for judged in self.sets]
        arms = self.parsed
        ways = [(arm.similarity, sorted(map(repr, arm.changes.items()))) for arm in arms]
        for what, given, compared in (
            ("arms", [arm.name for arm in arms], ways),
            ("sets", [*names, HELD_OUT], [*names, HELD_OUT]),
            ("seeds", [*self.seeds], [*self.seeds]),
        ):
            if not compared or any(way in compared[:at] for at, way in enumerate(compared)):
                raise TrainingError(f"The {what} are {given}; at least one is needed, each once.")
        unknown = sorted({*self.in_domain, *self.symmetric} - set(names))
        if unknown:
            raise TrainingError(f"There is no set {unknown[0]!r}; the sets are {', '.join(names) or 'none'}.")
        for arm in arms:
            try:
                check_parts(arm.options(self.options, seed=0), arm.similarity)
            except TrainingError as error:
                raise TrainingError(f"The arm {arm.name!r} cannot be trained. {error}") from None
        sizes = {judged.name: len(judged.queries) for judged in self.sets} | {HELD_OUT: self.held_out}
        for name, size in sizes.items():
            if size < 2:
                raise TrainingError(
                    f"The set {name!r} has {size} queries; at least 2 are needed to compare on: give it "
                    "more, or leave it out."
                )

    @property
    def parsed(self) -> list[Arm]:
        """The arms as they are trained."""
        return [Arm.parse(written) for written in self.arms]

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides what is measured but the arms and the seeds, which may be added to."""
        parts: list[object] = [self.base, self.held_out, sorted(self.in_domain), self.options.chosen]
        parts += [[pair.query, pair.document, pair.source, pair.negatives] for pair in self.pairs]
        for judged in self.sets:
            of = judged.judgements
            parts.append([judged.name, judged.queries, judged.documents])
            parts.append([of.query.tolist(), of.document.tolist(), of.grade.tolist()])
        hasher = hashlib.blake2b(digest_size=8)
        for part in parts:
            hasher.update(json.dumps(part, default=str).encode() + b"\n")
        return hasher.hexdigest()
