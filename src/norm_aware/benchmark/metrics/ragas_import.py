"""RAGAS, imported when needed: it takes seconds, and reports its use to its makers unless told not to."""

from __future__ import annotations

import importlib.util
import os

from norm_aware.errors import MissingExtraError

_NEEDED = ("ragas", "openai", "rapidfuzz", "rouge_score", "sacrebleu")


def require_ragas() -> None:
    """Import RAGAS, or say what keeps it from being imported.

    Raises:
        MissingExtraError: when ragas, or what its metrics need, is not installed.
    """
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(
                f'RAGAS\'s metrics need {name}; install it with pip install "norm-aware[benchmark]".'
            )
    try:
        import ragas  # noqa: F401
    except ImportError as error:
        # langchain-community 0.4.2 dropped a module that ragas 0.4.3 imports
        cure = "; install langchain-community==0.4.1 with pip" if "vertexai" in str(error) else ""
        raise MissingExtraError(f"ragas cannot be imported ({error}){cure}.") from error
