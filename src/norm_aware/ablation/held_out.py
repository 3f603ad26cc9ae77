"""Training pairs that are kept back, as the judged set that shows what was learned in domain."""

from __future__ import annotations

import random
from collections.abc import Sequence

from norm_aware.calibration.judgements import Judgements
from norm_aware.errors import TrainingError
from norm_aware.training.evaluation import JudgedTexts
from norm_aware.training.pairs import Pair

HELD_OUT = "held_out"
"""Name of the set made of pairs that were kept back."""


def hold_out(
    pairs: Sequence[Pair], queries: int, *, documents: int = 5000, seed: int = 0
) -> tuple[list[Pair], JudgedTexts]:
    """Keep some queries back from training, and make a judged set of them.

    Args:
        pairs: all of them.
        queries: how many different queries are kept back, with every pair of theirs.
        documents: of the set: those relevant to its queries, and others drawn at random, one at least.
        seed: of both choices.

    Returns:
        The other pairs, and the set. Its documents may be relevant to other queries in training: what is
        held out is the question.

    Raises:
        TrainingError: when fewer than two pairs would be left, or fewer than two queries held out, whose
            values would have no spread.
    """
    generator = random.Random(seed)  # noqa: S311  # a sample, not a secret
    relevant: dict[str, dict[str, float]] = {}
    for pair in pairs:
        relevant.setdefault(pair.query, {})[pair.document] = 1.0
    kept = sorted(generator.sample(sorted(relevant), max(0, min(queries, len(relevant)))))
    chosen = set(kept)
    rest = [pair for pair in pairs if pair.query not in chosen]
    if len(kept) < 2 or len(rest) < 2:
        raise TrainingError(
            f"{queries} of {len(relevant)} different queries are to be held out; keep at least 2 back and "
            "2 to train on."
        )
    texts = list(dict.fromkeys(text for query in kept for text in relevant[query]))
    known = set(texts)
    others = [text for text in dict.fromkeys(pair.document for pair in pairs) if text not in known]
    generator.shuffle(others)
    texts += others[: max(1, documents - len(texts))]
    position = {text: i for i, text in enumerate(texts)}
    grades = [{position[text]: grade for text, grade in relevant[query].items()} for query in kept]
    return rest, JudgedTexts(HELD_OUT, tuple(texts), tuple(kept), Judgements.of(grades, documents=len(texts)))
