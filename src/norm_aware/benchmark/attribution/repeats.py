"""Scores of the further answers that a run asked for, by measures that need neither judge nor model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from norm_aware.benchmark.attribution.noise import RepeatScore
from norm_aware.benchmark.metrics.answer_measures import squad_em, squad_f1
from norm_aware.benchmark.rows import Run

_MEASURES = {"squad_em": squad_em, "squad_f1": squad_f1}


def squad_repeats(run: Run, references: Mapping[str, Sequence[str]]) -> list[RepeatScore]:
    """SQuAD's measures of every further answer.

    Args:
        run: `{(system, query_id): row}` as `collect` returns it; rows without `repeats` have none.
        references: gold answers by question; one without any is passed over.

    Returns:
        A score for each further answer and measure, in the order of the rows.

    Example:
        >>> row = {"answer": "Paris", "repeats": ["In Paris."]}
        >>> [score.value for score in squad_repeats({("dot", "q1"): row}, {"q1": ["Paris"]})]
        [0.0, 0.6666666666666666]
    """
    return [
        RepeatScore(system, query, name, number, measure(answer, references[query]))
        for (system, query), row in run.items()
        if references.get(query)
        for number, answer in enumerate(row.get("repeats") or (), start=1)
        for name, measure in _MEASURES.items()
    ]
