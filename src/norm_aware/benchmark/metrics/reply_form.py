"""The form of a judge's reply to one of RAGAS's questions: a schema that leaves no room to go wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)

CHOICES: Mapping[str, tuple[int, ...]] = {
    "verdict": (0, 1),
    "attributed": (0, 1),
    "noncommittal": (0, 1),
    "rating": (0, 2, 4),
}
"""What RAGAS's prompts allow for the fields that it declares as any integer."""

_MOST = 20  # statements, claims or entities: a small model repeats itself until it is cut off
_LONGEST = 400  # characters of one of them, or of a reason
_INPUT = "Now perform the same with the following input\ninput: "
_OUTPUT = "\nOutput: "


@dataclass(frozen=True, slots=True)
class ReplyForm(Generic[Model]):
    """What a judge may reply to one prompt.

    Attributes:
        model: RAGAS's type of the reply.
        prompt: RAGAS's question; where it lists statements, each gets one verdict, in their order.
        reasons: whether the judge gives its reasons. Without them it repeats no statement either, which is
            several times faster; small judges are no worse for it.
        bounded: whether texts have a greatest length; OpenAI's schemas know none.
    """

    model: type[Model]
    prompt: str
    reasons: bool = True
    bounded: bool = True

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema, in OpenAI's strict dialect."""
        import openai

        tool = openai.pydantic_function_tool(self.model)["function"]
        schema: dict[str, Any] = copy.deepcopy(dict(tool.get("parameters", {})))
        for part in _parts(schema):
            self._tighten(part)
        if count := len(self._statements()):
            schema["properties"]["statements"] |= {"minItems": count, "maxItems": count}
        return schema

    def read(self, data: Mapping[str, Any]) -> Model:
        """The reply as RAGAS takes it, from an object that follows the schema."""
        filled = copy.deepcopy(dict(data))
        if not self.reasons:
            for part in _parts(filled):
                part.setdefault("reason", "")
        for statement, item in zip(self._statements(), filled.get("statements", ()), strict=False):
            if isinstance(item, dict):
                item["statement"] = statement  # RAGAS asks for it word by word, and small judges rephrase
        return self.model.model_validate(filled)

    def _tighten(self, part: dict[str, Any]) -> None:
        properties = part.get("properties", {})
        left_out = () if self.reasons else ("reason", *(["statement"] if self._statements() else []))
        for name in set(left_out) & set(properties):
            del properties[name]
            part["required"].remove(name)
        for name in set(CHOICES) & set(properties):
            properties[name] = {"type": "integer", "enum": list(CHOICES[name])}
        if part.get("type") == "array":
            part["maxItems"] = _MOST
        if part.get("type") == "string" and self.bounded:
            part["maxLength"] = _LONGEST

    def _statements(self) -> list[str]:
        """The statements that the prompt asks to judge, where the reply has a verdict for each."""
        field = self.model.model_fields.get("statements")
        if field is None or field.annotation == list[str] or str(field.annotation) == "typing.List[str]":
            return []
        asked = self.prompt.partition(_INPUT)[2].rpartition(_OUTPUT)[0]
        try:
            found = json.loads(asked)["statements"]
        except (ValueError, KeyError, TypeError):
            return []
        return [str(statement) for statement in found]


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value, itself included."""
    if isinstance(value, dict):
        yield value
        for part in list(value.values()):
            yield from _parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)
