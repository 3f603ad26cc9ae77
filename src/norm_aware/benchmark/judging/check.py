"""Runs a judge on the built-in items and keeps what was found for every benchmark that it judges."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

from norm_aware.benchmark.awaiting import await_in_thread
from norm_aware.benchmark.judging.agreement import Verdict, by_kind, measure_agreement
from norm_aware.benchmark.judging.asking import VERDICT_TOKENS
from norm_aware.benchmark.judging.bias import consistency, length_bias, position_bias
from norm_aware.benchmark.judging.calls import (
    REPEAT_TEMPERATURE,
    Call,
    compared_pairs,
    padded_items,
    planned_calls,
    questions_digest,
    repeated_items,
)
from norm_aware.benchmark.judging.findings import findings, task_sentence
from norm_aware.benchmark.judging.items import TASKS, checked_items
from norm_aware.benchmark.judging.trust import judge_fingerprint, trusted_metrics
from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.rows import Rows
from norm_aware.errors import BenchmarkError, LLMError
from norm_aware.progress import Progress, silent

REPEATS = 3
"""How often the items of the consistency part are asked again where nothing else is said."""

_PACKAGES = ("norm-aware", "openai", "xllamacpp")  # what a verdict passes through
_HOPELESS = 8  # calls never made before that fail, none before them answered, until a check is given up


def run_check(
    judge: LLMConfig,
    rows: Rows,
    *,
    repeats: int = REPEATS,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Check a judge: ask it for every verdict that is not in the rows yet, and measure.

    An interrupt gives up the calls under way; replies so far stay in the rows.

    Args:
        judge: the model and how it is asked.
        rows: replies so far, and where new ones go; a call that failed is made again.
        repeats: how often the items of the consistency part are asked again.
        progress: told of replies.

    Returns:
        The check, ready for JSON: `model`, `fingerprint`, `created`, `items`, `tasks`, `position_bias`,
        `length_bias`, `consistency`, `metrics`, `findings` and what it took. A call that failed counts as
        disagreement.

    Raises:
        BenchmarkError: for a negative number of repeats.
        LLMError: when the judge cannot be asked at all.
    """
    if repeats < 0:
        raise BenchmarkError(f"{repeats} repeats given; at least 0 are needed.")
    calls = planned_calls(repeats)
    earlier = list(rows.read())
    known = {row["key"]: row for row in earlier if row.get("verdict") is not None}
    failed = {row["key"] for row in earlier} - known.keys()
    # new calls first: that they all fail says that the judge cannot be asked, that failed ones fail does not
    missing = sorted((call for call in calls if call.key not in known), key=lambda call: call.key in failed)
    if missing:
        known |= await_in_thread(_ask_all(judge, missing, rows, progress, len(calls), failed))
    return _measured(judge, calls, {call.id: known[call.key] for call in calls}, repeats)


async def _ask_all(
    judge: LLMConfig,
    calls: Sequence[Call],
    rows: Rows,
    progress: Progress,
    total: int,
    failed: Set[str],
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    gate = asyncio.Semaphore(judge.concurrency)  # a call that waits here can still be left out

    def hopeless() -> bool:
        new = len(found) >= _HOPELESS and failed.isdisjoint(found)
        return new and all(row["verdict"] is None for row in found.values())

    async with Chat(judge) as chat:

        async def ask(call: Call) -> None:
            async with gate:
                if hopeless():
                    return
                found[call.key] = await _ask(chat, call)
                rows.append(found[call.key])
                progress("Checking the judge", total - len(calls) + len(found), total)

        await asyncio.gather(*(ask(call) for call in calls))
    if len(found) < len(calls):
        reason = next(iter(found.values()))["failure"]
        raise LLMError(f"{judge} gave no verdict on the first {len(found)} calls. {reason}")
    return found


async def _ask(chat: Chat, call: Call) -> dict[str, Any]:
    started = time.perf_counter()
    row: dict[str, Any] = {"key": call.key, "id": call.id, "verdict": None}
    try:
        reply = await chat.ask(
            call.messages,
            schema=call.schema,
            temperature=call.temperature,
            seed=chat.config.seed + call.repeat,
            max_tokens=VERDICT_TOKENS,
        )
    except LLMError as error:
        row["failure"] = str(error)
    else:
        row |= {
            "verdict": (reply.data or {})["verdict"],
            "prompt_tokens": reply.usage.prompt_tokens,
            "completion_tokens": reply.usage.completion_tokens,
        }
    row["seconds"] = round(time.perf_counter() - started, 4)
    return row


def _measured(
    judge: LLMConfig, calls: Sequence[Call], rows: Mapping[str, Mapping[str, Any]], repeats: int
) -> dict[str, Any]:
    said = {name: row["verdict"] for name, row in rows.items()}
    tasks = _tasks(said)
    pairs = compared_pairs()
    repeated = repeated_items()
    check: dict[str, Any] = {
        "model": judge.model,
        "fingerprint": judge_fingerprint(judge),
        "temperature": judge.temperature,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "items": len(checked_items()),
        "questions": questions_digest(),
        "tasks": tasks,
        "position_bias": position_bias([(said[f"{r.pair}-ab"], said[f"{r.pair}-ba"]) for r, _ in pairs]),
        "length_bias": length_bias(
            [_yes(said[item.id]) for item in padded_items()],
            [_yes(said[f"{item.id}-padded"]) for item in padded_items()],
        ),
        "consistency": consistency(
            [[_yes(said[f"{i.id}-repeat-{n}"]) for n in range(1, repeats + 1)] for i in repeated],
            plain=[_yes(said[item.id]) for item in repeated],
            rephrased=[_yes(said[f"{item.id}-rephrased"]) for item in repeated],
            temperature=REPEAT_TEMPERATURE,
        ),
        "metrics": trusted_metrics(tasks),
        "calls": len(calls),
        "failures": sum(verdict is None for verdict in said.values()),
        "prompt_tokens": sum(row.get("prompt_tokens", 0) for row in rows.values()),
        "completion_tokens": sum(row.get("completion_tokens", 0) for row in rows.values()),
        "seconds": round(sum(row["seconds"] for row in rows.values()), 1),
        "cores": os.cpu_count(),
        "versions": _versions(),
    }
    check["findings"] = findings(check)
    return check


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _tasks(said: Mapping[str, str | None]) -> dict[str, dict[str, Any]]:
    verdicts: dict[str, list[Verdict]] = {task: [] for task in TASKS}
    for item in checked_items():
        verdict = Verdict(item.label == "yes", _yes(said[item.id]), item.pair, item.kind)
        verdicts[item.task].append(verdict)
    verdicts["comparison"] = [
        Verdict(order == "ab", _first(said[f"{right.pair}-{order}"]), right.pair, right.kind)
        for right, _ in compared_pairs()
        for order in ("ab", "ba")
    ]
    found: dict[str, dict[str, Any]] = {}
    for task, of_task in verdicts.items():
        measured = measure_agreement(of_task)
        why = task_sentence(task, measured)
        found[task] = {**asdict(measured), "why": why, "kinds": by_kind(of_task)}
    return found


def _yes(verdict: str | None) -> bool | None:
    return None if verdict is None else verdict == "yes"


def _first(verdict: str | None) -> bool | None:
    return None if verdict is None else verdict == "A"
