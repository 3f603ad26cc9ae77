"""Which documents a candidate ranks higher or lower than the baseline, and whether they are long."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from norm_aware.benchmark.attribution.differences import Resampling, estimate
from norm_aware.benchmark.datasets.dataset import Document

TOP = 10
"""Ranks among which a move is listed."""

DEPTHS = (10, 100)
"""Ranks whose newcomers are compared with what they displace."""

_LISTED = 20  # moves shown each way
_OFTEN = 10  # documents shown that moved in most questions
_EXCERPT = 240  # characters of a document's text


@dataclass(frozen=True, slots=True)
class Move:
    """A document whose rank for a question changed.

    Attributes:
        document: its id.
        query_id: the question.
        before: its rank in the baseline, from 1; None where it was not retrieved.
        after: its rank in the candidate.
        relevant: whether it is relevant to the question.
    """

    document: str
    query_id: str
    before: int | None
    after: int | None
    relevant: bool

    @property
    def size(self) -> float:
        """Change of the document's discount in nDCG, so that moves near the top count most."""
        return _discount(self.after) - _discount(self.before)


class DocumentFacts:
    """What is said of a document: its text, and its norm beside the corpus median.

    Args:
        documents: by id, for lengths and texts.
        norms: length of every document's raw embedding, by id; a document may be missing.
    """

    def __init__(self, documents: Mapping[str, Document], norms: Mapping[str, float]) -> None:
        median = float(np.median(list(norms.values()))) if norms else 0.0
        self.documents = documents
        self.norms = norms
        self.relative = {key: norm / median for key, norm in norms.items()} if median > 0 else {}

    def row(self, key: str) -> dict[str, Any]:
        """The document as results.json holds it beside its moves."""
        document = self.documents[key]
        return {
            "document": key,
            "title": document.title,
            "excerpt": document.text[:_EXCERPT],
            "norm": self.norms.get(key),
            "relative_norm": self.relative.get(key),
            "characters": len(document.content),
        }

    def columns(self, found: Sequence[Move]) -> dict[str, list[float]]:
        """What is known of the documents of some moves, by figure."""
        ids = [move.document for move in found]
        return {
            "norm": [self.norms[key] for key in ids if key in self.norms],
            "relative_norm": [self.relative[key] for key in ids if key in self.relative],
            "characters": [float(len(self.documents[key].content)) for key in ids],
        }


def moves(
    before: Mapping[str, Sequence[str]],
    after: Mapping[str, Sequence[str]],
    relevant: Mapping[str, Sequence[str]],
) -> list[Move]:
    """Every change of rank, question by question.

    Args:
        before: the baseline's ranking of document ids, best first, by question.
        after: the candidate's.
        relevant: ids of each question's relevant documents.

    Returns:
        The moves of the questions that both have ranked, questions and documents sorted.

    Example:
        >>> moves({"q": ["a", "b"]}, {"q": ["a", "c"]}, {"q": ["c"]})[1].after
        2
    """
    found = []
    for query in sorted(before.keys() & after.keys()):
        old, new = ({document: i for i, document in enumerate(r[query], 1)} for r in (before, after))
        wanted = set(relevant[query])
        found += [
            Move(document, query, old.get(document), new.get(document), document in wanted)
            for document in sorted(old.keys() | new.keys())
            if old.get(document) != new.get(document)
        ]
    return found


def moved(found: Sequence[Move], facts: DocumentFacts) -> dict[str, list[dict[str, Any]]]:
    """The largest moves into, within and out of the first `TOP` ranks.

    Args:
        found: the moves between a baseline and a candidate.
        facts: of the corpus's documents.

    Returns:
        `promoted` and `demoted`, the largest first, each with `document`, `query_id`, `before`, `after`,
        `relevant`, and what `movement` says of a document.
    """
    promoted = [m for m in found if m.size > 0 and _within(m.after, TOP)]
    demoted = [m for m in found if m.size < 0 and _within(m.before, TOP)]
    return {
        name: [
            {
                "query_id": move.query_id,
                "before": move.before,
                "after": move.after,
                "relevant": move.relevant,
                **facts.row(move.document),
            }
            for move in sorted(way, key=lambda m: (-abs(m.size), m.query_id, m.document))[:_LISTED]
        ]
        for name, way in (("promoted", promoted), ("demoted", demoted))
    }


