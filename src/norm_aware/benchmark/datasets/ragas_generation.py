"""RAGAS's test-set generator, asked for one question about one passage.

Its `TestsetGenerator` asks for all questions at once, through a graph of the whole corpus: a failure anywhere
loses the run, and a question's document with it. Here its single-hop synthesizer is given a graph of one
passage at a time, so that each question is traceable and each failure is one passage's. Replies are held to
the JSON schema of the form RAGAS reads, which small models need.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.metrics.ragas_import import ragas_llm, require_ragas
from norm_aware.errors import LLMError

PERSONAS: Mapping[str, str] = {
    "Newcomer": "Meets the subject for the first time and asks what things are and what they are for.",
    "Practitioner": "Works with the subject every day and asks how to get something done.",
    "Expert": "Knows the subject well and asks about details, limits and exceptions.",
}
"""Who asks: RAGAS would have a model invent them from summaries of the corpus."""

_TOKENS = 1024  # longest reply; RAGAS's own default
_THEMES = 5  # of a passage, from which one is asked about
_MOST = 10  # items of a list: a small model that is not stopped goes on until its reply is cut off


@dataclass(frozen=True, slots=True)
class Draft:
    """A question and its answer as RAGAS wrote them, not yet checked.

    Attributes:
        question: the question.
        answer: its answer from the passage.
        theme: what it is about.
        persona: who asks it.
        style: such as `Web search like queries`.
        length: such as `short`.
    """

    question: str
    answer: str
    theme: str
    persona: str
    style: str
    length: str


class RagasWriter:
    """Writes questions by RAGAS's `SingleHopSpecificQuerySynthesizer`.

    Args:
        chat: the model that writes, open.

    Attributes:
        usage: what its calls took so far.

    Raises:
        MissingExtraError: when ragas is not installed or cannot be imported.
    """

    def __init__(self, chat: Chat) -> None:
        require_ragas("Writing questions needs", beside=())
        self.usage = Usage()
        self._chat = chat

    async def draft(self, passage: str, *, seed: int) -> Draft:
        """A question about a passage, and its answer.

        Args:
            passage: what is asked about.
            seed: of the theme, persona, style and length.

        Raises:
            LLMError: when the model cannot be reached, or its reply has not the form RAGAS reads.
        """
        from ragas.testset.graph import KnowledgeGraph, Node, NodeType
        from ragas.testset.persona import Persona
        from ragas.testset.transforms.extractors.llm_based import (
            TextWithExtractionLimit,
            ThemesAndConceptsExtractorPrompt,
        )

        model = ragas_llm(self._ask)
        try:
            wanted = TextWithExtractionLimit(text=passage, max_num=_THEMES)
            found = await ThemesAndConceptsExtractorPrompt().generate(data=wanted, llm=model)
            themes = list(dict.fromkeys(theme.strip() for theme in found.output if theme.strip()))[:_THEMES]
            if not themes:
                raise LLMError(f"{self._chat.config} found no theme in the passage.")
            node = Node(type=NodeType.CHUNK, properties={"page_content": passage, "themes": themes})
            personas = [Persona(name=name, role_description=role) for name, role in PERSONAS.items()]
            synthesizer = _synthesizer(model, seed)
            scenarios = await synthesizer.generate_scenarios(1, KnowledgeGraph(nodes=[node]), personas)
            if not scenarios:
                raise LLMError(f"{self._chat.config} found nobody who would ask about the passage.")
            scenario = scenarios[0]
            sample = await synthesizer.generate_sample(scenario)
        except (LLMError, asyncio.CancelledError):
            raise
        except Exception as error:  # RAGAS raises what it likes about a reply
            raise LLMError(
                self._chat.config.redact(f"RAGAS could not use a reply of {self._chat.config}: {error}")
            ) from None
        return Draft(
            " ".join((sample.user_input or "").split()),
            (sample.reference or "").strip(),
            scenario.term,
            scenario.persona.name,
            scenario.style.value,
            scenario.length.value,
        )

    async def _ask(self, prompt: str, form: type[BaseModel]) -> BaseModel:
        message = {"role": "user", "content": prompt}
        schema = closed(form.model_json_schema(), tuple(PERSONAS))
        reply = await self._chat.ask([message], schema=schema, max_tokens=_TOKENS)
        self.usage += reply.usage
        try:
            return form.model_validate(reply.data)
        except ValidationError:
            raise LLMError(f"{self._chat.config} did not answer in the form that RAGAS asks for.") from None


def _synthesizer(model: Any, seed: int) -> Any:
    from ragas.testset.synthesizers.single_hop.specific import SingleHopSpecificQuerySynthesizer

    class Synthesizer(SingleHopSpecificQuerySynthesizer):
        def sample_combinations(self, data: list[dict[str, Any]], num_samples: int) -> list[Any]:
            """One of each list by the seed: RAGAS shuffles by the process's own random state."""
            chosen = random.Random(seed)  # noqa: S311  # a sample, not a secret
            one_of = {"term": "terms", "persona": "personas", "style": "styles", "length": "lengths"}
            return [
                self.convert_to_scenario(
                    {
                        "node": entry["node"],
                        **{name: chosen.choice(sorted(entry[of], key=str)) for name, of in one_of.items()},
                    }
                )
                for entry in data[:num_samples]
                if entry["personas"]
            ]

    return Synthesizer(llm=model, property_name="themes")


def closed(schema: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """A JSON schema whose objects hold their named properties, each of them, and no other.

    Endpoints that write strictly by a schema ask for that. An object of free names gets `keys`, a list of
    any length an end.

    Example:
        >>> closed({"type": "object", "additionalProperties": {"type": "string"}}, ("a",))["required"]
        ['a']
    """
    found: dict[str, Any] = {}
    for name, part in schema.items():
        if isinstance(part, Mapping) and name in {"properties", "$defs"}:
            found[name] = {key: closed(inner, keys) for key, inner in part.items()}
        else:
            found[name] = closed(part, keys) if isinstance(part, Mapping) else part
    if isinstance(free := found.get("additionalProperties"), Mapping):
        found["properties"] = dict.fromkeys(keys, free)
    if found.get("type") == "array":
        found.setdefault("maxItems", _MOST)
    if found.get("type") == "object":
        found["required"] = list(found.get("properties", {}))
        found["additionalProperties"] = False
    return found
