"""Simulated users and items with known clusters, on which a cosine can be seen to go wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from norm_aware.errors import EmbeddingError

_BLOCK = 1 << 22  # random numbers drawn at once


@dataclass(frozen=True, eq=False)
class Simulation:
    """Who took what, and which items belong together.

    Attributes:
        taken: 1 where a user took an item, shape (users, items), float32.
        cluster: of each item, ascending, shape (items,).
    """

    taken: NDArray[np.float32]
    cluster: NDArray[np.intp]


def simulate(
    *, users: int = 20_000, items: int = 1_000, clusters: int = 5, most: int = 100, seed: int = 0
) -> Simulation:
    """The simulation of Steck, Ekanadham & Kallus (arXiv:2403.05440, section 3), in its sizes by default.

    Items belong to clusters of random sizes; within cluster c the item of rank r has popularity
    `r**-beta_c`, beta_c uniform on (0.25, 1.5); a user prefers clusters by random weights and takes k
    different items with probability proportional to preference times popularity, where k follows a power law
    of exponent 0.5. The paper leaves open how preferences are distributed and where k ends: here they are
    Dirichlet(0.3), and k is at most `most`.

    Args:
        users: how many.
        items: how many, at least `clusters`.
        clusters: how many.
        most: items a user takes at most.
        seed: the same seed gives the same data.

    Returns:
        The data; factorise it with `product_factorization` (strength 10,000 in the paper, rank 50) and
        `factor_factorization` (strength 100).

    Raises:
        EmbeddingError: when a size is below 1, or there are fewer items than clusters.
    """
    if min(users, clusters, most) < 1 or items < clusters:
        raise EmbeddingError(
            f"{users} users, {items} items, {clusters} clusters and at most {most} items a user were given; "
            "all have to be at least 1, with as many items as clusters."
        )
    generator = np.random.default_rng(seed)
    sizes = 1 + generator.multinomial(items - clusters, generator.dirichlet(np.ones(clusters)))
    cluster = np.repeat(np.arange(clusters), sizes)
    ranks = np.concatenate([np.arange(1, size + 1) for size in sizes])
    log_popularity = -generator.uniform(0.25, 1.5, size=clusters)[cluster] * np.log(ranks)
    amounts = np.arange(1, min(most, items) + 1)
    wanted = generator.choice(amounts, size=users, p=amounts**-0.5 / (amounts**-0.5).sum())
    taken = np.zeros((users, items), dtype=np.float32)
    rows = max(1, _BLOCK // items)
    for start in range(0, users, rows):
        block = wanted[start : start + rows]
        preference = generator.dirichlet(np.full(clusters, 0.3), size=len(block))
        score = np.log(np.maximum(preference, 1e-12))[:, cluster] + log_popularity
        # the largest sums of log weight and Gumbel noise are a draw without replacement
        order = np.argsort(-(score + generator.gumbel(size=score.shape)), axis=1)
        first = np.arange(items) < block[:, None]
        np.put_along_axis(taken[start : start + rows], order, first.astype(np.float32), axis=1)
    return Simulation(taken, cluster)
