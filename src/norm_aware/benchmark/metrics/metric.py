"""Every measure of the benchmark in one table: what it says, what it needs, what it asks of a judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from norm_aware.benchmark.metrics.measures import DESCRIPTIONS as RETRIEVAL

JUDGEMENTS = "judgements"
REFERENCES = "references"
ANSWERS = "answers"
EMBEDDINGS = "embeddings"
JUDGE = "judge"
CANDIDATES = "candidates"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure. In all of them higher is better.

    Attributes:
        name: as in a plan, on the command line and in the report.
        kind: "retrieval", "answer" or "judged".
        says: what a value means.
        needs: what must be there: judgements (of documents), references (gold answers), answers (a model that
            answers), embeddings (of a second encoder), judge, candidates (a second system).
        looks_at: the fields of a sample that a judge is shown; a verdict depends on nothing else of it.
        low: least value; the greatest is 1.
        asks: questions to the judge for one sample.
        asks_per_context: further ones for each context.
        default: whether it is measured where nothing was chosen.
    """

    name: str
    kind: str
    says: str
    needs: frozenset[str]
    looks_at: tuple[str, ...] = ()
    low: float = 0.0
    asks: int = 0
    asks_per_context: int = 0
    default: bool = True

    def judge_calls(self, context_k: int) -> int:
        """Requests to the judge for one sample with so many contexts.

        Example:
            >>> METRICS["noise_robustness"].judge_calls(3)
            9
        """
        return self.asks + self.asks_per_context * context_k


def _retrieval(name: str, says: str) -> Metric:
    return Metric(name, "retrieval", says, frozenset({JUDGEMENTS}))


def _answer(name: str, says: str, *, default: bool = True) -> Metric:
    return Metric(name, "answer", says, frozenset({ANSWERS, REFERENCES}), default=default)


_ALL = (
    *(_retrieval(name, says) for name, says in RETRIEVAL.items()),
    _retrieval("context_precision_id", "share of the answer's documents that are relevant (RAGAS)"),
    _retrieval("context_recall_id", "share of the relevant documents that the answer was given (RAGAS)"),
    _answer("squad_em", "1 if the answer equals a gold answer after SQuAD's normalisation, else 0"),
    _answer("squad_f1", "overlap of the answer's words with the best-matching gold answer (SQuAD)"),
    _answer("exact_match", "1 if the answer equals a gold answer character for character, else 0 (RAGAS)"),
    _answer("string_presence", "1 if a gold answer stands in the answer word for word, else 0 (RAGAS)"),
    _answer("string_similarity", "1 less the share of characters to edit to a gold answer (RAGAS)"),
    _answer("rouge_l", "longest sequence of words in common with a gold answer, F-measure (RAGAS)"),
    _answer("bleu", "runs of one to four words in common with a gold answer (sacreBLEU)", default=False),
    _answer("chrf", "runs of characters in common with a gold answer, F-score (sacreBLEU)", default=False),
    Metric(
        "semantic_similarity",
        "answer",
        "cosine of the embeddings of the answer and a gold answer (RAGAS)",
        frozenset({ANSWERS, REFERENCES, EMBEDDINGS}),
        low=-1.0,
    ),
    Metric(
        "faithfulness",
        "judged",
        "share of the answer's statements that its documents support (RAGAS)",
        frozenset({ANSWERS, JUDGE}),
        ("question", "answer", "contexts"),
        asks=2,
    ),
    Metric(
        "answer_relevancy",
        "judged",
        "how close this question is to those the answer would suit (RAGAS)",
        frozenset({ANSWERS, EMBEDDINGS, JUDGE}),
        ("question", "answer"),
        low=-1.0,
        asks=3,
    ),
    Metric(
        "factual_correctness",
        "judged",
        "claims the answer and the gold answer share, F1 (RAGAS)",
        frozenset({ANSWERS, REFERENCES, JUDGE}),
        ("answer", "references"),
        asks=4,
    ),
    Metric(
        "answer_accuracy",
        "judged",
        "how far the answer agrees with the gold answer, graded both ways round (RAGAS)",
        frozenset({ANSWERS, REFERENCES, JUDGE}),
        ("question", "answer", "references"),
        asks=2,
    ),
    Metric(
        "llm_context_precision",
        "judged",
        "how high the useful ones of the answer's documents stand (RAGAS)",
        frozenset({ANSWERS, REFERENCES, JUDGE}),
        ("question", "contexts", "references"),
        asks_per_context=1,
    ),
    Metric(
        "llm_context_recall",
        "judged",
        "share of the gold answer that the answer's documents support (RAGAS)",
        frozenset({ANSWERS, REFERENCES, JUDGE}),
        ("question", "contexts", "references"),
        asks=1,
    ),
    Metric(
        "context_entity_recall",
        "judged",
        "share of the gold answer's named entities that the answer's documents name (RAGAS)",
        frozenset({ANSWERS, REFERENCES, JUDGE}),
        ("contexts", "references"),
        asks=2,
        default=False,
    ),
    Metric(
        "noise_robustness",
        "judged",
        "share of the answer's statements that are no errors taken from useful documents "
        "(1 less RAGAS's noise sensitivity)",
        frozenset({ANSWERS, REFERENCES, JUDGE}),
        ("question", "answer", "contexts", "references"),
        asks=3,
        asks_per_context=2,
        default=False,
    ),
    Metric(
        "pairwise",
        "judged",
        "1 if the judge prefers this answer to the baseline's in both orders, 0.5 if it is a tie, else 0",
        frozenset({ANSWERS, CANDIDATES, JUDGE}),
        ("question", "answer", "references"),
        asks=2,
        default=False,
    ),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
"""Every measure by name, in the order of the report; RAGAS's noise sensitivity is turned, so that more is
better everywhere."""

DESCRIPTIONS: dict[str, tuple[str, str]] = {m.name: (m.kind, m.says) for m in _ALL}
"""Kind and meaning of every measure, in the order of the report."""
