"""RAGAS, imported when needed: it takes seconds, and reports its use to its makers unless told not to."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable

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
