"""Which documents are relevant to which queries, as checked arrays, and the folds of queries."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import index

import numpy as np
from numpy.typing import NDArray

from norm_aware.errors import CalibrationError


@dataclass(frozen=True, eq=False)
class Judgements:
    """The relevant documents of some queries; queries without one cannot be measured and are left out.

    Attributes:
        query: position of the query of each pair, ascending, shape (pairs,).
        document: position of its relevant document, shape (pairs,).
        grade: above 0, shape (pairs,).
        queries: how many queries there are.
        documents: how many documents there are.
    """

    query: NDArray[np.intp]
    document: NDArray[np.intp]
    grade: NDArray[np.float64]
    queries: int
    documents: int

    @classmethod
    def of(cls, grades: Sequence[Mapping[int, float]], *, documents: int) -> Judgements:
        """Check judgements and bring them into arrays.

        Args:
            grades: for each query, the grade of each judged document by its position; relevant above 0.
            documents: how many documents there are.

        Raises:
            CalibrationError: when there is no query, a position is no document, a grade is no finite
                number, a query has no relevant document, or every document is relevant to every query.
        """
        if not len(grades):
            raise CalibrationError("There are no judged queries; judge some (50 is a good start).")
        pairs: list[tuple[int, int, float]] = []
        for query, judged in enumerate(grades):
            try:
                pairs += [(query, index(document), float(grade)) for document, grade in judged.items()]
            except (AttributeError, TypeError, ValueError) as error:
                raise CalibrationError(
                    f"The judgements of query {query} are no grades by position ({error}); give the grade of "
                    "each judged document by its position, such as {0: 1.0}."
                ) from error
        for query, document, grade in pairs:
            if not 0 <= document < documents:
                raise CalibrationError(
                    f"Query {query} is judged on document {document}; there are {documents} documents, "
                    f"numbered from 0."
                )
            if not np.isfinite(grade):
                raise CalibrationError(f"Query {query} has the grade {grade}; a finite number is needed.")
        relevant = sorted(pair for pair in pairs if pair[2] > 0)
        without = sorted(set(range(len(grades))) - {query for query, _, _ in relevant})
        if without:
            raise CalibrationError(
                f"{len(without)} of {len(grades)} queries have no relevant document (query {without[0]} is "
                "the first); leave them out, since nothing can be learned from them."
            )
        if len(relevant) == len(grades) * documents:
            raise CalibrationError(
                f"All {documents} documents are relevant to every query; calibration needs documents that "
                "are not."
            )
        return cls(
            np.array([pair[0] for pair in relevant], dtype=np.intp),
            np.array([pair[1] for pair in relevant], dtype=np.intp),
            np.array([pair[2] for pair in relevant], dtype=np.float64),
            len(grades),
            documents,
        )

    def groups(self) -> NDArray[np.intp]:
        """A number for each query; queries that share a relevant document have the same.

        Held out one without the other, such queries (a claim and its denial, two ways to ask for one
        passage) would let a fit be tested on what it has seen.
        """
        parent = np.arange(self.queries)

        def root(item: int) -> int:
            while parent[item] != item:
                parent[item] = parent[parent[item]]
                item = int(parent[item])
            return item

        first: dict[int, int] = {}
        for query, document in zip(self.query.tolist(), self.document.tolist(), strict=True):
            parent[root(query)] = root(first.setdefault(document, query))
        return np.unique([root(query) for query in range(self.queries)], return_inverse=True)[1]

    def take(self, queries: NDArray[np.intp]) -> Judgements:
        """The judgements of some queries, which are numbered anew in the order given."""
        position = np.full(self.queries, -1)
        position[queries] = np.arange(len(queries))
        kept = np.flatnonzero(position[self.query] >= 0)
        kept = kept[np.argsort(position[self.query[kept]], kind="stable")]
        return Judgements(
            position[self.query[kept]],
            self.document[kept],
            self.grade[kept],
            len(queries),
            self.documents,
        )

    def weights(self) -> NDArray[np.float64]:
        """A weight for each pair that gives every query the same in all, shape (pairs,)."""
        return np.asarray(1.0 / np.bincount(self.query, minlength=self.queries)[self.query])


def make_folds(groups: NDArray[np.intp], folds: int, *, seed: int = 0) -> NDArray[np.intp]:
    """Deal groups of queries into folds of about equal size.

    A group larger than a fold is dealt out query by query, see `split_large`.

    Args:
        groups: a number for each query.
        folds: how many, at least 2.
        seed: of the order.

    Returns:
        The fold of each query, shape (queries,).

    Raises:
        CalibrationError: when there are fewer groups than folds.
    """
    names, label = np.unique(split_large(groups, folds), return_inverse=True)
    if len(names) < folds:
        raise CalibrationError(
            f"{len(groups)} queries in {len(names)} groups cannot be dealt into {folds} folds; judge more "
            "queries (50 is a good start)."
        )
    order = np.random.default_rng(seed).permutation(len(names))
    counts = np.bincount(label)
    fold_of = np.empty(len(names), dtype=np.intp)
    filled = np.zeros(folds, dtype=np.intp)
    for group in order:
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += counts[group]
    return fold_of[label]


def split_large(groups: NDArray[np.intp], folds: int) -> NDArray[np.intp]:
    """Groups in which those larger than a fold, 1 / folds of all queries, are one group a query.

    Where everything hangs together, keeping it together would leave nothing to test on.
    """
    large = np.flatnonzero(np.bincount(groups) * folds > len(groups))
    label: NDArray[np.intp] = groups.copy()
    for group in large:
        members = np.flatnonzero(groups == group)
        label[members] = label.max() + 1 + np.arange(len(members))
    return label


def as_groups(labels: Sequence[Hashable]) -> NDArray[np.intp]:
    """Numbers for any labels, equal where the labels are."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.intp)
