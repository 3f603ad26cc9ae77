"""On what a run was trained: versions and hardware."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_PACKAGES = ("norm-aware", "torch", "sentence-transformers", "transformers", "numpy")


def versions() -> dict[str, str]:
    """Of Python and of what trains."""
    return {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}


def hardware(device: torch.device) -> dict[str, Any]:
    """The machine and what of it trains.

    Args:
        device: that the model is on.
    """
    import torch

    found: dict[str, Any] = {"machine": platform.machine(), "cores": os.cpu_count(), "device": str(device)}
    if device.type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
    return found


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # it runs from a checkout
        return "not installed"
