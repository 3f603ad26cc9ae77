"""nDCG@10 of a model on judged sets, under every similarity, while it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.evaluation import BaseEvaluator

from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.ranking import NDCG
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import Similarity

OWN = "own"
"""Stands for the similarity that the model is trained by, as it is at that moment."""

RANKINGS = ("cosine", "dot")
"""The two rankings the 2x2 comes down to: a query's norm never reorders its documents."""

_ROWS = 1 << 24  # scores computed at once


@dataclass(frozen=True, eq=False)
class JudgedTexts:
    """A judged set as texts.

    Attributes:
        name: of the set.
        documents: their texts.
        queries: their texts.
        judgements: which document is relevant to which query, by position.
    """

    name: str
    documents: tuple[str, ...]
    queries: tuple[str, ...]
    judgements: Judgements


@dataclass(frozen=True, eq=False)
class Embedded:
    """A judged set as one model embeds it.

    Attributes:
        queries: raw embeddings, shape (queries, dimension).
        documents: raw embeddings, shape (documents, dimension).
        judgements: as in `JudgedTexts`.
    """

    queries: NDArray[np.float32]
    documents: NDArray[np.float32]
    judgements: Judgements

    def ndcg(
        self, similarity: str | Similarity, *, lengths: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """nDCG@10 of every query, by exact search under a similarity.

        Args:
            similarity: of the raw embeddings.
            lengths: what each document's scores are multiplied by, shape (documents,).
        """
        chosen = parse_similarity(similarity)
        norms = [np.linalg.norm(side, axis=1) for side in (self.queries, self.documents)]
        ndcg, step = NDCG(self.judgements), max(1, _ROWS // max(1, len(self.documents)))
        given = np.ones(1) if lengths is None else lengths
        return np.concatenate(
            [
                ndcg.values(
                    (
                        given
                        * chosen.from_dot(
                            self.queries[i : i + step] @ self.documents.T,
                            norms[0][i : i + step, None],
                            norms[1][None, :],
                        )
                    ).astype(np.float32),
                    i,
                )
                for i in range(0, len(self.queries), step)
            ]
        )


def embed_set(model: SentenceTransformer, judged: JudgedTexts, *, batch_size: int = 64) -> Embedded:
    """Embed a judged set, raw."""
    return Embedded(
        embed_texts(model, judged.queries, "query", batch_size=batch_size),
        embed_texts(model, judged.documents, "document", batch_size=batch_size),
        judged.judgements,
    )


def embed_texts(
    model: SentenceTransformer,
    texts: Sequence[str],
    kind: Literal["query", "document"],
    *,
    batch_size: int = 64,
) -> NDArray[np.float32]:
    """Raw embeddings of texts, shape (texts, dimension), with the model's prompt of their kind, if any."""
    embeddings = model.encode(
        list(texts),
        prompt_name=kind if model.prompts.get(kind) else None,
        batch_size=batch_size,
        show_progress_bar=False,
        convert_to_numpy=True,
    )
    return np.asarray(embeddings, dtype=np.float32)


GivenLengths = Callable[[SentenceTransformer, JudgedTexts, Embedded], NDArray[np.float64]]
"""Lengths of a judged set's documents, shape (documents,), from the set as a model embeds it."""


class SimilarityEvaluator(BaseEvaluator):
    """sentence-transformers' evaluator that scores a model under every similarity.

    Its result holds `<set>_<similarity>` for each set and each of `RANKINGS` and `own`, their means as
    `mean_<similarity>`, and the primary `mean_own`: nDCG@10 under the similarity the model is trained by.

    Args:
        sets: what to measure on.
        own: gives that similarity when asked, since a learned one changes.
        lengths: gives the documents of a set the lengths that the model is trained with, for `own` alone.
        batch_size: texts encoded at once.
    """

    def __init__(
        self,
        sets: Sequence[JudgedTexts],
        own: Callable[[], Similarity],
        *,
        lengths: GivenLengths | None = None,
        batch_size: int = 64,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.primary_metric = f"mean_{OWN}"
        self.sets = tuple(sets)
        self._own = own
        self._lengths = lengths
        self._batch_size = batch_size

    def __call__(
        self,
        model: Any,
        output_path: str | None = None,
        epoch: int = -1,
        steps: int = -1,
    ) -> dict[str, float]:
        """Measure the model as it is; nothing is written."""
        similarities: Mapping[str, str | Similarity] = {
            **{name: name for name in RANKINGS},
            OWN: self._own(),
        }
        values: dict[str, float] = {}
        for judged in self.sets:
            embedded = embed_set(model, judged, batch_size=self._batch_size)
            for name, similarity in similarities.items():
                given = self._lengths if name == OWN else None
                lengths = given(model, judged, embedded) if given else None
                values[f"{judged.name}_{name}"] = float(embedded.ndcg(similarity, lengths=lengths).mean())
        for name in similarities:
            values[f"mean_{name}"] = float(np.mean([values[f"{judged.name}_{name}"] for judged in self.sets]))
        return values
