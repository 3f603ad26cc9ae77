"""The diagnosis of a set of embeddings: what their lengths and directions say, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from norm_aware.diagnosis import direction_findings as directions
from norm_aware.diagnosis import norm_findings as lengths_of
from norm_aware.diagnosis.evidence import Evidence
from norm_aware.diagnosis.finding import Finding
from norm_aware.diagnosis.norm_findings import Answer
from norm_aware.diagnosis.plots import Plots, make_plots
from norm_aware.errors import NormAwareError, QueryError


class _Question(NamedTuple):
    name: str
    answer: Callable[[Evidence], Answer]
    source: str


_FENG = "Feng & Watanabe, arXiv:2602.09229"
_STECK = "Steck, Ekanadham & Kallus, arXiv:2403.05440"

QUESTIONS = (
    _Question("task_symmetry", directions.task_symmetry, f"{_FENG}, corollary 6.1"),
    _Question("norm_variation", lengths_of.norm_variation, f"{_FENG}, appendix M"),
    _Question(
        "norm_and_length",
        lengths_of.norm_and_length,
        "sentence-transformers, sbert.net/docs/pretrained-models/msmarco-v5.html",
    ),
    _Question("relevance", lengths_of.relevance, f"{_FENG}, equation 8"),
    _Question(
        "relevance_beyond_length",
        lengths_of.relevance_beyond_length,
        "a negative control, github.com/DanceNitra/agora",
    ),
    _Question("angle_and_norm", lengths_of.angle_and_norm, "PACE (2026), angular-norm entanglement"),
    _Question(
        "self_dominance", lengths_of.self_dominance, "Liu et al., arXiv:1909.13459; milvus issue 51821"
    ),
    _Question("hubness", directions.hubs, "Radovanovic, Nanopoulos & Ivanovic, JMLR 11 (2010)"),
    _Question("common_direction", directions.common_direction, "Ethayarajh, arXiv:1909.00512"),
    _Question(
        "effective_rank",
        directions.effective_rank,
        "Roy & Vetterli, EUSIPCO 2007; Mu & Viswanath, arXiv:1702.01417",
    ),
    _Question("negative_pairs", directions.negative_pairs, "Lee et al., arXiv:2506.09781, definition 5.7"),
    _Question("gauge", directions.gauge, f"{_STECK}; Bouhsine, arXiv:2602.19393"),
)
"""What a diagnosis asks, in the order in which it is read."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a set of embeddings says about itself.

    Attributes:
        encoder: name of what made the embeddings; None when not given.
        counts: how many documents, dimensions, queries and so on there are, by name.
        findings: one per question, in reading order; one without a value says why it has none.
        plots: what there is to draw.
    """

    encoder: str | None
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    plots: Plots

    @property
    def known(self) -> tuple[Finding, ...]:
        """The findings that have a value."""
        return tuple(finding for finding in self.findings if finding.value is not None)

    @property
    def missing(self) -> tuple[Finding, ...]:
        """The findings that have none, whose sentences say why."""
        return tuple(finding for finding in self.findings if finding.value is None)

    def finding(self, name: str) -> Finding:
        """The finding of that name.

        Raises:
            QueryError: when there is none of that name.
        """
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise QueryError(
            f"No finding is named {name!r}; there are {', '.join(finding.name for finding in self.findings)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return asdict(self)

    def to_json(self) -> str:
        """Everything as JSON."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def __str__(self) -> str:
        return "\n".join(f"{finding.title}: {finding}" for finding in self.findings)


def diagnose(
    documents: ArrayLike,
    *,
    queries: ArrayLike | None = None,
    judgements: Sequence[Mapping[int, float]] | None = None,
    lengths: ArrayLike | None = None,
    encoder: str | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Measure what the lengths and directions of a set of embeddings say, and put it into sentences.

    Documents alone give most findings; queries, judgements and text lengths each give more, and what is
    missing says so. Nothing here changes a ranking: what is worth trying, calibration has to prove.

    Args:
        documents: raw embeddings, shape (documents, dimension), at least 2.
        queries: raw embeddings of what users ask, shape (queries, dimension).
        judgements: for each query, the grade of each judged document by its position; relevant above 0.
        lengths: length of each document's text, in words, tokens or characters, shape (documents,).
        encoder: name of what made the embeddings, for the page.
        seed: of every sample that is drawn; the same seed gives the same diagnosis.

    Returns:
        The findings in reading order, and what there is to draw.

    Raises:
        DimensionError: when queries and documents differ in dimension.
        EmbeddingError: when there are fewer than two documents, or numbers are not finite.
        DatasetError: when judgements or lengths do not fit the documents and queries.

    Example:
        >>> import numpy as np
        >>> generator = np.random.default_rng(0)
        >>> raw = generator.normal(size=(500, 16)) * generator.lognormal(0, 0.3, size=(500, 1))
        >>> diagnosis = diagnose(raw)
        >>> diagnosis.finding("norm_variation").sentence
        'Document norms vary by 35.1% of their mean of 4.15: enough (at least 10%) to mean something.'
        >>> [finding.name for finding in diagnosis.missing]
        ['task_symmetry', 'norm_and_length', 'relevance', 'relevance_beyond_length']
    """
    evidence = Evidence.of(documents, queries=queries, judgements=judgements, lengths=lengths, seed=seed)
    findings = tuple(_ask(question, evidence) for question in QUESTIONS)
    return Diagnosis(encoder, evidence.counts(), findings, make_plots(evidence))


def _ask(question: _Question, evidence: Evidence) -> Finding:
    try:
        value, sentence, advice, low, high = question.answer(evidence)
    except NormAwareError as error:  # nothing to measure it by, or it is not defined here
        return Finding(question.name, None, None, None, str(error), question.source, "")
    return Finding(question.name, value, low, high, sentence, question.source, advice)
