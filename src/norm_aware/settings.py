"""Settings of the command line: the words of the Python API, from the environment, `.env` or a TOML file.

What is given later in this list wins: defaults, `norm-aware.toml`, `.env`, environment variables
(`NORM_AWARE_` and the name in capitals), options on the command line or arguments in Python.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from norm_aware.errors import SettingsError
from norm_aware.numeric.parse_similarity import parse_similarity

PREFIX = "NORM_AWARE_"

CONFIG = f"{PREFIX}CONFIG"
"""Environment variable that names the TOML file; `norm-aware.toml` in the working folder otherwise."""

_OUTSIDE = {CONFIG, f"{PREFIX}DATA"}  # variables that are ours and no setting


class Settings(BaseSettings):
    """Everything that configures norm-aware's command line.

    Raises:
        SettingsError: for an unknown name or a bad value, naming it; values of secrets are never shown.

    Example:
        >>> Settings(similarity="document_power=0.5", similarity_top_k=5).similarity_top_k
        5
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    encoder: str = Field(
        "offline", description="Hub name or path of an encoder; 'offline' is the packaged one."
    )
    query_prompt: str | None = Field(None, description="Put before every query.")
    document_prompt: str | None = Field(None, description="Put before every document.")
    device: str | None = Field(None, description="Torch device; chosen where not given.")
    batch_size: int = Field(32, gt=0, description="Texts encoded at once.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="What `index` computes in; 'auto' is bfloat16 where the processor has it."
    )
    uploaders: int = Field(4, gt=0, description="Connections that `index` uploads to a server by.")

    qdrant_url: str | None = Field(
        None, description="URL of a Qdrant server; embedded storage where not given."
    )
    qdrant_api_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")
    qdrant_timeout: int = Field(30, gt=0, description="Seconds a Qdrant server may take for one request.")
    qdrant_retries: int = Field(
        5,
        ge=0,
        description="Times a request is sent again that a server did not answer, if repeating it is safe.",
    )
    qdrant_ca_file: Path | None = Field(
        None, description="PEM file of the authority that signed the Qdrant server's certificate."
    )
    qdrant_cert_file: Path | None = Field(
        None,
        description="PEM file with a certificate and its private key, where the Qdrant server asks for one.",
    )
    qdrant_path: Path = Field(Path("norm-aware-data"), description="Folder of the embedded storage.")
    collection: str = Field("documents", min_length=1, description="Name of the collection.")
    shard_number: int | None = Field(
        None, gt=0, description="Shards of a collection that is created, on a Qdrant cluster."
    )
    replication_factor: int | None = Field(None, gt=0, description="Nodes that hold a copy of each shard.")
    write_consistency_factor: int | None = Field(
        None, gt=0, description="Copies that must have a write before it counts as done."
    )

    similarity: str | None = Field(
        None, description="Such as dot or document_power=0.5; the encoder's own or cosine where not given."
    )
    calibration: Path | None = Field(
        None, description="File of a calibration, to store and search by in place of a similarity."
    )
    similarity_top_k: int = Field(10, gt=0, description="Documents returned by a search.")
    candidates: int | None = Field(None, gt=0, description="Dot candidates per norm range.")
    ef: int | None = Field(
        None,
        gt=0,
        description="Width of a search through the graph index; 96, or twice the hits, where not given.",
    )
    hnsw_m: int | None = Field(
        None, gt=1, description="Links of a point in a new collection's graph index; 64, or 32 at power 0."
    )
    hnsw_ef_construct: int | None = Field(
        None, gt=3, description="Width of the search that chooses these links; 300, or 200 at power 0."
    )
    quantization: Literal["none", "scalar"] = Field(
        "none", description="Of a new collection: 'scalar' searches by int8 numbers and rescores."
    )
    max_candidates: int | None = Field(
        None, gt=0, description="The most candidates a range is asked for until the answer is proven."
    )
    exact: bool = Field(False, description="Score every document by brute force.")
    stored_power: float | None = Field(
        None, description="Power of their norm that vectors are stored at; 0 makes cosine a plain search."
    )
    allow_normalized: bool = Field(False, description="Take embeddings that all have length 1.")

    llm: str = Field("smollm2", description="Answers: 'smollm2' (packaged), a .gguf file, or a model's name.")
    llm_base_url: str | None = Field(None, description="OpenAI-compatible endpoint of the model.")
    llm_api_key: SecretStr | None = Field(None, description="API key of that endpoint.")
    judge: str | None = Field(None, description="Model that judges answers; none where not given.")
    judge_base_url: str | None = Field(None, description="OpenAI-compatible endpoint of the judge.")
    judge_api_key: SecretStr | None = Field(None, description="API key of that endpoint.")
    judge_check: str = Field(
        "auto",
        description="Whether the judge may judge: 'auto' finds out, 'none', or a check's file.",
    )
    context_k: int = Field(3, gt=0, description="Retrieved documents an answer is written from.")
    answer_tokens: int = Field(48, gt=0, description="Longest answer, in tokens.")
    context_budget: int = Field(2400, gt=0, description="Longest prompt, in characters.")
    timeout: float = Field(120.0, gt=0, description="Seconds a model may take for one answer.")
    seed: int = Field(0, description="Of every random choice.")

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None

    @field_validator("similarity")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return None if value is None else parse_similarity(value).name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the sources in the order documented above, the strongest first."""
        _refuse_unknown(cls, os.environ)
        toml = Path(os.environ.get(CONFIG, "norm-aware.toml"))
        if CONFIG in os.environ and not toml.is_file():
            raise SettingsError(f"{CONFIG} names {str(toml)!r}, which is not a file.")
        return init_settings, env_settings, _DotEnv(settings_cls), _Toml(settings_cls, toml_file=toml)


class _DotEnv(DotEnvSettingsSource):
    """A `.env` file, in which other tools' variables may stand beside ours."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {k: v for k, v in super()._load_env_vars().items() if k.upper().startswith(PREFIX)}


class _Toml(TomlConfigSettingsSource):
    """A TOML file whose syntax errors name the file."""

    def _read_file(self, file_path: Path) -> dict[str, Any]:
        try:
            return super()._read_file(file_path)
        except ValueError as error:  # both TOML parsers' errors are ValueErrors
            raise SettingsError(f"{file_path} is not valid TOML: {error}") from error


def _refuse_unknown(cls: type[Settings], environment: os._Environ[str]) -> None:
    known = {f"{PREFIX}{name}".upper() for name in cls.model_fields} | _OUTSIDE
    unknown = sorted(
        name for name in environment if name.upper().startswith(PREFIX) and name.upper() not in known
    )
    # a variable of this prefix that is no setting is a typing error that would otherwise go unseen
    for name in unknown:
        raise SettingsError(f"Environment variable {name} is no setting; the settings are {_names(cls)}.")


def _names(cls: type[Settings]) -> str:
    return ", ".join(cls.model_fields)


def _explain(error: ValidationError) -> str:
    """Each bad setting by name, without the value it was given, which may be a secret."""
    lines = []
    for detail in error.errors(include_input=False, include_url=False, include_context=False):
        name = ".".join(str(part) for part in detail["loc"])
        if detail["type"] == "extra_forbidden":
            lines.append(
                f"{name.removeprefix(PREFIX.lower())} is no setting; the settings are {_names(Settings)}."
            )
        else:
            lines.append(f"{name}: {detail['msg'].removeprefix('Value error, ').rstrip('.')}.")
    return " ".join(lines)
