"""A judge's verdicts, each asked for once and kept."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from norm_aware.benchmark.awaiting import await_in_thread
from norm_aware.benchmark.digest import digest
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.score import Sample, Score
from norm_aware.benchmark.rows import Rows
from norm_aware.progress import Progress

_ALWAYS = ("measure", "value", "reason", "seconds")

Ask = Callable[[], Awaitable[Score]]


class Closing(Protocol):
    """What holds connections of an event loop."""

    async def aclose(self) -> None:
        """Close them."""


def verdict_key(fingerprint: str, name: str, sample: Sample, repeat: int) -> str:
    """Hash of everything that a verdict depends on: of the sample, what the metric looks at alone."""
    seen = [getattr(sample, field) for field in METRICS[name].looks_at]
    return digest(fingerprint, name, *seen, repeat)


def settle(asked: Mapping[str, Ask], judged: Rows, *, judge: Closing, progress: Progress) -> dict[str, Score]:
    """The verdict of each key: a known one, or what its call says; an interrupt gives up the calls under way.

    Args:
        asked: for each key, how to ask for its verdict.
        judged: verdicts so far and where new ones go, each when it is given. One that failed is asked for
            again, alone; one that holds is not.
        judge: closed when all is asked.
        progress: told of verdicts given.
    """
    known = {row["key"]: _score(row["score"]) for row in judged.read() if "score" in row}
    known = {key: score for key, score in known.items() if score.value is not None}
    todo = {key: ask for key, ask in asked.items() if key not in known}

    async def ask_all() -> None:
        done = 0
        progress("Judging", done, len(todo))

        async def ask_one(key: str, ask: Ask) -> None:
            nonlocal done
            known[key] = await ask()
            judged.append({"key": key, "score": plain(known[key])})
            done += 1
            progress("Judging", done, len(todo))

        try:
            await asyncio.gather(*(ask_one(key, ask) for key, ask in todo.items()))
        finally:
            await judge.aclose()

    if todo:
        await_in_thread(ask_all())
    return {key: known[key] for key in asked}


def merged(scores: Sequence[Score]) -> Score:
    """One score from the times a judge was asked: the mean of the values there are.

    Example:
        >>> merged([Score("faithfulness", 0.5), Score("faithfulness", 1.0)]).spread
        0.3535533905932738
    """
    if len(scores) == 1:
        return scores[0]
    values = [score.value for score in scores]
    known = [value for value in values if value is not None]
    first = next((score for score in scores if score.value is not None), scores[0])
    return replace(
        first,
        value=statistics.fmean(known) if known else None,
        seconds=round(sum(score.seconds for score in scores), 4),
        repeats=tuple(values),
        spread=statistics.stdev(known) if len(known) > 1 else None,
        usage=sum((score.usage or Usage() for score in scores), Usage()),
    )


def plain(score: Score) -> dict[str, Any]:
    """The score as a row holds it: what is always there, and what there is of the rest."""
    row = asdict(score)
    return {name: value for name, value in row.items() if name in _ALWAYS or value not in (None, ())}


def score_row(system: str, query: str, score: Score, judge: str | None) -> dict[str, Any]:
    """A row of scores.

    Args:
        system: whose.
        query: id of what was asked.
        score: what was found.
        judge: fingerprint of who found it; None where nobody was asked.
    """
    return {"system": system, "query_id": query, "judge": judge, **plain(score)}


def _score(row: Mapping[str, Any]) -> Score:
    usage = Usage(**row["usage"]) if row.get("usage") else None
    listed = {name: tuple(row.get(name, ())) for name in ("repeats", "positions")}
    return Score(**{**row, **listed, "usage": usage})
