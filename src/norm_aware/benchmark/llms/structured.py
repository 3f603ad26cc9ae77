"""Replies that are a JSON object of a schema: how a model is asked for one, and how one is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from norm_aware.errors import LLMError, MissingExtraError

_FENCED = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_LONGEST = 300  # characters of a reason, which may quote a whole reply

Messages = Sequence[Mapping[str, str]]


class Structure:
    """A JSON schema that replies must follow.

    Args:
        schema: of an object.

    Raises:
        LLMError: when it is no JSON schema.
        MissingExtraError: when jsonschema is not installed.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            import jsonschema
        except ImportError as error:
            raise MissingExtraError(
                'Asking for JSON needs jsonschema; install it with pip install "norm-aware[benchmark]".'
            ) from error
        self.schema = dict(schema)
        try:
            jsonschema.Draft202012Validator.check_schema(self.schema)
        except jsonschema.SchemaError as error:
            raise LLMError(f"What a reply must follow is no JSON schema: {error.message}.") from error
        self._validator = jsonschema.Draft202012Validator(self.schema)

    def response_format(self, form: str) -> Mapping[str, Any] | None:
        """What an OpenAI-compatible endpoint is told, by "json_schema", "json_object" or "text"."""
        if form == "json_schema":
            closed = _closed(self.schema)
            asked = {"name": "reply", "schema": closed, "strict": _is_strict(closed)}
            return {"type": "json_schema", "json_schema": asked}
        return {"type": "json_object"} if form == "json_object" else None

    def messages(self, messages: Messages, form: str) -> list[Mapping[str, str]]:
        """The messages, with the schema spelled out in the first where only words can ask for it."""
        if form == "json_schema":
            return list(messages)
        rule = f"Answer with a JSON object and nothing else. It follows this JSON schema:\n{self._spelled}"
        if messages and messages[0]["role"] == "system":
            return [{"role": "system", "content": f"{messages[0]['content']}\n\n{rule}"}, *messages[1:]]
        return [{"role": "system", "content": rule}, *messages]

    def read(self, text: str) -> Mapping[str, Any]:
        """The object in a reply, which may stand in a code fence or between words.

        Raises:
            ValueError: when there is none, or it does not follow the schema; it says why.
        """
        from jsonschema.exceptions import best_match

        found = _object(_THOUGHT.sub("", text))
        error = best_match(self._validator.iter_errors(found))
        if error is not None:
            where = ".".join(str(part) for part in error.absolute_path)
            raise ValueError(f"{f'{where}: ' if where else ''}{error.message}"[:_LONGEST])
        return found

    def repair(self, messages: Messages, text: str, reason: str) -> list[Mapping[str, str]]:
        """The conversation, gone on with what was wrong with the reply."""
        wrong = (
            f"That is not what was asked for ({reason}). Answer again, with a JSON object and nothing else"
        )
        said = [{"role": "assistant", "content": text}] if text.strip() else []
        return [
            *messages,
            *said,
            {"role": "user", "content": f"{wrong}, which follows this JSON schema:\n{self._spelled}"},
        ]

    @property
    def _spelled(self) -> str:
        return json.dumps(self.schema, ensure_ascii=False)


def _object(text: str) -> Mapping[str, Any]:
    fenced = _FENCED.search(text)
    candidates = [text, fenced[1] if fenced else "", text[text.find("{") : text.rfind("}") + 1]]
    for candidate in candidates:
        try:
            found = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    raise ValueError("it is no JSON object")


def _closed(schema: Any) -> Any:
    """The schema with its objects closed to further names, as OpenAI wants it; the rest as it was."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed


def _is_strict(schema: Any) -> bool:
    """Whether every object requires all it names, without which OpenAI refuses its strict form."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    names = schema.get("properties")
    if schema.get("type") == "object" and (
        not isinstance(names, dict)
        or set(schema.get("required", ())) != set(names)
        or schema.get("additionalProperties") is not False
    ):
        return False
    return all(map(_is_strict, schema.values()))
