"""Norms that a document is given in place of the encoder's: by its hubness, by its length, by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from norm_aware.calibration.corpus import BANK
from norm_aware.calibration.pseudo_queries import cut_spans
from norm_aware.numeric.hubness_norm import NEAREST
from norm_aware.numeric.nearest import mean_nearest
from norm_aware.numeric.transform import directions
from norm_aware.training.evaluation import Embedded, JudgedTexts, embed_texts


def measure_hubness(
    model: SentenceTransformer, judged: JudgedTexts, embedded: Embedded, *, seed: int = 0, spans: int = BANK
) -> NDArray[np.float64]:
    """How near each document of a set is to just any query: `hubness_norm` makes a length of it.

    The queries are spans cut from the set's documents, so that nothing but the corpus is looked at; a span
    does not count for the document it was cut from.

    Args:
        model: what embedded the set, and embeds the spans as queries.
        judged: the set.
        embedded: the set as the model embeds it.
        seed: of the spans.
        spans: how many are cut.

    Returns:
        Mean cosine with the nearest spans, shape (documents,).
    """
    cut = cut_spans(judged.documents, spans, seed=seed)
    bank = embed_texts(model, [span.text for span in cut], "query")
    rows: dict[int, list[int]] = {}
    for row, span in enumerate(cut):
        rows.setdefault(span.document, []).append(row)
    own = {document: np.array(of, dtype=np.intp) for document, of in rows.items()}
    unit = [directions(side).astype(np.float32) for side in (embedded.documents, bank)]
    return mean_nearest(unit[0], unit[1], k=NEAREST, own=own)


def count_words(judged: JudgedTexts) -> NDArray[np.float64]:
    """Length of every document in words, at least 1, shape (documents,)."""
    return np.array([max(1, len(text.split())) for text in judged.documents], dtype=np.float64)
