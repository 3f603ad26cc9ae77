"""The parts of a plan: a system, a language model, the judge, the comparison."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from norm_aware.benchmark.llms.model_spec import SMOLLM2, is_gguf
from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.benchmark.systems.reranker_name import require_reranker
from norm_aware.benchmark.systems.system import CALIBRATED, HYBRID, parse_system
from norm_aware.errors import NormAwareError
from norm_aware.numeric.parse_similarity import parse_similarity

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")  # in capitals: a key pasted here by mistake rarely is


class Entry(BaseModel):
    """Keys and values of a plan; a key that it does not have is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class PromptEntry(Entry):
    """What a model is asked with; what is not given is the usual prompt's."""

    system: str | None = Field(None, description="What the model is told once.")
    user: str | None = Field(None, description="The question's message, with {contexts} and {question}.")

    @field_validator("user")
    @classmethod
    def _fillable(cls, value: str | None) -> str | None:
        if value is not None:
            for place in ("{contexts}", "{question}"):
                if place not in value:
                    raise ValueError(f"it has no {place}; write where the model is shown them")
            try:
                value.format(contexts="", question="")
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(
                    f"beside {{contexts}} and {{question}} it has braces ({error}); double them"
                ) from error
        return value

    def to_prompt(self) -> Prompt:
        """The prompt."""
        return Prompt(**self.model_dump(exclude_none=True))


class SystemEntry(Entry):
    """A system; what is not given is inherited from the plan's defaults."""

    name: str | None = Field(None, min_length=1, description="For the report; the retriever's if not given.")
    retriever: str = Field(
        "cosine",
        description="A similarity, calibrated, stock, bm25, hybrid, or package.module:factory.",
    )
    similarity: str | None = Field(None, description="Of a hybrid's dense half; cosine if not given.")
    alpha: float = Field(0.5, ge=0, le=1, description="Weight of a hybrid's dense half.")
    calibration: Path | None = Field(None, description="File of a calibration, for calibrated.")
    reranker: str | None = Field(
        None, description="A similarity, a cross-encoder's name or folder, or package.module:factory."
    )
    rerank_depth: int = Field(50, gt=0, description="How many documents the reranker sees.")
    exact: bool = Field(True, description="Score every document, so that no index loses any.")
    k: int = Field(3, ge=1, le=100, description="Documents an answer is written from.")
    prompt: PromptEntry = Field(default_factory=PromptEntry, description="What the model is asked with.")
    llm: str | None = Field(None, description="Which of llms answers; the first if not given.")

    @model_validator(mode="before")
    @classmethod
    def _named_alone(cls, value: Any) -> Any:
        return {"retriever": value} if isinstance(value, str) else value

    @field_validator("retriever")
    @classmethod
    def _known_retriever(cls, value: str) -> str:
        if value.strip() != CALIBRATED:
            _said(lambda: parse_system(value))
        return value.strip()

    @field_validator("similarity")
    @classmethod
    def _known_similarity(cls, value: str | None) -> str | None:
        if value is not None:
            _said(lambda: parse_similarity(value))
        return value

    @field_validator("reranker")
    @classmethod
    def _known_reranker(cls, value: str | None) -> str | None:
        if value is not None:
            _said(lambda: require_reranker(value))
        return value

    @property
    def label(self) -> str:
        """Its name, or what it does."""
        if self.name is not None:
            return self.name
        plain = parse_system(self.retriever).name if self.retriever != CALIBRATED else CALIBRATED
        if self.retriever == HYBRID and self.similarity:
            plain += f" {self.similarity}"
        return f"{plain}, {self.reranker}" if self.reranker else plain


class PriceEntry(Entry):
    """What a model's tokens cost, per million, in one currency throughout a plan."""

    prompt: float = Field(ge=0, description="Of a million tokens sent.")
    completion: float = Field(ge=0, description="Of a million tokens written.")


