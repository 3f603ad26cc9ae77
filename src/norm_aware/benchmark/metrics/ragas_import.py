"""RAGAS, imported when needed: it takes seconds, and reports its use to its makers unless told not to."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from norm_aware.errors import MissingExtraError

_OF_METRICS = ("openai", "rapidfuzz", "rouge_score", "sacrebleu")


def require_ragas(need: str = "RAGAS's metrics need", *, beside: Iterable[str] = _OF_METRICS) -> None:
    """Import RAGAS, or say what keeps it from being imported.

    Args:
        need: the beginning of the sentence that names what is missing.
        beside: modules that are needed as well.

    Raises:
        MissingExtraError: when ragas, or one of these, is not installed.
    """
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    for name in ("ragas", *beside):
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(f'{need} {name}; install it with pip install "norm-aware[benchmark]".')
    try:
        import ragas  # noqa: F401
    except ImportError as error:
        # langchain-community 0.4.2 dropped a module that ragas 0.4.3 imports
        cure = "; install langchain-community==0.4.1 with pip" if "vertexai" in str(error) else ""
        raise MissingExtraError(f"ragas cannot be imported ({error}){cure}.") from error


def ragas_llm(ask: Callable[[str, Any], Awaitable[Any]]) -> Any:
    """A model in the shape that RAGAS asks.

    Args:
        ask: its reply to a prompt, in the pydantic model that RAGAS reads it by.
    """
    from ragas.llms.base import InstructorBaseRagasLLM

    class Model(InstructorBaseRagasLLM):
        is_async = True  # read by the prompts of RAGAS's test-set generator

        def generate(self, prompt: str, response_model: Any) -> Any:
            """Refuses; it must be there, since it is abstract in RAGAS."""
            raise NotImplementedError("it is asked asynchronously")

        async def agenerate(self, prompt: str, response_model: Any) -> Any:
            return await ask(prompt, response_model)

    return Model()
