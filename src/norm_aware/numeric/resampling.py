"""Per-query differences drawn again with replacement: query by query, or whole groups of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BLOCK = 1 << 22  # random numbers drawn at once: bounds memory whatever the number of queries


def finite_differences(differences: ArrayLike) -> NDArray[np.float64]:
    """Differences as numbers, shape (queries,), or (queries, comparisons) over the same queries.

    Raises:
        ValueError: when there is none, or one is not finite.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim not in (1, 2) or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"Differences of shape {values.shape} given; one finite number per query is needed.")
    return values


def group_sums(
    values: NDArray[np.float64], groups: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and number of the differences of every group; each query is its own where there are no groups.

    Args:
        values: shape (queries,) or (queries, comparisons).
        groups: a number for each query, shape (queries,); None takes queries as independent.

    Returns:
        Sums of shape (groups,) or (groups, comparisons), and sizes of shape (groups,).

    Raises:
        ValueError: when there are not as many group numbers as queries.
    """
    if groups is None:
        return values, np.ones(len(values))
    labels = np.asarray(groups)
    if labels.shape != values.shape[:1]:
        raise ValueError(f"{len(values)} differences have groups of shape {labels.shape}; give each one.")
    label = np.unique(labels, return_inverse=True)[1]
    sizes = np.bincount(label).astype(np.float64)
    sums = np.zeros((len(sizes), *values.shape[1:]))
    np.add.at(sums, label, values)
    return sums, sizes


def resampled_means(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], *, resamples: int, seed: int
) -> NDArray[np.float64]:
    """Mean difference of each resample; all comparisons see the same draws.

    Args:
        sums: of the groups, shape (groups,) or (groups, comparisons).
        sizes: of the groups, shape (groups,).
        resamples: how many times as many groups as there are get drawn, with replacement.
        seed: of the draws.

    Returns:
        Shape (resamples,) or (resamples, comparisons).
    """
    units = len(sums)
    generator = np.random.default_rng(seed)
    means = []
    for rows in blocks(resamples, units):
        drawn = generator.integers(units, size=(rows, units))
        if sums.ndim == 1:
            means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
        else:  # how often each was drawn, once for all comparisons
            drawn += np.arange(0, rows * units, units)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units)
            times = counts.astype(np.float64)
            means.append((times @ sums) / (times @ sizes)[:, None])
    return np.concatenate(means)


def blocks(total: int, width: int) -> list[int]:
    """Sizes of the parts in which `total` rows of `width` random numbers are drawn."""
    rows = max(1, _BLOCK // width)
    return [min(rows, total - start) for start in range(0, total, rows)]
