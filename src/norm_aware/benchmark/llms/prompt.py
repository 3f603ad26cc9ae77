"""What a model is asked with: the two messages of a question, with places for contexts and question."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from string import Formatter

from norm_aware.errors import LLMError

_PLACES = {"contexts", "question"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages a question is asked with.

    Attributes:
        system: what the model is told once.
        user: the question's message; `{contexts}` and `{question}` are filled in. Without `{contexts}` the
            model answers from what it knows.

    Raises:
        LLMError: when the message lacks the question, or has a place of another name.

    Example:
        >>> prompt = Prompt(user="{contexts} {question}")
        >>> prompt.messages("Where is it?", ["It is here."], budget=1000)[1]["content"]
        '[1] It is here. Where is it?'
    """

    system: str = (
        "You read texts and answer a question about them in a few words, using only the texts. "
        "If the texts do not say, you answer: I don't know."
    )
    user: str = "{contexts}\n\nUsing only the texts above, answer in a few words: {question}"

    def __post_init__(self) -> None:
        try:
            places = {name for _, name, _, _ in Formatter().parse(self.user) if name is not None}
        except ValueError as error:
            raise LLMError(f"The prompt cannot be filled in ({error}); write other braces twice.") from error
        if unknown := sorted(places - _PLACES):
            raise LLMError(
                f"The prompt has a place for {unknown[0]!r}; it may have {{contexts}} and {{question}}, and "
                "braces of any other meaning are written twice."
            )
        if "question" not in places:
            raise LLMError("The prompt has no place for the question; put {question} where it belongs.")

    @property
    def digest(self) -> str:
        """Hash of both messages."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def messages(self, question: str, contexts: Sequence[str], *, budget: int) -> list[dict[str, str]]:
        """The two messages a model is sent: contexts numbered, each cut to an equal share of the budget.

        Args:
            question: what is asked.
            contexts: texts, the best first.
            budget: longest prompt, in characters of both messages.

        Raises:
            LLMError: when the question alone exceeds the budget.
        """
        shown = [f"[{n}] {text}" for n, text in enumerate(self.shown(question, contexts, budget=budget), 1)]
        user = self.user.format(contexts="\n\n".join(shown) or "(no texts)", question=question)
        return [{"role": "system", "content": self.system}, {"role": "user", "content": user}]

    def shown(self, question: str, contexts: Sequence[str], *, budget: int) -> list[str]:
        """What the model is shown of each context: an equal share of the budget.

        Raises:
            LLMError: when the question alone exceeds the budget.
        """
        labels = sum(len(f"[{number}] ") + 2 for number in range(1, len(contexts) + 1))
        fixed = len(self.system) + len(self.user.format(contexts="", question=question))
        room = budget - fixed - labels
        if room < 0:
            size = f"question of {len(question)} characters in a prompt of {budget}"
            raise LLMError(f"No room is left for texts beside a {size}; raise context_budget.")
        share = room // max(1, len(contexts))
        return [text[:share].strip() for text in contexts]
