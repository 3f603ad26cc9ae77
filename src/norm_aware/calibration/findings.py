"""What the evidence says, in sentences: the decision, the norm against text length, what remains unknown."""

from __future__ import annotations

from collections.abc import Sequence

from norm_aware.calibration.candidates import Candidate
from norm_aware.calibration.evidence import LENGTH_FOR_NORM, WITHOUT_NORM, Arm, Contrast

ENOUGH = 50
"""Judged queries below which little can be told."""

_CEILING = 0.95  # nDCG@10 of cosine

_POWER = 2.8  # standard errors of a difference that is found in 4 of 5 studies at level .05, two-sided


def decide(arm: Arm, choice: Candidate, *, queries: int) -> tuple[bool, str]:
    """Whether calibration is kept, and one sentence that says why.

    Args:
        arm: calibration on held-out queries.
        choice: what it chose on all of them.
        queries: how many there were.
    """
    gain = (
        f"the held-out gain on {queries} queries is {arm.difference:+.4f} nDCG@10 (95% interval "
        f"{arm.low:+.4f} to {arm.high:+.4f}, p {arm.p:.4f})"
    )
    if choice.is_cosine:
        return False, f"Cosine is kept: nothing tried is reliably above it; {gain}."
    if arm.low <= 0:
        return False, f"Cosine is kept: {gain}, and an interval that reaches 0 is no proof."
    return True, f"Calibrated to {choice}: {gain}."


def notes(
    arms: Sequence[Arm],
    contrasts: Sequence[Contrast],
    *,
    choice: Candidate,
    errors: float,
    queries: int,
    symmetric: bool = False,
) -> tuple[str, ...]:
    """Further sentences on the evidence.

    Args:
        arms: cosine first.
        contrasts: calibration against itself without its norm, and with length for it, where measured.
        choice: what the calibration is: cosine where nothing else was proved.
        errors: standard error of the gain of what was searched for, guard aside.
        queries: how many there were.
        symmetric: whether cosine was kept for that reason.
    """
    said = []
    if symmetric:
        said.append(
            "The task is symmetric, its two sides being of one kind of text, and only cosine scores a pair "
            "the same either way: nothing else was chosen from."
        )
    if queries < ENOUGH:
        smallest = _POWER * errors
        unseen = f": a gain below {smallest:.3f} nDCG@10 would go unseen more than one time in five"
        said.append(
            f"{queries} judged queries are few{unseen if 0 < smallest < 1 else ''}. Judge {ENOUGH} or more "
            "before a cosine kept here is read as no gain."
        )
    if arms[0].mean > _CEILING:
        said.append(
            f"Cosine is at {arms[0].mean:.3f} already: a ceiling, at which a small gain is no evidence "
            "against the other ideas."
        )
    over = {contrast.over: contrast for contrast in contrasts}
    if choice.uses_norm and WITHOUT_NORM in over:
        said.append(_norm_or_length(over[WITHOUT_NORM], over.get(LENGTH_FOR_NORM)))
    elif not choice.uses_norm and not choice.is_cosine:
        said.append("The raw norm has no part in the choice: the gain is the transform's and the hubness's.")
    return tuple(said)


def _norm_or_length(own: Contrast, over_length: Contrast | None) -> str:
    share = f"The raw norm's own share of the gain is {_interval(own)}"
    if own.low <= 0:
        return f"{share}: not proved. Nearly as much is gained without it."
    if over_length is None:
        return f"{share}, but it may be text length in disguise: the lengths of the texts were not given."
    if over_length.low > 0:
        return (
            f"{share}, and text length does not replace it: with length in its place it is ahead by "
            f"{_interval(over_length)}."
        )
    return (
        f"{share}, but it may be text length in disguise: ahead of the same with text length in its place by "
        f"no more than {_interval(over_length)}."
    )


def _interval(contrast: Contrast) -> str:
    return f"{contrast.difference:+.4f} ({contrast.low:+.4f} to {contrast.high:+.4f})"
