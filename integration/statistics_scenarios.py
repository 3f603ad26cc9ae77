"""Simulated comparisons whose truth is known: scores of two systems on questions drawn from a population.

A scenario has a population of questions, or of clusters of questions, from which samples are drawn with
replacement, so that its mean is the truth. Under the null the two systems' scores are exchanged on each
question at random, as two systems that do not differ would have them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

POPULATION = 100_000


@dataclass(frozen=True)
class Scenario:
    """One kind of comparison.

    Attributes:
        name: of the figures.
        about: what it stands for.
        questions: in one comparison; with clusters about as many.
        population: makes differences of so many questions, shape (questions,).
        seed: of the population and the samples.
        cluster_sizes: questions of a cluster, each as likely; none draws single questions.
        missing: share of questions without a value, whatever their scores.
        shiftable: whether any number may be added to the differences, as it may not to bounded ones.
        has_null: whether false positives are counted: an asymmetric null is no exchange of systems.
    """

    name: str
    about: str
    questions: int
    population: Callable[[np.random.Generator, int], Array]
    seed: int
    cluster_sizes: tuple[int, ...] = ()
    missing: float = 0.0
    shiftable: bool = False
    has_null: bool = True
    _made: list[Array] = field(default_factory=list, repr=False)

    @property
    def differences(self) -> Array:
        """The population's differences, shape (clusters, questions of a cluster)."""
        if not self._made:
            generator = np.random.default_rng(self.seed)
            width = max(self.cluster_sizes, default=1)
            rows = POPULATION // width
            own = self.population(generator, rows * width).reshape(rows, width)
            if self.cluster_sizes:  # half of the questions of a cluster share its first one's difference
                own = np.where(generator.random(own.shape) < 0.5, own[:, :1], own)
                sizes = generator.choice(self.cluster_sizes, rows)
                own[np.arange(width) >= sizes[:, None]] = np.nan
            self._made.append(own)
        return self._made[0]

    @property
    def truth(self) -> float:
        """The mean difference of the population."""
        return float(np.nanmean(self.differences))

    @property
    def superiority(self) -> float:
        """The population's probability of superiority."""
        known = self.differences[~np.isnan(self.differences)]
        return float(((np.sign(known) + 1) / 2).mean())

    def draw(
        self, generator: np.random.Generator, comparisons: int, kind: Literal["difference", "null"]
    ) -> tuple[Array, NDArray[np.int64] | None]:
        """Samples of one set of sizes.

        Returns:
            Differences of shape (questions, comparisons), and the group of each question or None.
        """
        rows = self.differences
        if not self.cluster_sizes:
            count = self.questions - int(generator.binomial(self.questions, self.missing))
            columns = rows[generator.integers(len(rows), size=(count, comparisons)), 0]
            if kind == "null":
                columns = columns * generator.choice([-1.0, 1.0], size=columns.shape)
            return columns, None
        sizes = (~np.isnan(rows)).sum(axis=1)
        # one set of sizes for all comparisons, as they share their groups
        wanted = generator.choice(self.cluster_sizes, self.questions // int(np.mean(self.cluster_sizes)))
        parts, groups = [], []
        for at, size in enumerate(wanted):
            of_size = np.flatnonzero(sizes == size)
            part = rows[generator.choice(of_size, comparisons), :size].T
            if kind == "null":
                part = part * generator.choice([-1.0, 1.0], size=(1, comparisons))
            parts.append(part)
            groups += [at] * int(size)
        return np.concatenate(parts), np.array(groups, dtype=np.int64)


def normal(generator: np.random.Generator, count: int) -> Array:
    """Differences of a judge's graded scores."""
    return generator.normal(0.02, 0.2, count)


def ndcg(generator: np.random.Generator, count: int) -> Array:
    """Differences of nDCG@10 with one relevant document: most are 0, scores are 0, 1 or between."""
    return _ndcg(generator, count, moved=0.6, far=0.15)


def ndcg_close(generator: np.random.Generator, count: int) -> Array:
    """Two systems that agree on three questions of four, and now and then differ by far."""
    return _ndcg(generator, count, moved=0.35, far=0.15)


def _ndcg(generator: np.random.Generator, count: int, *, moved: float, far: float) -> Array:
    rank = generator.geometric(0.25, count)
    rank = np.where(generator.random(count) < 0.2, 99, rank)  # not found at all
    step = np.where(
        generator.random(count) < 0.5, -generator.integers(1, 4, count), generator.integers(1, 5, count)
    )
    other = np.where(generator.random(count) < moved, np.maximum(1, rank + step), rank)
    other = np.where(generator.random(count) < moved * far, generator.integers(1, 30, count), other)
    return _gain(other) - _gain(rank)


def _gain(rank: NDArray[np.int64]) -> Array:
    return np.where(rank <= 10, 1 / np.log2(1.0 + rank), 0.0)


def exact_match(generator: np.random.Generator, count: int) -> Array:
    """Differences of right and wrong: a quarter of the questions is answered differently."""
    return _exact_match(generator, count, differing=0.25, won=0.6)


def exact_match_close(generator: np.random.Generator, count: int) -> Array:
    """One question of twelve is answered differently."""
    return _exact_match(generator, count, differing=0.08, won=0.3)


def _exact_match(generator: np.random.Generator, count: int, *, differing: float, won: float) -> Array:
    draw = generator.random(count)
    return np.where(draw < differing * won, 1.0, np.where(draw < differing, -1.0, 0.0))


def word_f1(generator: np.random.Generator, count: int) -> Array:
    """Differences of F1: small ones on half of the questions, on one in eight anything from -1 to 1."""
    score = np.where(generator.random(count) < 0.3, 0.0, generator.beta(0.8, 0.8, count))
    other = np.clip(score + generator.normal(0.01, 0.1, count), 0, 1)
    other = np.where(generator.random(count) < 0.5, score, other)
    return np.where(generator.random(count) < 0.125, generator.beta(0.8, 0.8, count), other) - score


def rare_losses(generator: np.random.Generator, count: int) -> Array:
    """A little better on most questions, and on one in ten everything is lost."""
    score = generator.beta(0.5, 0.5, count)
    lost = generator.random(count) < 0.1
    change = np.where(lost, -generator.random(count) * score, generator.normal(0.02, 0.05, count))
    return np.clip(score + change, 0, 1) - score


_KINDS = {
    "normal": (normal, "graded scores of a judge", True),
    "ndcg": (ndcg, "nDCG@10, one relevant document, zeros and ties", False),
    "exact_match": (exact_match, "exact match, a quarter of the answers differ", False),
    "word_f1": (word_f1, "F1 of words, half of the answers differ", False),
}

REALISTIC = (
    *(
        Scenario(f"{name}, n={n}", about, n, population, seed, shiftable=shiftable)
        for seed, (name, (population, about, shiftable)) in enumerate(_KINDS.items(), start=1)
        for n in (30, 100, 300)
    ),
    Scenario("clustered ndcg, n=150", "1 to 6 questions a document", 150, ndcg, 11, (1, 1, 2, 3, 6)),
    Scenario("clustered normal, n=150", "1 to 6 questions a document", 150, normal, 12, (1, 1, 2, 3, 6)),
    Scenario("missing ndcg, n=150", "15% of the values are missing", 150, ndcg, 13, missing=0.15),
    Scenario("missing word_f1, n=150", "15% of the values are missing", 150, word_f1, 14, missing=0.15),
)
"""What comparisons of retrieval and answers look like."""

HARD = (
    Scenario("close ndcg, n=30", "three questions of four are tied", 30, ndcg_close, 21),
    Scenario("close ndcg, n=100", "three questions of four are tied", 100, ndcg_close, 22),
    Scenario("close exact_match, n=30", "two or three answers differ", 30, exact_match_close, 23),
    Scenario("close exact_match, n=100", "eight answers differ", 100, exact_match_close, 24),
    Scenario("close exact_match, n=300", "24 answers differ", 300, exact_match_close, 25),
    Scenario("few clusters, n=60", "12 clusters of 5", 60, normal, 26, (5,)),
    Scenario("rare losses, n=30", "one question of ten is all lost", 30, rare_losses, 27, has_null=False),
    Scenario("rare losses, n=100", "the same", 100, rare_losses, 28, has_null=False),
    Scenario("rare losses, n=300", "the same", 300, rare_losses, 29, has_null=False),
)
"""Where any method is strained: almost all ties, few clusters, rare large losses."""
