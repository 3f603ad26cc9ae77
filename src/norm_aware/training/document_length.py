"""The anti-hubness norm around a training: its bank cut from the pairs, its lengths for a judged set."""

from __future__ import annotations

from collections.abc import Sequence

from sentence_transformers import SentenceTransformer

from norm_aware.calibration.corpus import BANK
from norm_aware.calibration.pseudo_queries import cut_spans
from norm_aware.losses.anti_hubness import AntiHubnessLength
from norm_aware.numeric.hubness_norm import hubness_norm
from norm_aware.training.evaluation import GivenLengths
from norm_aware.training.given_norm import measure_hubness
from norm_aware.training.pairs import Pair


def cut_bank(
    model: SentenceTransformer, pairs: Sequence[Pair], *, gamma: float, spans: int = BANK, seed: int = 0
) -> AntiHubnessLength:
    """The length to train with, over spans cut from the pairs' documents, hard negatives included.

    Args:
        model: what is trained; its prompts stand before spans and documents, as in its batches.
        pairs: what it is trained on.
        gamma: where the exponent starts.
        spans: how many are cut.
        seed: of the spans.
    """
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.document, *pair.negatives)))
    cut = cut_spans(texts, spans, seed=seed)
    return AntiHubnessLength(
        model,
        [span.text for span in cut],
        [texts[span.document] for span in cut],
        gamma=gamma,
        query_prompt=model.prompts.get("query"),
        document_prompt=model.prompts.get("document"),
    )


def lengths_of(length: AntiHubnessLength, *, spans: int = BANK) -> GivenLengths:
    """What documents of a judged set are given: by their own corpus's spans, at gamma as it is then."""
    return lambda model, judged, embedded: hubness_norm(
        measure_hubness(model, judged, embedded, spans=spans), gamma=length.gamma
    )
