"""What training needs beyond searching."""

from __future__ import annotations

import importlib.util

from norm_aware.errors import MissingExtraError


def require_training(*, lora: bool = False) -> None:
    """Refuse to go on without what sentence-transformers' trainer needs.

    Raises:
        MissingExtraError: naming the extra.
    """
    for name in ("datasets", "accelerate", *(["peft"] if lora else [])):
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(
                f'Training needs {name}; install it with pip install "norm-aware[train]".'
            )
