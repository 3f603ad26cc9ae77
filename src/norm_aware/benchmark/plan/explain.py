"""Says what is wrong with a plan in a plan's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from norm_aware.benchmark.plan.source import Location, Source, dotted

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "list_type": "a list",
    "tuple_type": "a list",
    "path_type": "a path",
}
_BOUNDS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
}


def explain(error: ValidationError, source: Source, keys: Mapping[str, Sequence[str]]) -> str:
    """Each mistake in a sentence: where it is, what was found, what to write instead.

    Args:
        error: what checking the plan raised.
        source: the plan.
        keys: the keys that each part of a plan has, by the part's own key; those of the plan under "".
    """
    sentences = []
    for detail in error.errors(include_url=False, include_context=True):
        location: Location = tuple(detail["loc"])
        sentences.append(source.where(location) + _sentence(detail, location, keys))
    return " ".join(dict.fromkeys(sentences))


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The nearest of some names, and all of them."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}There are {', '.join(known)}."


def _sentence(detail: Mapping[str, Any], location: Location, keys: Mapping[str, Sequence[str]]) -> str:
    kind, name = detail["type"], dotted(location)
    found = detail["input"]
    if kind == "extra_forbidden":
        part = _part(location)
        return f"{location[-1]!r} is no key of {_called(part)}; {did_you_mean(str(location[-1]), keys[part])}"
    if kind == "missing":
        return f"{name} is missing; give it."
    if kind in _KINDS:
        shown = f"{type(found).__name__} {found!r}" if isinstance(found, (int, float)) else _shown(found)
        quoted = "; put it in quotes" if kind == "string_type" and isinstance(found, (int, float)) else ""
        return f"{name} is {shown}, and must be {_KINDS[kind]}{quoted}."
    if kind in _BOUNDS:
        word, bound = _BOUNDS[kind], next(iter(detail["ctx"].values()))
        if kind == "greater_than" and isinstance(found, int):
            word, bound = "at least", bound + 1
        return f"{name} is {found}; {word} {bound} is needed."
    said = str(detail["msg"]).removeprefix("Value error, ").rstrip(".")
    said = said[0].lower() + said[1:] if said.startswith("Input ") else said
    return f"{name}: {said}."


def _shown(found: Any) -> str:
    """A value, unless it is long or may be a secret."""
    if isinstance(found, str):
        return f"{found!r}" if len(found) <= 24 else "a text"
    return {dict: "keys and values", list: "a list", type(None): "empty"}.get(type(found), "something else")


def _part(location: Location) -> str:
    """Which part of a plan a key stands in."""
    words = [part for part in location[:-1] if isinstance(part, str)]
    if words and words[-1] in ("prompt", "price"):
        return words[-1]
    return words[0] if words else ""


def _called(part: str) -> str:
    return {
        "": "a plan",
        "systems": "a system",
        "defaults": "a system",
        "llms": "a model",
        "judge": "the judge",
        "compare": "the comparison",
    }.get(part, f"a {part}")