def movement(found: Sequence[Move], facts: DocumentFacts, *, resampling: Resampling) -> dict[str, Any]:
    """What the documents that moved have in common.

    Args:
        found: the moves between a baseline and a candidate.
        facts: of the corpus's documents.
        resampling: how intervals are made.

    Returns:
        - `depths`: for each of `DEPTHS` its `depth`, what `entered` and what `left` it (`n`, mean `norm`,
          `relative_norm`, `characters`, and how many were `relevant`), and what the candidate `favours`: per
          question, newcomers' mean minus that of what they displaced, in `relative_norm` and `characters`,
          each with `n`, `difference`, `low` and `high`. Above 0 it favours long vectors, or long texts.
        - `often`: `promoted` and `demoted`, the documents that entered, or left, the first `TOP` in the most
          questions more than the other way: `entered`, `left`, `document`, `title`, `excerpt`, `norm`,
          `relative_norm` (over the corpus median) and `characters`.
    """
    entered, left = (Counter(move.document for move in crossing) for crossing in _crossings(found, TOP))
    net = {document: entered[document] - left[document] for document in entered | left}
    ways = {
        "promoted": sorted((d for d in net if net[d] > 0), key=lambda d: (-net[d], d)),
        "demoted": sorted((d for d in net if net[d] < 0), key=lambda d: (net[d], d)),
    }
    return {
        "depths": [_depth(found, depth, facts, resampling) for depth in DEPTHS],
        "often": {
            way: [{"entered": entered[d], "left": left[d], **facts.row(d)} for d in ids[:_OFTEN]]
            for way, ids in ways.items()
        },
    }


def _depth(found: Sequence[Move], depth: int, facts: DocumentFacts, resampling: Resampling) -> dict[str, Any]:
    entered, left = _crossings(found, depth)
    newcomers, displaced = _by_query(entered), _by_query(left)
    favours: dict[str, dict[str, float]] = {"relative_norm": {}, "characters": {}}
    for query in newcomers.keys() & displaced.keys():
        new, old = facts.columns(newcomers[query]), facts.columns(displaced[query])
        for name, of_query in favours.items():
            if new[name] and old[name]:
                of_query[query] = float(np.mean(new[name]) - np.mean(old[name]))
    return {
        "depth": depth,
        "entered": _means(entered, facts),
        "left": _means(left, facts),
        "favours": {name: estimate(of_query, resampling).as_row() for name, of_query in favours.items()},
    }


def _crossings(found: Sequence[Move], depth: int) -> tuple[list[Move], list[Move]]:
    """The moves into and out of the first ranks."""
    entered = [m for m in found if _within(m.after, depth) and not _within(m.before, depth)]
    left = [m for m in found if _within(m.before, depth) and not _within(m.after, depth)]
    return entered, left


def _means(found: Sequence[Move], facts: DocumentFacts) -> dict[str, Any]:
    means = {n: float(np.mean(c)) if c else None for n, c in facts.columns(found).items()}
    return {"n": len(found), **means, "relevant": sum(move.relevant for move in found)}


def _by_query(found: Sequence[Move]) -> dict[str, list[Move]]:
    groups: dict[str, list[Move]] = {}
    for move in found:
        groups.setdefault(move.query_id, []).append(move)
    return groups


def _within(rank: int | None, depth: int) -> bool:
    return rank is not None and rank <= depth


def _discount(rank: int | None) -> float:
    return 0.0 if rank is None else 1 / math.log2(1 + rank)
