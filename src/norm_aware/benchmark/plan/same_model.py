"""Whether two entries of a plan are one model: by its weights, where they can be seen."""

from __future__ import annotations

from norm_aware.benchmark.llms.config import OPENAI
from norm_aware.benchmark.llms.llama_server import gguf_digest, packaged_smollm2
from norm_aware.benchmark.llms.model_spec import SMOLLM2
from norm_aware.benchmark.plan.entries import LLMEntry
from norm_aware.errors import MissingExtraError


def same_model(first: LLMEntry, second: LLMEntry) -> bool:
    """Whether two models have the same weights, or the same name at the same endpoint.

    Example:
        >>> same_model(LLMEntry(model="a", base_url="http://here/v1/"), LLMEntry(model="a"))
        False
    """
    return _identity(first) == _identity(second)


def _identity(entry: LLMEntry) -> tuple[str, str]:
    path = entry.gguf
    if entry.is_packaged:
        try:
            path = packaged_smollm2()
        except MissingExtraError:  # told when it is to be started
            return "", SMOLLM2
    if path is None:
        return (entry.base_url or OPENAI).rstrip("/"), str(entry.model)
    return "weights", gguf_digest(path) if path.is_file() else str(path)
