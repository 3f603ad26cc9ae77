"""Numbers as a reader of a page expects them."""

from __future__ import annotations

import json
import math

SIGNIFICANCE = 0.05
"""Adjusted p under which a difference counts as shown, if its interval excludes 0 as well."""


def is_known(value: object) -> bool:
    """Whether a value is there at all: neither null nor not-a-number."""
    return value is not None and value == value


def number(value: float) -> str:
    """Three decimals, fewer for large values, more where three would make a small value look like 0."""
    if math.isinf(value):
        return "\N{MINUS SIGN}∞" if value < 0 else "∞"
    size = abs(value)
    text = f"{size:.3f}" if size < 10 else f"{size:.1f}"
    if float(text) == 0:
        text = f"{size:.1g}" if size > 1e-9 else text  # less is rounding error
    return f"\N{MINUS SIGN}{text}" if value < 0 and float(text) else text


def signed(value: float) -> str:
    """As `number`, with a plus sign before what is above 0."""
    text = number(value)
    return f"+{text}" if value > 1e-9 else text


def p_value(p: float) -> str:
    """A p value that never rounds to 0, nor up to the significance level from below it."""
    if p < 0.0001:
        return "<0.0001"
    text = f"{p:.4f}" if p < 0.001 else f"{p:.3f}"
    return f"<{SIGNIFICANCE}" if p < SIGNIFICANCE <= float(text) else text


def setting(value: object) -> str:
    """A configuration value as a reader expects it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
