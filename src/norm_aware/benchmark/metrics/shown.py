"""What a system's model saw of its contexts, so that a judge is shown that and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from norm_aware.benchmark.collect import model_of
from norm_aware.benchmark.llms.answers import Answerer
from norm_aware.benchmark.systems.system import System
from norm_aware.errors import LLMError

Shown: TypeAlias = Callable[[str, str, Sequence[str]], Sequence[str]]
"""What a system's model was shown of a question's contexts, from the system's name and both texts whole."""


def as_shown(
    systems: Iterable[System], llm: Answerer | None, llms: Mapping[str, Answerer] | None = None
) -> Shown:
    """Cuts contexts as the prompt of a system does, to the share of its model's budget that each has.

    A judge that reads on finds support for an answer where its model never looked.

    Args:
        systems: of the run.
        llm: answers for systems that name no model, as in `model_of`.
        llms: the models that systems name.

    Returns:
        A function of a system's name, a question and its contexts. Contexts of a model without a budget, or
        of a question that was too long to be asked, stay whole.

    Raises:
        BenchmarkError: when a system names a model that is not there.
    """
    asked = {system.name: (system.prompt, model_of(system, llm, llms or {})) for system in systems}

    def shown(system: str, question: str, contexts: Sequence[str]) -> Sequence[str]:
        prompt, model = asked[system]
        budget = getattr(getattr(model, "config", None), "context_budget", None)
        if budget is None:
            return contexts
        try:
            return prompt.shown(question, contexts, budget=budget)
        except LLMError:
            return contexts

    return shown