class LLMEntry(Entry):
    """A language model: at an OpenAI-compatible endpoint, or a GGUF file that is served in this process."""

    model: str | None = Field(
        None, min_length=1, description="Its name at the endpoint, smollm2, or package.module:factory."
    )
    gguf: Path | None = Field(None, description="A GGUF file to serve.")
    base_url: str | None = Field(None, description="The endpoint; OpenAI's own if not given.")
    api_key_env: str | None = Field(None, description="Environment variable that holds its key.")
    price: PriceEntry | None = Field(None, description="Of its tokens.")
    temperature: float = Field(0.0, ge=0, description="Of what it writes; 0 takes the likeliest words.")
    concurrency: int | None = Field(None, gt=0, description="Calls at once.")
    requests_per_minute: float | None = Field(None, gt=0, description="Calls a minute, at most.")
    max_retries: int = Field(2, ge=0, description="How often a call that failed is repeated.")

    @property
    def is_packaged(self) -> bool:
        """Whether it is the packaged model, served in this process."""
        return self.model == SMOLLM2 and self.base_url is None

    @model_validator(mode="before")
    @classmethod
    def _keyless(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"gguf" if is_gguf(value) else "model": value}
        for key in value if isinstance(value, dict) else ():
            if str(key).lower().replace("-", "_") in ("api_key", "key", "token", "secret", "apikey"):
                raise ValueError(
                    f"{key} would put a secret into a file, and files get shared; set an environment "
                    "variable and give its name as api_key_env"
                )
        return value

    @field_validator("api_key_env")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and (_VARIABLE.fullmatch(value) is None or len(value) > 60):
            raise ValueError("it is no name of an environment variable; give a name such as OPENAI_API_KEY")
        return value

    @field_validator("base_url")
    @classmethod
    def _without_secrets(cls, value: str | None) -> str | None:
        from urllib.parse import urlsplit

        if value is not None:
            url = urlsplit(value)
            if url.scheme not in ("http", "https") or not url.hostname:
                raise ValueError("it is no HTTP address; it must look like http://127.0.0.1:8080/v1")
            if url.username or url.password or url.query:
                raise ValueError("it carries a secret; leave it out and give the key by api_key_env")
        return value

    @model_validator(mode="after")
    def _one_of_two(self) -> LLMEntry:
        if (self.model is None) == (self.gguf is None):
            raise ValueError("a model needs either model, its name at an endpoint, or gguf, a file")
        if self.gguf is not None and (self.base_url or self.api_key_env):
            raise ValueError("a GGUF file is served here; leave base_url and api_key_env out, or give model")
        return self

    @property
    def label(self) -> str:
        """What it is, for the resolved plan."""
        if self.gguf is not None:
            return f"{self.gguf} (served here)"
        return f"{self.model} at {self.base_url}" if self.base_url else str(self.model)

    @property
    def key_is_missing(self) -> bool:
        """Whether its key's variable is not set."""
        return self.api_key_env is not None and not os.environ.get(self.api_key_env)


class JudgeEntry(Entry):
    """What judges the answers."""

    model: str = Field(description="Which of llms.")
    repeats: int = Field(1, gt=0, description="How often each answer is judged.")
    reasons: bool = Field(True, description="Whether the judge gives its reasons.")
    limit: int | None = Field(None, gt=0, description="Of how many of the answered questions.")
    check: str = Field("auto", description="Whether it may judge: auto, none, or a check's file.")

    @model_validator(mode="before")
    @classmethod
    def _named_alone(cls, value: Any) -> Any:
        return {"model": value} if isinstance(value, str) else value


class CompareEntry(Entry):
    """How systems are compared."""

    correction: Literal["holm", "fdr"] = Field("holm", description="Of p over measures and candidates.")
    margin: float = Field(0.01, gt=0, description="A difference smaller than this does not matter.")
    cluster: bool = Field(True, description="Resample questions that share a document together.")


def _said(check: Any) -> None:
    """Turn an error of ours into one of a value's."""
    try:
        check()
    except NormAwareError as error:
        raise ValueError(str(error).rstrip(".")) from error
