"""Which precision an encoder computes in: bfloat16 only where the processor multiplies it natively."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

Dtype = Literal["auto", "float32", "bfloat16"]

_CPUINFO = Path("/proc/cpuinfo")
_FLAGS = {"avx512_bf16", "amx_bf16"}  # without either, a CPU emulates bfloat16 and is slower for it
_AMPERE = (8, 0)  # the first of NVIDIA's to have it


def is_bfloat16(dtype: Dtype, *, device: str) -> bool:
    """Whether to compute in bfloat16 on a device.

    Args:
        dtype: as asked for; "auto" takes bfloat16 where the device is built for it.
        device: type of a torch device, such as `cpu` or `cuda`.

    Example:
        >>> is_bfloat16("float32", device="cuda")
        False
    """
    return dtype == "bfloat16" or (dtype == "auto" and has_bfloat16(device))


def has_bfloat16(device: str) -> bool:
    """Whether a device multiplies bfloat16 natively; False where that is not known."""
    if device == "cpu":
        return bool(_FLAGS & cpu_flags(_CPUINFO))
    return device == "cuda" and torch.cuda.is_available() and torch.cuda.get_device_capability() >= _AMPERE


def cpu_flags(cpuinfo: Path) -> set[str]:
    """The flags of the first processor in Linux's `/proc/cpuinfo`; none where there is no such file."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
