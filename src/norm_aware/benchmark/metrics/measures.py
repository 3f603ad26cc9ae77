"""Per-query retrieval measures, by ir-measures over trec_eval's implementation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from norm_aware.errors import MissingExtraError

DESCRIPTIONS = {
    "nDCG@10": "graded gain of the first 10 documents, discounted by rank (Järvelin & Kekäläinen 2002)",
    "RR@10": "1 / rank of the first relevant document among the first 10, else 0",
    "R@5": "share of the relevant documents among the first 5",
    "R@100": "share of the relevant documents among the first 100",
}
"""The measures and what they say; the first is the primary one."""

PRIMARY = next(iter(DESCRIPTIONS))


def retrieval_measures(
    run: Mapping[str, Sequence[str]], qrels: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, float]]:
    """Each measure of each query.

    Args:
        run: for each query, document ids, best first. A judged query that is missing, or has no documents,
            scores 0: it never vanishes.
        qrels: for each query, grades of judged documents.

    Returns:
        `{query_id: {measure: value}}` for every query of `qrels`.

    Raises:
        MissingExtraError: when ir-measures is not installed.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise MissingExtraError(
            'Retrieval measures need ir-measures; `pip install "norm-aware[benchmark]"` brings it.'
        ) from error
    values = {query: dict.fromkeys(DESCRIPTIONS, 0.0) for query in qrels}
    # ranks stand for scores: trec_eval orders by score alone and would break ties its own way
    scored = {
        query: {document: float(-rank) for rank, document in enumerate(run.get(query, ()))} for query in qrels
    }
    measures = [ir_measures.parse_measure(name) for name in DESCRIPTIONS]
    grades = {query: dict(judged) for query, judged in qrels.items()}
    for value in ir_measures.iter_calc(measures, grades, scored):
        values[value.query_id][str(value.measure)] = float(value.value)
    return values
