"""How unevenly the loss pulls on each side: a condition number of its gradients, and what it predicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.ablation.scorings import OWN, UNTOUCHED
from norm_aware.ablation.significance import mean_sets
from norm_aware.errors import TrainingError
from norm_aware.numerals import number

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from norm_aware.numeric.similarity import Similarity
    from norm_aware.training.pairs import Pair

NAME = "gradient covariance condition number"
"""What it is called; it is not the Fisher-information condition number that a paper's abstract names."""

PAIRS = 4096
"""Most training pairs looked at; the condition numbers of one ablation come from as many each."""

SHRINKAGE = 0.01
"""Share of the mean eigenvalue added to each, so that a direction without any gradient divides by no 0."""

_ROUNDING = 1e-24  # of a variance, where the largest number is 1

_SIDES = {"query": "query_normalized", "document": "document_normalized"}


def condition_number(gradients: ArrayLike) -> float:
    """Condition number of the covariance of gradients, its eigenvalues shrunk towards their mean.

    `(largest + r * mean) / (smallest + r * mean)` of the eigenvalues of `cov(gradients)`, r = `SHRINKAGE`:
    the ratio of the largest and the smallest eigenvalue of `(1 - s) * cov + s * mean * I` for
    s = r / (1 + r). It is 1 where the gradients pull alike in all directions and at most
    `(dimension + r) / r`. It does not change with the unit of the gradients, so neither with a constant
    factor on the loss. Fewer gradients than dimensions leave directions without any, which the shrinkage
    bounds; the number then grows with their lack, so compare only samples of one size.

    Args:
        gradients: shape (pairs, dimension), two pairs at least.

    Raises:
        TrainingError: when there are fewer than two, one is not finite, or they do not vary.

    Example:
        >>> round(condition_number([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), 6)
        1.0
        >>> round(condition_number([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), 2)  # 4 to 1, shrunk
        3.93
    """
    rows = np.asarray(gradients, dtype=np.float64)
    if rows.ndim != 2 or len(rows) < 2 or not np.isfinite(rows).all():
        raise TrainingError(
            f"Gradients of shape {rows.shape} given; finite ones of two pairs at least are needed: give more "
            "pairs, or a smaller scale."
        )
    largest = np.abs(rows).max()
    centred = rows / largest if largest > 0 else rows  # squares of small numbers would vanish
    centred = centred - centred.mean(axis=0)
    values = np.linalg.eigvalsh(centred.T @ centred / (len(rows) - 1))
    mean = float(values.mean())
    if not mean > _ROUNDING:
        raise TrainingError(
            "The loss has the same gradient, or none, for every pair, so its covariance has no condition "
            "number; give other pairs, or a smaller scale, under which the loss is not yet 0."
        )
    return (float(values[-1]) + SHRINKAGE * mean) / (max(0.0, float(values[0])) + SHRINKAGE * mean)


def condition_numbers(
    model: SentenceTransformer,
    pairs: Sequence[Pair],
    similarity: str | Similarity,
    scale: float,
    *,
    seed: int,
    batch_size: int = 128,
) -> dict[str, float]:
    """The gradient covariance condition number of each side of a model.

    `PAIRS` pairs at most are drawn and cut into batches. Of each batch's summed InfoNCE loss, in-batch
    negatives alone, the gradient is taken with respect to every raw query embedding and every raw relevant
    document embedding, in float64; `condition_number` is of the queries' gradients and of the documents'.
    The parameters play no part.

    Args:
        model: embeds the texts, raw, each side with its prompt if it has one.
        pairs: training pairs; mined negatives are left out.
        similarity: a member of the power family.
        scale: 1 / temperature.
        seed: of the draw of pairs and their batches.
        batch_size: pairs a batch; what is left over after the last whole one is left out.

    Returns:
        `{"query": ..., "document": ...}`.

    Raises:
        TrainingError: when there are fewer than two pairs, or their gradients do not vary.

    Example:
        >>> condition_numbers(model, pairs, "cosine", 20.0, seed=0)  # doctest: +SKIP
        {'query': 31.2, 'document': 12.4}
    """
    import torch

    from norm_aware.losses.info_nce import InfoNCELoss
    from norm_aware.losses.texts import Texts
    from norm_aware.training.evaluation import embed_texts

    if len(pairs) < 2:
        raise TrainingError(f"{len(pairs)} pairs were given; at least 2 are needed.")
    order = np.random.default_rng(seed).permutation(len(pairs))[:PAIRS]
    chosen = [pairs[at] for at in order]
    queries, documents = [pair.query for pair in chosen], [pair.document for pair in chosen]
    embedded = (embed_texts(model, queries, "query"), embed_texts(model, documents, "document"))
    embeddings = [side.astype(np.float64) for side in embedded]
    known = [torch.tensor(_digests(texts)) for texts in (queries, documents)]
    loss = InfoNCELoss(model, similarity, scale=scale)
    found: tuple[list[Any], list[Any]] = ([], [])
    for rows in _batches(len(chosen), batch_size):
        leaves = [torch.from_numpy(column[rows]).requires_grad_() for column in embeddings]
        texts = [Texts(digests[rows], torch.ones(len(leaves[0]))) for digests in known]
        total = loss.compute(leaves, texts) * len(leaves[0])
        for side, gradient in zip(found, torch.autograd.grad(total, leaves), strict=True):
            side.append(gradient.numpy())
    return {side: condition_number(np.concatenate(rows)) for side, rows in zip(_SIDES, found, strict=True)}


