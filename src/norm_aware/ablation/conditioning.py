"""How unevenly the loss pulls on each side: a condition number of its gradients, and what it predicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.errors import TrainingError

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
        model: embeds the texts, raw.
        pairs: training pairs; mined negatives are left out.
        similarity: a member of the power family.
        scale: 1 / temperature.
        seed: of the draw of pairs and their batches.
        batch_size: pairs a batch, as in training; what is left over after the last whole one is left out.

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

    if len(pairs) < 2:
        raise TrainingError(f"{len(pairs)} pairs were given; at least 2 are needed.")
    order = np.random.default_rng(seed).permutation(len(pairs))[:PAIRS]
    chosen = [pairs[at] for at in order]
    columns = [[pair.query for pair in chosen], [pair.document for pair in chosen]]
    embeddings = [_embedded(model, texts) for texts in columns]
    known = [torch.tensor(_digests(texts)) for texts in columns]
    loss = InfoNCELoss(model, similarity, scale=scale)
    found: tuple[list[Any], list[Any]] = ([], [])
    for rows in _batches(len(chosen), batch_size):
        leaves = [torch.from_numpy(column[rows]).requires_grad_() for column in embeddings]
        texts = [Texts(digests[rows], torch.ones(len(leaves[0]))) for digests in known]
        total = loss.compute(leaves, texts) * len(leaves[0])
        for side, gradient in zip(found, torch.autograd.grad(total, leaves), strict=True):
            side.append(gradient.numpy())
    return {side: condition_number(np.concatenate(rows)) for side, rows in zip(_SIDES, found, strict=True)}


def predictions(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whether a rule on the condition numbers names the better side to normalise, by set.

    The rule: normalise the side whose condition number is the larger, as the length of an embedding is one
    more direction to be uneven in. Its opposite is right just where it is wrong. Better is the larger mean
    over seeds of nDCG@10, each arm under its own similarity.

    Args:
        results: of an ablation; condition numbers are those of the untouched base
            (`untouched_conditioning`, where it was measured) and the mean of the cosine arm's runs.

    Returns:
        For each of the two that is there, JSON-ready: `measured_on` (`untouched` or `cosine`), `query`,
        `document`, `predicted` (the arm that the rule names) and `sets`: per set `query_normalized`,
        `document_normalized`, `better` (None for a tie) and `matches` (None for a tie). Empty where an arm
        is missing.
    """
    arms = results["arms"]
    if not all(arms.get(arm, {}).get("runs") for arm in _SIDES.values()):
        return []
    found = []
    for measured_on, numbers in _measured(results):
        predicted = _SIDES[max(_SIDES, key=lambda side: numbers[side])]
        sets = {}
        for name in results["sets"]:
            means = {
                arm: float(np.mean([run["own"][name] for run in arms[arm]["runs"].values()]))
                for arm in _SIDES.values()
            }
            tie = means["query_normalized"] == means["document_normalized"]
            better = None if tie else max(means, key=lambda arm: means[arm])
            sets[name] = {**means, "better": better, "matches": None if tie else better == predicted}
        found.append({"measured_on": measured_on, **numbers, "predicted": predicted, "sets": sets})
    return found


def _measured(results: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    runs = [run.get("conditioning") for run in results["arms"].get("cosine", {}).get("runs", {}).values()]
    for name, measured in (("untouched", [results.get("untouched_conditioning")]), ("cosine", runs)):
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


def _embedded(model: SentenceTransformer, texts: Sequence[str]) -> Any:
    return np.asarray(model.encode(list(texts), show_progress_bar=False), dtype=np.float64)
