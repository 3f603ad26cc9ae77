"""What the evidence says, in sentences: the decision, the norm against text length, what remains unknown."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.candidates import Candidate
from norm_aware.calibration.evidence import Arm
from norm_aware.numeric.significance import bootstrap_interval

ENOUGH = 50
"""Judged queries below which little can be told."""

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
    values: Mapping[str, NDArray[np.float64]],
    cosine: NDArray[np.float64],
    *,
    choice: Candidate,
    seed: int,
) -> tuple[str, ...]:
    """Further sentences on the evidence.

    Args:
        values: per-query nDCG@10 by arm; `calibrated` and what stands in for its norm are looked at.
        cosine: of the baseline.
        choice: what the calibration is: cosine where nothing else was proved.
        seed: of the resampling.
    """
    said = []
    count = len(cosine)
    calibrated = values["calibrated"]
    without, length = (
        values.get("calibrated, without the norm"),
        values.get("calibrated, length for the norm"),
    )
    if count < ENOUGH:
        # calibration that kept cosine throughout does not tell how far gains spread
        tried = calibrated if without is None or (calibrated != cosine).any() else without
        smallest = _POWER * float((tried - cosine).std(ddof=1)) / np.sqrt(count)
        unseen = f": a gain below {smallest:.3f} nDCG@10 would go unseen more than one time in five"
        said.append(
            f"{count} judged queries are few{unseen if smallest else ''}. Judge {ENOUGH} or more before a "
            "cosine kept here is read as no gain."
        )
    if cosine.mean() > 0.95:
        said.append(
            f"Cosine is at {cosine.mean():.3f} already: a ceiling, at which a small gain is no evidence "
            "against the other ideas."
        )
    if choice.uses_norm and without is not None:
        said.append(
            _norm_or_length(calibrated - without, None if length is None else calibrated - length, seed)
        )
    elif not choice.uses_norm and not choice.is_cosine:
        said.append("The raw norm has no part in the choice: the gain is the transform's and the hubness's.")
    return tuple(said)


def _norm_or_length(own: NDArray[np.float64], over_length: NDArray[np.float64] | None, seed: int) -> str:
    low, high = bootstrap_interval(own, seed=seed)
    share = f"The raw norm's own share of the gain is {own.mean():+.4f} ({low:+.4f} to {high:+.4f})"
    if low <= 0:
        return f"{share}: not proved; it is kept since leaving it out is no better."
    if over_length is None:
        return f"{share}, but it may be text length in disguise: the lengths of the texts were not given."
    length_low, length_high = bootstrap_interval(over_length, seed=seed)
    beside = (
        f"with text length in its place {over_length.mean():+.4f} ({length_low:+.4f} to {length_high:+.4f})"
    )
    if length_low > 0:
        return f"{share}, and text length does not replace it: {beside} is what it is ahead by."
    return f"{share}, but it may be text length in disguise: ahead of the same {beside}."