def predictions(results: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule on the condition numbers names as the side to normalise, against what turned out better.

    The rule: normalise the side whose condition number is the larger, as the length of an embedding is one
    more direction to be uneven in. Its opposite is right just where it is wrong. Better is the larger mean
    over seeds of nDCG@10 on an out-of-domain set, both models searched by cosine: then they differ by their
    training alone. Under their own similarities the one is ranked by dot and the other by cosine, so that
    the ranking decides; this outcome stands beside the other and tests no rule on training.

    Args:
        results: of an ablation; condition numbers are those of the untouched base
            (`untouched_conditioning`, where it was measured) and the mean of the cosine arm's runs.

    Returns:
        JSON-ready: `measured`, a list of up to two measurements of one rule, each `measured_on`
        (`untouched` or `cosine`), `query`, `document` and `named` (an arm); `sets`: by set, `cosine` and
        `own`, each `query_normalized`, `document_normalized` and `better` (None for a tie); `wins`: by arm,
        on how many sets it was `better` under `cosine` and `own`. Empty where an arm, every measurement or
        every out-of-domain set is missing.
    """
    arms = results["arms"]
    outside = mean_sets(results["sets"], "out_of_domain")
    measured = [
        {"measured_on": on, **numbers, "named": _SIDES[max(_SIDES, key=lambda side: numbers[side])]}
        for on, numbers in _measured(results)
    ]
    if not all(arms.get(arm, {}).get("runs") for arm in _SIDES.values()) or not (measured and outside):
        return {}
    sets = {}
    for name in outside:
        runs = {arm: list(arms[arm]["runs"].values()) for arm in _SIDES.values()}
        sets[name] = {
            "cosine": _outcome(
                {arm: [run["grid"][name]["cosine"] for run in of] for arm, of in runs.items()}
            ),
            OWN: _outcome({arm: [run["own"][name] for run in of] for arm, of in runs.items()}),
        }
    wins = {
        arm: {by: sum(of[by]["better"] == arm for of in sets.values()) for by in ("cosine", OWN)}
        for arm in _SIDES.values()
    }
    return {"measured": measured, "sets": sets, "wins": wins}


def _outcome(of_seeds: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    means = {arm: float(np.mean(values)) for arm, values in of_seeds.items()}
    tie = len(set(means.values())) == 1
    return {**means, "better": None if tie else max(means, key=lambda arm: means[arm])}


def said(found: Mapping[str, Any]) -> list[str]:
    """What `predictions` come to, in sentences.

    Args:
        found: not empty.
    """
    lines = []
    for of in found["measured"]:
        model = "the untouched base" if of["measured_on"] == UNTOUCHED else "the cosine arm"
        lines.append(
            f"Measured on {model}: queries {number(of['query'])}, documents {number(of['document'])}; to "
            f"normalise the side with the larger number is {of['named']}."
        )
    if len(lines) > 1:
        lines.append("These are two measurements for one rule and the same outcomes, not two confirmations.")
    count = len(found["sets"])
    for by, how in (
        ("cosine", "Both models searched by cosine"),
        (OWN, "Each under its own similarity, where the ranking (dot against cosine) decides"),
    ):
        wins = " and ".join(f"{arm} on {of[by]}" for arm, of in found["wins"].items())
        lines.append(f"{how}, the better one was {wins} of {count} out-of-domain sets.")
    return lines


def _measured(results: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    runs = [run.get("conditioning") for run in results["arms"].get("cosine", {}).get("runs", {}).values()]
    for name, measured in ((UNTOUCHED, [results.get("untouched_conditioning")]), ("cosine", runs)):
        known = [numbers for numbers in measured if numbers]
        if known:
            yield name, {side: float(np.mean([numbers[side] for numbers in known])) for side in _SIDES}


def _batches(count: int, size: int) -> Iterator[slice]:
    """Whole batches; one that is smaller where there is no whole one."""
    size = min(size, count)
    for start in range(0, count - size + 1, size):
        yield slice(start, start + size)


def _digests(texts: Sequence[str]) -> list[int]:
    """A number for each text, the same for equal ones."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(text, len(numbers)) for text in texts]
