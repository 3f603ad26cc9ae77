"""What a model is asked with: the two messages of a question, with places for contexts and question."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages a question is asked with.

    Attributes:
        system: what the model is told once.
        user: the question's message; `{contexts}` and `{question}` are filled in.
    """

    system: str = (
        "You read texts and answer a question about them in a few words, using only the texts. "
        "If the texts do not say, you answer: I don't know."
    )
    user: str = "{contexts}\n\nUsing only the texts above, answer in a few words: {question}"

    @property
    def digest(self) -> str:
        """Hash of both messages."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]
