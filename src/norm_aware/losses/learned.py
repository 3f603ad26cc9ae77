"""A number that a loss learns beside the model, the same one in every process."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn


def learned(start: float) -> nn.Parameter:
    """A scalar parameter whose gradients are averaged over processes as the model's are.

    A loss stands outside the wrapper that does so for the model, and its processes would drift apart.
    """
    parameter = nn.Parameter(torch.tensor(start, dtype=torch.float32))
    parameter.register_post_accumulate_grad_hook(_average)  # type: ignore[no-untyped-call]
    return parameter


def add_gradient(parameter: nn.Parameter, gradient: Tensor) -> None:
    """Add to a parameter's gradient what a backward pass of its own found."""
    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
    _average(parameter)


def _average(parameter: Tensor) -> None:
    if dist.is_available() and dist.is_initialized() and parameter.grad is not None:
        dist.all_reduce(parameter.grad)
        parameter.grad /= dist.get_world_size()
