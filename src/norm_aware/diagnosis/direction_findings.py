"""What the directions of the embeddings say, each measure as an answer in words."""

from __future__ import annotations

from norm_aware.diagnosis.evidence import Evidence
from norm_aware.diagnosis.norm_findings import Answer
from norm_aware.geometry.gauge import gauge_sensitivity
from norm_aware.geometry.symmetry import symmetry
from norm_aware.geometry.uniformity import uniformity

COMMON_PART = 0.1
"""Mean cosine from which directions have a common part worth removing."""

HUBS = 1.0
"""Skewness above that of chance from which there are hubs."""


def task_symmetry(evidence: Evidence) -> Answer:
    """Whether queries and documents are the same kind of text."""
    found = symmetry(evidence.require_queries(), evidence.documents, seed=evidence.seed)
    told = (
        f"a linear discriminant ranks an unseen query above an unseen document with probability "
        f"{found.auc:.2f}, and their means lie {found.distance:.2f} of their spread apart"
    )
    if found.is_symmetric:
        return Answer(
            found.auc,
            f"Queries and documents cannot be told apart ({told}): the task is symmetric.",
            "Keep cosine: where both sides play the same role, a score that treats them differently adds "
            "noise.",
        )
    return Answer(
        found.auc,
        f"Queries and documents are of different kinds ({told}): the task is asymmetric.",
        "A document's norm may carry relevance, and each side may be centred by its own mean: calibrate.",
    )


def common_direction(evidence: Evidence) -> Answer:
    """Whether all documents point the same way."""
    found = evidence.anisotropy.mean_cosine
    sentence = f"Two random documents have a cosine of {found:+.2f} on average"
    if found >= COMMON_PART:
        return Answer(
            found,
            f"{sentence}: all directions have a part in common.",
            "Centre each side by its own mean; a mean shared by both sides does harm.",
        )
    return Answer(found, f"{sentence}: directions have little in common.", "Centring has little to remove.")


def effective_rank(evidence: Evidence) -> Answer:
    """How many dimensions the documents fill."""
    found, dimension = evidence.anisotropy, evidence.documents.shape[1]
    sentence = (
        f"The documents fill {found.effective_rank:.0f} of {dimension} dimensions (effective rank); the "
        f"first principal component holds {found.share(1):.1%} of the variance, the first ten "
        f"{found.share(10):.0%}"
    )
    if found.share(10) >= 0.5 or found.share(1) >= 0.2:
        return Answer(
            found.effective_rank,
            f"{sentence}: a few directions outweigh the rest.",
            "Soft whitening, or removing the first components, is worth calibrating.",
        )
    return Answer(
        found.effective_rank,
        f"{sentence}: no direction outweighs the rest.",
        "Soft whitening at a small power is worth calibrating; removing components is not.",
    )


def hubs(evidence: Evidence) -> Answer:
    """Whether some documents turn up everywhere, and others nowhere."""
    found = evidence.hubness
    by = "other document" if evidence.queries is None else "query"
    sentence = (
        f"How often a document is in a top {found.k} by cosine has a skewness of {found.skewness:.1f} "
        f"({found.chance_skewness:.1f} by chance), and {found.anti_hubs:.0%} of documents are found by no "
        f"{by} ({found.chance_anti_hubs:.0%} by chance)"
    )
    if found.skewness > found.chance_skewness + HUBS:
        return Answer(
            found.skewness,
            f"{sentence}: some documents are hubs.",
            "The anti-hubness norm, or subtracting a hub bias, is worth trying: neither needs judgements.",
        )
    return Answer(found.skewness, f"{sentence}: hubs are few.", "A hubness correction has little to correct.")


def negative_pairs(evidence: Evidence) -> Answer:
    """How evenly the cosines of unrelated pairs are spread."""
    judged = evidence.queries is not None and evidence.judgements is not None
    found = uniformity(
        evidence.documents,
        queries=evidence.queries if judged else None,
        judgements=evidence.judgements if judged else None,
    )
    times = found.variance * evidence.documents.shape[1]
    pairs = "a query and a document that is not relevant" if judged else "two documents"
    return Answer(
        found.variance,
        f"Cosines of {pairs} vary by {found.variance:.4f} about {found.mean:+.3f}, {times:.1f} times the "
        f"variance of random directions (evenly repelled, all would be {found.target:+.4f}).",
        "If you train this encoder, the negative-variance loss lowers it; without training, soft whitening "
        "does."
        if times > 2
        else "Unrelated pairs are spread about as evenly as they can be.",
    )


def gauge(evidence: Evidence) -> Answer:
    """How much of the cosine ranking a dot-trained encoder leaves to chance."""
    evidence.require_raw()
    found = gauge_sensitivity(evidence.documents, queries=evidence.queries, seed=evidence.seed)
    return Answer(
        found,
        f"Rescaling dimensions so that no inner product changes keeps {found:.0%} of the cosine's top 10.",
        "If the encoder was trained by dot, the rest of its cosine ranking is an accident of training: take "
        "dot as the baseline. If it was trained by cosine, pass over this.",
    )
