"""What a loss learns beside the model: logged by step, kept with each checkpoint, taken up again."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from norm_aware.errors import TrainingError
from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.model_record import write_record
from norm_aware.training.model_card import name_in_card

FILE = "loss.pt"
"""Its name in a checkpoint, where the trainer saves the model alone."""


class LossState(TrainerCallback):
    """Keeps a loss's powers, scale and gamma with the trainer's checkpoints, and their way.

    Args:
        loss: whose parameters they are.

    Attributes:
        history: the trainer's log entries, each with `query_power`, `document_power`, `scale` and, where a
            length by hubness is learned, `gamma`.
    """

    def __init__(self, loss: InfoNCELoss) -> None:
        self._loss = loss
        self.history: list[dict[str, Any]] = []

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Take up a checkpoint's state where training goes on from one."""
        if state.global_step:
            self.restore(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}")
            self.history = [row for row in state.log_history if row.get("step", 0) <= state.global_step]

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Write the state into the checkpoint, and what it was trained by so far."""
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.is_dir():
            torch.save(self._own(), folder / FILE)
            similarity = self._loss.similarity.similarity
            write_record(folder, similarity, {"step": state.global_step}, anti_hubness=self._loss.gamma)
            name_in_card(folder, similarity)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Note powers and scale beside what is logged.

        Raises:
            TrainingError: when one of them is no number any more.
        """
        self._refuse_divergence(state.global_step)
        now = self._loss.similarity.similarity
        found = {"query_power": now.query_power, "document_power": now.document_power}
        entry = {**found, "scale": self._loss.scale}
        if self._loss.gamma is not None:
            entry["gamma"] = self._loss.gamma
        if state.log_history:
            state.log_history[-1].update(entry)
        self.history.append({"step": state.global_step, **(logs or {}), **entry})

    def restore(self, checkpoint: str | Path | None) -> None:
        """Take up a checkpoint's state; nothing happens where there is none."""
        if checkpoint is not None and (file := Path(checkpoint) / FILE).is_file():
            kept = torch.load(file, map_location="cpu", weights_only=True)
            self._loss.load_state_dict(kept, strict=False)

    def _refuse_divergence(self, step: int) -> None:
        query, document = (power.item() for power in self._loss.similarity.powers)
        learned = {"query_power": query, "document_power": document, "scale": self._loss.scale}
        if self._loss.gamma is not None:
            learned["gamma"] = self._loss.gamma
        lost = [name for name, value in learned.items() if not math.isfinite(value)]
        if lost:
            raise TrainingError(
                f"The training diverged: at step {step} {' and '.join(lost)} is no number. Start it again "
                "at a lower learning rate, in another folder."
            )

    def _own(self) -> dict[str, Any]:
        return {key: value for key, value in self._loss.state_dict().items() if not key.startswith("model.")}
