"""What the lengths of the embeddings say, each measure as an answer in words."""

from __future__ import annotations

from typing import NamedTuple

from norm_aware.diagnosis.evidence import Evidence
from norm_aware.geometry.entanglement import entanglement
from norm_aware.geometry.length import length_relation, relevance_given_length
from norm_aware.geometry.self_dominance import dominated_share
from norm_aware.geometry.separation import separation

MEANINGFUL_VARIATION = 0.1
"""Coefficient of variation from which an encoder uses norms (Feng & Watanabe, appendix M)."""

NOISE_VARIATION = 0.05
"""Coefficient of variation up to which a norm is noise (the same)."""

CONFOUNDED = 0.3
"""Correlation with text length beyond which a norm may be no more than length."""

SLIGHT = 0.2
"""Cohen's d below which an effect is negligible; as a correlation, times the spread of relevance."""


class Answer(NamedTuple):
    """The words and numbers of a finding; its name and source belong to the question."""

    value: float
    sentence: str
    advice: str
    low: float | None = None
    high: float | None = None


def norm_variation(evidence: Evidence) -> Answer:
    """How much the norms vary, as their standard deviation over their mean."""
    mean = float(evidence.norms.mean())
    variation = float(evidence.norms.std()) / mean
    if evidence.is_normalized:
        return Answer(
            variation,
            f"All {len(evidence.norms)} documents have length 1 (coefficient of variation {variation:.3f}): "
            "their norm was thrown away, and dot ranks as cosine does.",
            "Embed raw if the encoder has a norm to give, dropping its Normalize module; a norm can also be "
            "given by the corpus (the anti-hubness norm).",
        )
    found = f"Document norms vary by {variation:.1%} of their mean of {mean:.3g}"
    if variation >= MEANINGFUL_VARIATION:
        return Answer(
            variation,
            f"{found}: enough (at least 10%) to mean something.",
            "What it means is open: calibrate on judged queries, with text length as a control.",
        )
    if variation <= NOISE_VARIATION:
        return Answer(
            variation,
            f"{found}: so little (at most 5%) that it is noise.",
            "Keep cosine; a norm given by the corpus (the anti-hubness norm) carries more than this one.",
        )
    return Answer(
        variation,
        f"{found}: between noise (5%) and meaning (10%).",
        "Expect little of it, and let calibration decide.",
    )


def norm_and_length(evidence: Evidence) -> Answer:
    """Whether norms measure text length."""
    lengths = evidence.require_lengths()
    evidence.require_raw()
    found = length_relation(evidence.norms, lengths)
    sentence = (
        f"Norm and text length correlate by {found.pearson:+.2f} (their ranks by {found.spearman:+.2f})"
    )
    if max(abs(found.pearson), abs(found.spearman)) > CONFOUNDED:
        return Answer(
            found.pearson,
            f"{sentence}: longer texts have {'shorter' if found.spearman < 0 else 'longer'} vectors, so the "
            "norm may be no more than length.",
            "Length is a confounder here: before crediting the norm with a gain, compare it with cosine "
            "times a power of text length.",
        )
    return Answer(
        found.pearson,
        f"{sentence}: length explains little of the norm.",
        "Keep a length arm beside every norm arm all the same.",
    )


def relevance(evidence: Evidence) -> Answer:
    """Whether relevant documents have other norms than the rest."""
    relevant = evidence.require_relevant()
    evidence.require_raw()
    found = separation(evidence.norms, relevant, seed=evidence.seed)
    size = _size(found.d)
    seen = (
        f"Cohen's d is {found.d:+.2f} (95% interval {found.low:+.2f} to {found.high:+.2f}), {size}, and a "
        f"random relevant document is the longer one in {found.auc:.0%} of pairs"
    )
    share = found.relevant / (found.relevant + found.other)
    if share > 0.5:
        seen += f"; but {share:.0%} of all documents are relevant to some query, so this says little"
    if size == "negligible" or found.low <= 0 <= found.high:
        sentence = f"Relevant documents have about the same norms as the others: {seen}."
        advice = (
            "Neither reward nor punish a document's norm by itself: keep document_power at 0 unless "
            "calibration shows a gain."
        )
    elif found.d > 0:
        sentence = f"Relevant documents have longer vectors than the others: {seen}."
        advice = "A document_power above 0 may help: calibrate it, beside a length arm."
    else:
        sentence = f"Relevant documents have shorter vectors than the others: {seen}."
        advice = (
            "Dot would push relevant documents down; a document_power below 0 may help: calibrate it, beside "
            "a length arm."
        )
    return Answer(found.d, sentence, advice, found.low, found.high)


def relevance_beyond_length(evidence: Evidence) -> Answer:
    """What the norm says about relevance that text length does not."""
    relevant, lengths = evidence.require_relevant(), evidence.require_lengths()
    evidence.require_raw()
    found = relevance_given_length(evidence.norms, lengths, relevant)
    sentence = (
        f"Norm and relevance correlate by {found.plain:+.3f}, and by {found.given_length:+.3f} with log text "
        "length held fixed"
    )
    share = float(relevant.mean())
    slight = SLIGHT * (share * (1 - share)) ** 0.5
    if abs(found.given_length) < slight:
        verdict = "length explains it" if abs(found.plain) >= slight else "the norm adds next to nothing"
        return Answer(
            found.given_length,
            f"{sentence}: {verdict}.",
            "Expect no more from a norm arm than from a length arm.",
        )
    return Answer(
        found.given_length,
        f"{sentence}: the norm says something that length does not.",
        "Calibrate a norm arm; a length arm alone would miss this.",
    )


def angle_and_norm(evidence: Evidence) -> Answer:
    """Whether angle and length pull the same way."""
    evidence.require_raw()
    found = entanglement(evidence.documents, queries=evidence.queries, seed=evidence.seed)
    sentence = f"Over random pairs, cosine and log norm correlate by {found:+.2f}"
    if abs(found) < CONFOUNDED:
        return Answer(
            found,
            f"{sentence}: angle and length say different things.",
            "Nothing stands against weighing the norm separately, as a document_power does.",
        )
    verdict = "undoes part of what cosine finds" if found < 0 else "counts part of it twice"
    return Answer(
        found,
        f"{sentence}: dot {verdict}.",
        "Use a small document_power, if any; where you train the encoder, train by cosine first and by dot "
        "after it.",
    )


def self_dominance(evidence: Evidence) -> Answer:
    """Whether documents find themselves under dot."""
    evidence.require_raw()
    found = dominated_share(evidence.documents, seed=evidence.seed)
    if found == 0:
        return Answer(
            found,
            "Under dot every document finds itself first (0% are outdone by a longer one).",
            "A graph index under Dot loses nothing to the norms.",
        )
    return Answer(
        found,
        f"Under dot {found:.1%} of documents find a longer document before themselves.",
        "A graph index under Dot may leave those hard to reach: measure its recall against exact search, and "
        "prefetch by norm range.",
    )


def _size(d: float) -> str:
    """Cohen's words for an effect size."""
    words = ("negligible", SLIGHT), ("small", 0.5), ("medium", 0.8)
    return next((word for word, end in words if abs(d) < end), "large")
