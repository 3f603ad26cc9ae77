"""Commands that make question sets: generate-questions."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from norm_aware.cli.app import app
from norm_aware.console import progress_bars
from norm_aware.errors import BenchmarkError
from norm_aware.resources import open_settings

if TYPE_CHECKING:
    from pydantic import SecretStr

    from norm_aware.benchmark.llms.config import LLMConfig

_REPLY_TOKENS = 1024  # longest reply of a model that is served here, beside the room for its prompt


@app.command()
def generate_questions(
    source: Annotated[
        str, typer.Argument(help="Documents: 'pydocs', a folder in BEIR's layout or of texts, a .jsonl file.")
    ],
    out: Annotated[Path, typer.Option(help="A .jsonl file, for benchmark --dataset.")] = Path(
        "questions.jsonl"
    ),
    number: Annotated[int, typer.Option(help="Questions wanted.")] = 100,
    llm: Annotated[
        str | None, typer.Option(help="Writes: 'smollm2', a .gguf file, or a model's name.")
    ] = None,
    llm_base_url: Annotated[str | None, typer.Option(help="Its OpenAI-compatible endpoint.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="Model that checks each question; the writer where not given.")
    ] = None,
    judge_base_url: Annotated[str | None, typer.Option(help="Its OpenAI-compatible endpoint.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the choice of passages.")] = None,
) -> None:
    """Write questions about your documents with a language model, each traceable to words of a passage.

    RAGAS writes question and answer; a pair is kept where the passage holds the words that answer it. Started
    again, it goes on where it stopped.
    """
    settings = open_settings(
        llm=llm, llm_base_url=llm_base_url, judge=judge, judge_base_url=judge_base_url, seed=seed
    )
    from norm_aware.benchmark.datasets.corpus import read_documents

    documents = read_documents(source)
    from norm_aware.benchmark.datasets import generation
    from norm_aware.benchmark.llms.llm import open_llm

    with ExitStack() as stack:

        def opened(name: str, base_url: str | None, api_key: SecretStr | None) -> LLMConfig:
            options: dict[str, Any] = {"max_tokens": _REPLY_TOKENS, "timeout": settings.timeout}
            options |= {"base_url": base_url, "api_key": api_key, "seed": settings.seed}
            return stack.enter_context(open_llm(name, **options)).config

        writer = opened(settings.llm, settings.llm_base_url, settings.llm_api_key)
        checker = None
        if settings.judge is not None:
            checker = opened(settings.judge, settings.judge_base_url, settings.judge_api_key)
        bar = stack.enter_context(progress_bars())
        found = generation.generate_questions(
            documents,
            out,
            writer=writer,
            checker=checker,
            corpus=source if source == "pydocs" else str(Path(source).resolve()),
            number=number,
            seed=settings.seed,
            progress=bar,
        )
    print(
        f"{len(found.questions)} questions from {found.passages} passages; "
        f"{sum(found.refused.values())} refused, {found.failed} failed; {found.usage.calls} calls, "
        f"{found.usage.prompt_tokens} and {found.usage.completion_tokens} tokens."
    )
    for reason, count in found.refused.items():
        print(f"  {count} refused: {reason}")
    if not found.questions:
        raise BenchmarkError(
            f"No question held; {out}.attempts has each with the reason. Give a more capable --llm."
        )
    if len(found.questions) < number:
        print(f"{number - len(found.questions)} of {number} are missing: no passage is left.")
    print(out)
