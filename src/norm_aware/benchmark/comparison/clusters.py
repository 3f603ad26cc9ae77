"""Questions that are not independent of each other: those that share a relevant document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def question_clusters(relevant: Mapping[str, Iterable[str]]) -> dict[str, int] | None:
    """Number the clusters of questions that share relevant documents, directly or through others.

    Ten questions about one document rise and fall together when that document moves: resampled one by one
    they would count as ten pieces of evidence.

    Args:
        relevant: ids of the documents relevant to each question, by question id.

    Returns:
        The cluster of each question, from 0 in the order of the questions; None where no two share a
        document, so that each question stands for itself.

    Example:
        >>> question_clusters({"q1": ["a"], "q2": ["b", "c"], "q3": ["c"]})
        {'q1': 0, 'q2': 1, 'q3': 1}
    """
    first: dict[str, str] = {}  # of each document, the first question it is relevant to
    parent = {question: question for question in relevant}

    def root(question: str) -> str:
        while parent[question] != question:
            parent[question] = question = parent[parent[question]]
        return question

    for question, documents in relevant.items():
        for document in documents:
            parent[root(question)] = root(first.setdefault(document, question))
    number: dict[str, int] = {}
    clusters = {question: number.setdefault(root(question), len(number)) for question in relevant}
    return clusters if len(number) < len(clusters) else None
