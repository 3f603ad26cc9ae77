"""Calibration without a judgement: the corpus itself is asked which document a span of text was cut from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.calibration.calibrate import data_digest
from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.candidates import BASELINE, Candidate, TransformChoice
from norm_aware.calibration.corpus import Corpus, as_embeddings, require_same_dimension
from norm_aware.calibration.evidence import Evidence
from norm_aware.calibration.fitting import Fitter
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.measuring import Measurer, Split
from norm_aware.geometry.near_duplicates import near_duplicate_share
from norm_aware.geometry.symmetry import FEWEST, symmetry
from norm_aware.numeric.similarity import PowerSimilarity
from norm_aware.progress import Progress, silent

SOFTER = {0.0: 0.0, -0.125: -0.125, -0.25: -0.125, -0.375: -0.25, -0.5: -0.25}
"""Whitening that spans like best, and the softer one that is taken: spans are verbatim, questions are not."""

SOFTEST = -0.125
"""Whitening where little is known."""

DOCUMENT_POWERS = (0.0, -0.25, 0.25)
"""Powers of the raw norm between which spans decide."""

GAMMA = 0.2
"""Exponent of the anti-hubness norm: the optimum is flat from .2 to .35."""

WEIGHT = 0.25
"""Weight of the hub bias, where unjudged queries make a bank."""

BANK = 50
"""Unjudged queries from which on they make a bank."""

REPEATED = 0.1
"""Share of near-duplicates above which documents are given no anti-hubness norm."""

_SPANS = 1000
_DOCUMENTS = 20_000


def calibrate_label_free(
    corpus: Corpus,
    queries: ArrayLike | None = None,
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> Calibration:
    """Calibrate from the corpus alone, or from it and queries that nobody judged.

    Each pseudo-query has one document it was made from. The whitening power and the power of the norm
    that find it best are a guide to what finds real answers best; the sign of the norm's power is so
    chosen by the corpus and never assumed. The anti-hubness norm and, where there are queries, the hub bias
    are added at the weights that did well throughout. Nothing is proved by this: without judgements there
    is no held-out gain, and the evidence says so.

    Where queries cannot be told from documents the task treats both sides alike, and cosine is kept
    (Feng & Watanabe, arXiv:2602.09229, corollary 6.1).

    Args:
        corpus: the documents, with pseudo-queries made of their texts where there are any.
        queries: raw embeddings of unjudged queries, shape (queries, dimension).
        seed: of every random choice.
        progress: told how far each stage is.

    Raises:
        EmbeddingError: for NaN, infinite numbers or another dimension.
    """
    dimension = corpus.dimension
    asked = np.empty((0, dimension), np.float32) if queries is None else as_embeddings(queries, "queries")
    require_same_dimension(corpus.embeddings, asked, "queries")
    about = Evidence(
        documents=len(corpus), queries=len(asked), data=data_digest(corpus, asked), label_free=True
    )
    notes = []
    directed = [int(rows.any(axis=1).sum()) for rows in (asked, corpus.embeddings)]
    told = min(directed) >= FEWEST  # enough on both sides to tell whether they are alike
    if told and (sides := symmetry(asked, corpus.embeddings, seed=seed)).is_symmetric:
        decision = (
            "Cosine is kept: queries cannot be told from documents by their embeddings (AUC "
            f"{sides.auc:.2f}), so the task treats both sides alike, and only cosine does."
        )
        evidence = replace(about, choice=str(BASELINE), decision=decision)
        return Calibration.cosine(corpus.encoder, dimension=dimension, evidence=evidence)
    if not told:
        notes.append(
            f"{directed[0]} queries and {directed[1]} documents are too few to tell whether both sides are "
            "the same kind of text, so the softest whitening is taken; in a symmetric task (similarity, "
            "duplicates) keep cosine."
        )
    choice, why = _choose(corpus, asked, seed, told, progress)
    repeated = near_duplicate_share(corpus.embeddings, seed=seed)
    if repeated > REPEATED:
        choice = replace(choice, gamma=0.0)
        notes.append(
            f"{repeated:.0%} of documents have a near-duplicate, which makes hubs of what is merely "
            "repeated: no anti-hubness norm is given."
        )
    calibration = Fitter(corpus, seed).calibration(choice, asked, None)
    return replace(
        calibration,
        evidence=replace(
            about,
            choice=str(choice),
            decision=f"Set to {choice} without judgements: {why}. No gain is proved by this; judge 50 "
            "queries and calibrate on them for proof.",
            notes=tuple(notes),
        ),
    )


def _choose(
    corpus: Corpus,
    queries: NDArray[np.float32],
    seed: int,
    told: bool,
    progress: Progress,
) -> tuple[Candidate, str]:
    weight = WEIGHT if len(queries) >= BANK else 0.0
    found = _span_retrieval(corpus, seed, progress)
    if not found:
        cautious = Candidate(TransformChoice(SOFTEST), gamma=GAMMA, weight=weight)
        return cautious, "there are no texts to cut spans from, so the softest whitening is taken"
    best = max(found, key=found.__getitem__)
    power = SOFTER[best.transform.power or 0.0]
    if not told:
        power = max(power, SOFTEST)  # a symmetric task, which cannot be ruled out, loses little by it
    of_power = {c: value for c, value in found.items() if c.transform.power == power}
    chosen = max(of_power, key=of_power.__getitem__)
    plain = found[Candidate(TransformChoice(0.0))]
    why = (
        f"the document that a span was cut from is found at nDCG@10 {of_power[chosen]:.3f}, centred only at "
        f"{plain:.3f} (best: {best} at {found[best]:.3f}, softened since questions are no spans)"
    )
    return replace(chosen, gamma=GAMMA, weight=weight), why


def _span_retrieval(corpus: Corpus, seed: int, progress: Progress) -> dict[Candidate, float]:
    """nDCG@10 with which pseudo-queries find their document; empty where they are documents themselves."""
    pseudo = corpus.pseudo_queries
    position = {name: i for i, name in enumerate(corpus.ids)}
    known = [row for row, source in enumerate(pseudo.sources) if source in position]
    if pseudo.side != "query" or not known:
        return {}
    generator = np.random.default_rng(seed)
    rows = np.sort(generator.permutation(known)[:_SPANS])
    sources = np.array([position[pseudo.sources[row]] for row in rows])
    if len(corpus) > _DOCUMENTS:
        kept = np.union1d(sources, generator.permutation(len(corpus))[:_DOCUMENTS])
        corpus, sources = corpus.take(kept), np.searchsorted(kept, sources)
    judgements = Judgements.of([{int(source): 1.0} for source in sources], documents=len(corpus))
    candidates = [
        Candidate(TransformChoice(power), PowerSimilarity(document_power=of_norm))
        for power in SOFTER
        for of_norm in DOCUMENT_POWERS
    ]
    every = np.arange(len(rows))
    measurer = Measurer(
        corpus,
        pseudo.embeddings[rows],
        judgements,
        seed=seed,
        progress=lambda done, total: progress("Asking for spans", done, total),
    )
    values = measurer.measure(candidates, [Split(every, every)]).mean(axis=1)
    return dict(zip(candidates, values.tolist(), strict=True))
