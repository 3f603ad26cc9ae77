"""A schedule of both sides' normalisation over a training, such as cosine first and dot later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from norm_aware.errors import TrainingError
from norm_aware.losses.trainable_similarity import TrainableSimilarity
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import PowerSimilarity


@dataclass(frozen=True, slots=True)
class Curriculum:
    """From one member of the power family to another, each side's power in a straight line.

    PACE 2026 trains by cosine first and by dot later, so that directions are in place before norms count:
    dot from the start lost 1.8 points there, the way back 2.9. With equal ends on one side that side keeps
    its normalisation, so each side has a schedule of its own.

    Attributes:
        start: name of the similarity trained by until `begin`.
        end: name of the one trained by from `finish` on.
        begin: share of all steps, from 0 to 1.
        finish: share of all steps, from `begin` to 1.

    Raises:
        TrainingError: for a similarity outside the power family, or shares out of order.

    Example:
        >>> Curriculum("cosine", "query_normalized", finish=0.5).at(0.25)
        PowerSimilarity(query_power=0.0, document_power=0.5)
    """

    start: str = "cosine"
    end: str = "dot"
    begin: float = 0.0
    finish: float = 0.5

    def __post_init__(self) -> None:
        _power(self.start), _power(self.end)
        if not 0 <= self.begin <= self.finish <= 1:
            raise TrainingError(
                f"The curriculum begins at {self.begin} and finishes at {self.finish}; two shares of the "
                "steps are needed, in order, from 0 to 1."
            )

    def at(self, share: float) -> PowerSimilarity:
        """The similarity after a share of all steps."""
        span = self.finish - self.begin
        done = float(share >= self.begin) if span == 0 else min(1.0, max(0.0, (share - self.begin) / span))
        a, b = _power(self.start), _power(self.end)
        return PowerSimilarity(
            query_power=(1 - done) * a.query_power + done * b.query_power,
            document_power=(1 - done) * a.document_power + done * b.document_power,
        )


class CurriculumCallback(TrainerCallback):
    """Keeps a loss's similarity on a curriculum.

    Args:
        curriculum: the schedule.
        similarity: what it sets; the loss's own.
    """

    def __init__(self, curriculum: Curriculum, similarity: TrainableSimilarity) -> None:
        self._curriculum = curriculum
        self._similarity = similarity

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Set both powers for the step that begins."""
        now = self._curriculum.at(state.global_step / max(1, state.max_steps))
        self._similarity.set_powers(query=now.query_power, document=now.document_power)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Leave the similarity where the curriculum ends."""
        now = self._curriculum.at(1.0)
        self._similarity.set_powers(query=now.query_power, document=now.document_power)


def _power(name: str) -> PowerSimilarity:
    similarity = parse_similarity(name)
    if not isinstance(similarity, PowerSimilarity):
        raise TrainingError(
            f"{similarity} is not in the power family; a curriculum goes between its members."
        )
    return similarity
