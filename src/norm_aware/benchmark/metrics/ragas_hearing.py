"""One metric's questions to a judge, as RAGAS asks them: what was said, what it cost, what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.metrics.reply_form import Model, ReplyForm
from norm_aware.errors import LLMError

_SEEDS = 1000  # between repeats; a metric asks the same thing far less often
_LONGEST = 900  # characters of an explanation


class Hearing:
    """What a judge is asked for one value of one metric.

    At temperature 0 a question asked again is not put to the judge again: it would say the same. Above it,
    each time has a seed of its own.

    Args:
        chat: to the judge.
        repeat: which time this value is asked for, from 0.
        reasons: whether the judge gives its reasons.

    Attributes:
        replies: what the judge said, in order.
        usage: what its calls took.
        failure: the last call that failed; RAGAS swallows some.
    """

    def __init__(self, chat: Chat, *, repeat: int = 0, reasons: bool = True) -> None:
        self.replies: list[Mapping[str, Any]] = []
        self.usage = Usage()
        self.failure: LLMError | None = None
        self._chat = chat
        self._repeat = repeat
        self._reasons = reasons
        self._asked: Counter[str] = Counter()
        self._said: dict[str, Any] = {}

    async def ask(self, prompt: str, model: type[Model]) -> Model:
        """The judge's reply to a prompt of RAGAS.

        Raises:
            LLMError: when there is none, or none that can be read.
            ValueError: when the judge found nothing to judge.
        """
        config = self._chat.config
        if config.temperature == 0 and prompt in self._said:
            said: Model = self._said[prompt]
            return said
        seed = config.seed + _SEEDS * self._repeat + self._asked[prompt]
        self._asked[prompt] += 1
        # OpenAI's own endpoint refuses schemas that bound a text
        form = ReplyForm(model, prompt, reasons=self._reasons, bounded=not config.is_openai)
        try:
            reply = await self._chat.ask([{"role": "user", "content": prompt}], schema=form.schema, seed=seed)
            found = form.read(reply.data or {})
        except LLMError as error:
            self.failure = error
            raise
        self.usage += reply.usage
        self._said[prompt] = found
        self.replies.append(found.model_dump())
        if self.replies[-1].get("statements") == []:  # RAGAS goes on, and warns of an empty mean
            raise ValueError("the judge found no statement in the text")
        return found

    @property
    def explanation(self) -> str | None:
        """The judge's words, a line for each verdict, question, rating or list of entities."""
        lines = [line for reply in self.replies for line in _lines(reply)]
        text = "\n".join(lines)
        return (text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…") or None


def _lines(reply: Mapping[str, Any]) -> list[str]:
    if "question" in reply:
        evasive = " (the answer is evasive)" if reply.get("noncommittal") else ""
        return [f"would answer: {reply['question']}{evasive}"]
    if "rating" in reply:
        return [f"rating: {reply['rating']} of 4"]
    if "entities" in reply:
        return [f"entities: {', '.join(reply['entities']) or 'none'}"]
    if "verdict" in reply:
        return [_verdict(reply)]
    items = [item for value in reply.values() if isinstance(value, list) for item in value]
    return [_verdict(item) for item in items if isinstance(item, dict)]


def _verdict(item: Mapping[str, Any]) -> str:
    holds = "yes" if item.get("verdict", item.get("attributed")) else "no"
    words = [item.get("statement"), item.get("reason")]
    return ": ".join([holds, " / ".join(word for word in words if word)]).rstrip(": ")
