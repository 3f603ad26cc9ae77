"""A blind judge of two answers: which is better, asked in both orders.

The positional swap follows Zheng et al. 2023, *Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena*
(arXiv:2306.05685), section 3.4: a win counts where both orders agree, everything else is a tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.metrics.judge_session import JudgeSession, require_repeats
from norm_aware.benchmark.metrics.measured import measured
from norm_aware.benchmark.metrics.score import Score

MEASURE = "pairwise"

_SYSTEM = (
    "You compare two answers to a question and say which is better: more correct first, then more complete, "
    "then more concise. Their order means nothing. Answer with a JSON object that has two fields: "
    '"better", which is "1", "2" or "tie", and "reason", one short sentence.'
)
_USER = "Question: {question}\n{gold}\nAnswer 1: {first}\n\nAnswer 2: {second}\n\nWhich answer is better?"
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    # the verdict stands first: a small judge that must argue before it decides decides worse
    "properties": {"better": {"type": "string", "enum": ["1", "2", "tie"]}, "reason": {"type": "string"}},
    "required": ["better", "reason"],
    "additionalProperties": False,
}
_TOKENS = 256
_SEEDS = 1000
_LONGEST = 300  # characters of a reason


@dataclass(frozen=True, slots=True)
class PositionBias:
    """How far a judge's preference follows the order in which it was shown two answers.

    Attributes:
        pairs: pairs of different answers that were judged in both orders.
        agreed: those where both orders preferred the same answer.
        ties: those where both orders saw none as better.
        first: those where both orders preferred whichever stood first.
        second: those where both orders preferred whichever stood second.
    """

    pairs: int
    agreed: int
    ties: int
    first: int
    second: int

    @property
    def share(self) -> float | None:
        """Share of pairs decided by position; None where there is no pair."""
        return (self.first + self.second) / self.pairs if self.pairs else None


class PairwiseJudge:
    """Judges a candidate's answer against the baseline's without knowing which is which.

    Args:
        config: the judge.
        repeats: how often each pair is judged, with seeds of its own.
        concurrency: pairs judged at once; each has one request in flight.
        timeout: seconds for one pair, both orders included.

    Attributes:
        config: the judge as it is asked.
        repeats: as given.
        fingerprint: hash of everything that changes a verdict; not the number of repeats.

    Raises:
        BenchmarkError: when repeats are asked of a judge at temperature 0, which says the same each time.
        LLMError: when the endpoint cannot be used as configured.
    """

    def __init__(
        self, config: LLMConfig, *, repeats: int = 1, concurrency: int = 4, timeout: float = 300.0
    ) -> None:
        require_repeats(config, repeats)
        self.config = replace(config, max_tokens=max(config.max_tokens, _TOKENS))
        self.fingerprint = self.config.fingerprint(MEASURE, _SYSTEM, _USER)
        self.repeats = repeats
        self._session = JudgeSession(self.config, concurrency=concurrency, timeout=timeout)

    async def compare(
        self, question: str, answers: tuple[str, str], references: Sequence[str] = (), *, repeat: int = 0
    ) -> Score:
        """One pair of answers, judged once in both orders.

        Args:
            question: that both answer.
            answers: the candidate's and the baseline's.
            references: gold answers, any of which is right; shown to the judge where there are some.
            repeat: which time this is, from 0.

        Returns:
            1 where both orders preferred the candidate, 0 where both preferred the baseline, else 0.5; or no
            value and the reason. Equal answers are a tie that costs nothing. `positions` says which position
            each order preferred: 1, 2, or 0 for neither.
        """
        if same_answer(*answers):
            return Score(MEASURE, 0.5, explanation="the same answer")
        turn, chat = self._session.enter()
        seed = self.config.seed + _SEEDS * repeat
        heard: list[tuple[int, str]] = []
        spent = Usage()

        async def both_orders() -> float:
            nonlocal spent
            for shown in (answers, answers[::-1]):
                reply = await chat.ask(_messages(question, shown, references), schema=_SCHEMA, seed=seed)
                spent += reply.usage
                heard.append(_read(reply.data or {}))
            return _value(heard[0][0], heard[1][0])

        async def in_time() -> float:
            return await self._session.in_time(both_orders())

        async with turn:
            score = await measured(MEASURE, in_time, self._session.explain)
        words = [
            f"{shown} first: {_named(position, shown)}{f' / {reason}' if reason else ''}"
            for shown, (position, reason) in zip(("candidate", "baseline"), heard, strict=False)
        ]
        positions = tuple(position for position, _ in heard) if score.value is not None else ()
        return replace(score, explanation="\n".join(words) or None, usage=spent, positions=positions)

    async def aclose(self) -> None:
        """Close the connection of the running event loop."""
        await self._session.aclose()


def same_answer(first: str, second: str) -> bool:
    """Whether two answers differ in white space at most.

    Example:
        >>> same_answer("in Paris", " in  Paris")
        True
    """
    return first.split() == second.split()


def position_bias(positions: Iterable[Sequence[int]]) -> PositionBias:
    """How far verdicts followed the order of the answers.

    Args:
        positions: of scores of `PairwiseJudge`; empty ones, of pairs that were not judged, are left out.

    Example:
        >>> position_bias([(1, 2), (1, 1), (1, 1), (0, 0), ()])
        PositionBias(pairs=4, agreed=1, ties=1, first=2, second=0)
    """
    seen = [tuple(pair) for pair in positions if len(pair) == 2]
    return PositionBias(
        pairs=len(seen),
        agreed=sum(pair in ((1, 2), (2, 1)) for pair in seen),
        ties=seen.count((0, 0)),
        first=seen.count((1, 1)),
        second=seen.count((2, 2)),
    )


def _messages(question: str, shown: tuple[str, str], references: Sequence[str]) -> list[dict[str, str]]:
    gold = f"A correct answer: {' / '.join(references)}\n" if references else ""
    user = _USER.format(question=question, gold=gold, first=shown[0], second=shown[1])
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": user}]


def _read(data: Mapping[str, Any]) -> tuple[int, str]:
    """The preferred position, 0 for neither, and the reason."""
    return {"1": 1, "2": 2}.get(data["better"], 0), " ".join(data["reason"].split())[:_LONGEST]


def _value(candidate_first: int, baseline_first: int) -> float:
    """1, 0.5 or 0 from the positions preferred with the candidate first and with the baseline first."""
    return {(1, 2): 1.0, (2, 1): 0.0}.get((candidate_first, baseline_first), 0.5)


def _named(position: int, shown_first: str) -> str:
    other = "baseline" if shown_first == "candidate" else "candidate"
    return ("neither", shown_first, other)[position]
