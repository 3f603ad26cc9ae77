"""What moves a judge beside what is judged: an answer's place, its length, chance, the question's wording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from norm_aware.benchmark.judging.agreement import wilson


def position_bias(choices: Sequence[tuple[str | None, str | None]]) -> dict[str, Any]:
    """How far the choice between two answers follows their place.

    Args:
        choices: for each comparison the letter chosen with the right answer as A, and with it as B; None
            where the call failed.

    Returns:
        `n` comparisons of which both orders were answered and `failures`; `follows_position`, the share of
        them with the same letter in both orders, with its Wilson interval `low` to `high`; `first_rate`,
        the share of all choices that are A. Figures are None where nothing was answered.
    """
    whole = [(a, b) for a, b in choices if a is not None and b is not None]
    letters = [letter for pair in choices for letter in pair if letter is not None]
    same = sum(a == b for a, b in whole)
    low, high = wilson(same, len(whole)) if whole else (None, None)
    return {
        "n": len(whole),
        "failures": len(choices) - len(whole),
        "follows_position": same / len(whole) if whole else None,
        "low": low,
        "high": high,
        "first_rate": letters.count("A") / len(letters) if letters else None,
    }


def length_bias(concise: Sequence[bool | None], padded: Sequence[bool | None]) -> dict[str, Any]:
    """How far verdicts on the same answers change when these are padded with words that say nothing.

    Args:
        concise: for each answer whether it was accepted as it is; None where the call failed.
        padded: the same for the padded answers.

    Returns:
        `n` answers judged both ways and `failures`; `concise` and `padded`, the shares accepted;
        `difference`, padded minus concise; `gained` and `lost`, answers accepted only padded and only
        concise; `p`, McNemar's exact test. Null hypothesis: padding is as likely to win acceptance as to
        lose it.
    """
    from scipy.stats import binomtest

    both = [(a, b) for a, b in zip(concise, padded, strict=True) if a is not None and b is not None]
    gained = sum(b and not a for a, b in both)
    lost = sum(a and not b for a, b in both)
    rates = [sum(pair[side] for pair in both) / len(both) if both else None for side in (0, 1)]
    return {
        "n": len(both),
        "failures": len(concise) - len(both),
        "concise": rates[0],
        "padded": rates[1],
        "difference": (gained - lost) / len(both) if both else None,
        "gained": gained,
        "lost": lost,
        "p": float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0,
    }


def consistency(
    repeats: Sequence[Sequence[bool | None]],
    *,
    plain: Sequence[bool | None],
    rephrased: Sequence[bool | None],
    temperature: float,
) -> dict[str, Any]:
    """How often a judge says of the same item the same.

    Args:
        repeats: for each item its verdicts with other seeds at `temperature`; None where a call failed.
        plain: for each item the verdict of the check.
        rephrased: for each item the verdict when asked in other words.
        temperature: of the repeats.

    Returns:
        `n` items, `repeats` an item, `temperature`; `unanimous`, the share of items whose repeats all
        agree, with its Wilson interval `low` to `high`; `rephrased`, the share with the same verdict in
        other words, with `rephrased_low` to `rephrased_high`. A failed call agrees with nothing.
    """
    unanimous = sum(None not in said and len(set(said)) == 1 for said in repeats)
    same = sum(a is not None and a == b for a, b in zip(plain, rephrased, strict=True))
    count = len(repeats[0]) if repeats else 0
    low, high = wilson(unanimous, len(repeats)) if count > 1 else (None, None)
    rephrased_low, rephrased_high = wilson(same, len(plain)) if plain else (None, None)
    return {
        "n": len(plain),
        "repeats": count,
        "temperature": temperature,
        "unanimous": unanimous / len(repeats) if count > 1 else None,
        "low": low,
        "high": high,
        "rephrased": same / len(plain) if plain else None,
        "rephrased_low": rephrased_low,
        "rephrased_high": rephrased_high,
    }
