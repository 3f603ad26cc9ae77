"""Fits a calibration from judged queries, proves it on others, and keeps cosine without proof."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.candidates import (
    BASELINE,
    DOCUMENT_POWERS,
    Candidate,
    control_arms,
    search_space,
)
from norm_aware.calibration.corpus import Corpus, as_embeddings, require_same_dimension
from norm_aware.calibration.curve import learning_curve
from norm_aware.calibration.evidence import (
    CALIBRATED,
    LENGTH,
    LENGTH_FOR_NORM,
    SHUFFLED_FOR_NORM,
    UNGUARDED,
    WITHOUT_NORM,
    Evidence,
    make_arms,
    make_contrasts,
)
from norm_aware.calibration.findings import decide, notes
from norm_aware.calibration.fitting import Fitter
from norm_aware.calibration.judgements import Judgements, as_groups, make_folds, split_large
from norm_aware.calibration.measuring import Measurer
from norm_aware.calibration.probability import fit_probability
from norm_aware.calibration.selection import CrossFit, HeldOut
from norm_aware.errors import CalibrationError, EmbeddingError
from norm_aware.geometry.norms import norms
from norm_aware.geometry.symmetry import FEWEST, symmetry
from norm_aware.numeric.significance import standard_error
from norm_aware.numeric.similarity import PowerSimilarity
from norm_aware.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class CalibrationOptions:
    """How thoroughly to look.

    Attributes:
        folds: parts the queries are dealt into, at least 3; each is left out once.
        controls: whether the table holds, beside cosine and calibration, each idea alone.
        curve: whether to show what fewer judged queries would have given.
        documents: choices are made on a sample of so many documents, judged ones among them; at least 2.
        queries: choices are made on a sample of so many queries, of all folds alike; at least 2 a fold. Fits
            use all queries whatever the sample, and gains are always measured on all documents and queries.
        symmetric: whether the two sides are the same kind of text, so that cosine is kept; None asks the
            embeddings, as the command line does.
        seed: of every random choice; the same seed gives the same calibration.

    Raises:
        CalibrationError: when there are too few folds, documents or queries.
    """

    folds: int = 5
    controls: bool = True
    curve: bool = False
    documents: int = 20_000
    queries: int = 800
    symmetric: bool | None = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 3 or self.documents < 2 or self.queries < 2 * self.folds:
            raise CalibrationError(
                f"{self.folds} folds, {self.documents} documents and {self.queries} queries were asked for; "
                "at least 3 folds (to fit, to choose and to test on), 2 documents, and 2 queries a fold are "
                "needed."
            )


def calibrate(
    corpus: Corpus,
    queries: ArrayLike,
    judgements: Sequence[Mapping[int, float]],
    *,
    groups: Sequence[Hashable] | None = None,
    query_ids: Sequence[str] | None = None,
    trained: Candidate | None = None,
    options: CalibrationOptions | None = None,
    progress: Progress = silent,
) -> Calibration:
    """Choose transform, similarity and per-document terms for a corpus, from judged queries.

    Queries are dealt into folds that keep together those which share a relevant document. Judgements of a
    fold never enter what it is scored by, neither fit nor choice; of its queries, unjudged, the mean and the
    bank do know while choosing, and no more when the choice is scored. When the 95% interval of the gain
    over cosine, on all queries left out in turn, is not above zero, the result is cosine.

    In a symmetric task, which `symmetric` says it is, cosine is kept (Feng & Watanabe, arXiv:2602.09229,
    corollary 6.1: the score of a pair must be the same either way).

    Args:
        corpus: the documents.
        queries: raw embeddings of the judged queries, shape (queries, dimension).
        judgements: for each query, the grade of each judged document by its position; relevant above 0.
        groups: for each query, what it must not be split from, in place of shared documents.
        query_ids: names of the queries, kept with the evidence.
        trained: what the encoder was trained to be scored by (`as_trained`): chosen from beside all
            else, proved like all else, and shown as an arm of its own.
        options: how thoroughly to look.
        progress: told how far each stage is.

    Returns:
        The calibration, with its evidence.

    Raises:
        CalibrationError: for too few queries, or judgements that nothing can be learned from.
        EmbeddingError: for NaN, infinite numbers or another dimension.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> documents, queries = rng.normal(size=(200, 8)), rng.normal(size=(40, 8))
        >>> best = (queries @ documents.T).argmax(axis=1)  # judged by dot, so that the norm matters
        >>> found = calibrate(Corpus(documents), queries, [{int(document): 1} for document in best])
        >>> found.is_cosine, found.evidence.arm("norm alone").low > 0
        (False, True)
    """
    options = options or CalibrationOptions()
    asked = as_embeddings(queries, "queries")
    require_same_dimension(corpus.embeddings, asked, "queries")
    if len(asked) and not asked.any():
        raise EmbeddingError("Every query's vector is zero; embed the texts again.")
    if len(asked) != len(judgements):
        raise CalibrationError(
            f"{len(asked)} queries have {len(judgements)} judgements; give each query the grades of its "
            "documents."
        )
    judged = Judgements.of(judgements, documents=len(corpus))
    if groups is not None and len(groups) != len(asked):
        raise CalibrationError(f"{len(asked)} queries have {len(groups)} groups; give each query one.")
    if query_ids is not None and len(query_ids) != len(asked):
        raise CalibrationError(f"{len(asked)} queries have {len(query_ids)} names; give each query one.")
    together = judged.groups() if groups is None else as_groups(groups)
    labels = split_large(together, options.folds)
    if groups is not None and not np.array_equal(labels, together):
        raise CalibrationError(
            f"A group holds more than a fold's share of the {len(asked)} queries; give smaller groups, or "
            f"fewer folds than {options.folds}."
        )
    folds = make_folds(labels, options.folds, seed=options.seed)
    space = search_space(query_norms=norms(asked), document_norms=corpus.norms, trained=trained)
    symmetric = _is_symmetric(asked, corpus) if options.symmetric is None else options.symmetric
    if symmetric:
        space = (BASELINE,)
    controls = dict(control_arms(trained)) if options.controls else {}
    if corpus.lengths is None:
        controls.pop(LENGTH, None)
    reduced, known = _reduced(corpus, judged, options)

    def measurer(of: Corpus, which: Judgements, stage: str) -> Measurer:
        return Measurer(
            of, asked, which, seed=options.seed, progress=lambda done, total: progress(stage, done, total)
        )

    chooser = measurer(reduced, known, "Searching")
    prover = measurer(corpus, judged, "Proving")
    every = dict.fromkeys([*space, *(c for arm in controls.values() for c in arm)])
    sample = _sample(folds, options)
    fitted = CrossFit(chooser, tuple(every), folds, asked=sample, groups=labels)
    plain = HeldOut((BASELINE,), fitted.test([BASELINE] * options.folds, prover))
    free = fitted.held_out(space, prover)
    held = {"cosine": plain, CALIBRATED: fitted.guard(free, space, plain.values), UNGUARDED: free}
    held[WITHOUT_NORM] = fitted.held_out([c for c in space if not c.uses_norm], prover)
    held |= _swapped(free.chosen, chooser, prover, folds, sample, with_length=corpus.lengths is not None)
    held |= {name: fitted.held_out(of_arm, prover) for name, of_arm in controls.items()}
    values = {name: found.values for name, found in held.items()}
    arms = make_arms(
        {name: _words(found.chosen) for name, found in held.items()},
        values,
        groups=labels,
        seed=options.seed,
    )
    contrasts = make_contrasts(values, groups=labels, seed=options.seed)
    choice = fitted.choose(space)
    accepted, decision = decide(arms[1], choice, queries=len(asked))
    chosen = choice if accepted else BASELINE
    evidence = Evidence(
        choice=str(chosen),
        decision=decision,
        arms=arms,
        contrasts=contrasts,
        notes=notes(
            arms,
            contrasts,
            choice=chosen,
            errors=standard_error(free.values - plain.values, groups=labels),
            queries=len(asked),
            symmetric=symmetric,
        ),
        curve=learning_curve(chooser, space, folds, seed=options.seed) if options.curve else (),
        documents=len(corpus),
        queries=len(asked),
        data=data_digest(corpus, asked, judged),
        asked=() if query_ids is None else tuple(query_ids),
    )
    fitter = Fitter(corpus, options.seed)
    calibration = fitter.calibration(chosen, asked, judged)
    probability = fit_probability(
        fitter,
        free.chosen if accepted else (BASELINE,) * options.folds,
        folds,
        asked,
        judged,
        final=calibration,
    )
    return replace(calibration, probability=probability, evidence=evidence)


def _is_symmetric(queries: NDArray[np.float32], corpus: Corpus) -> bool:
    """Whether the sides look alike; with too few embeddings to tell they count as different."""
    directed = min(int(rows.any(axis=1).sum()) for rows in (queries, corpus.embeddings))
    return directed >= FEWEST and symmetry(queries, corpus.embeddings).is_symmetric


def _swapped(
    chosen: Sequence[Candidate],
    chooser: Measurer,
    prover: Measurer,
    folds: NDArray[np.intp],
    sample: NDArray[np.intp],
    *,
    with_length: bool,
) -> dict[str, HeldOut]:
    """The choices with text length, or with other documents' norms, in the place of their norm."""
    swapped = {}
    if with_length:
        variants = {
            candidate: [
                replace(candidate, norm="length", similarity=PowerSimilarity(document_power=power))
                for power in DOCUMENT_POWERS
            ]
            for candidate in dict.fromkeys(chosen)
        }
        every = dict.fromkeys([BASELINE, *(v for of_one in variants.values() for v in of_one)])
        of_length = CrossFit(chooser, tuple(every), folds, asked=sample)
        by_fold = tuple(of_length.choose(variants[c], without=fold) for fold, c in enumerate(chosen))
        swapped[LENGTH_FOR_NORM] = HeldOut(by_fold, of_length.test(by_fold, prover))
    shuffled = tuple(replace(candidate, norm="shuffled") for candidate in chosen)
    only = CrossFit(chooser, (BASELINE,), folds, asked=sample)
    return swapped | {SHUFFLED_FOR_NORM: HeldOut(shuffled, only.test(shuffled, prover))}


def _reduced(
    corpus: Corpus, judgements: Judgements, options: CalibrationOptions
) -> tuple[Corpus, Judgements]:
    """A sample of a large corpus with every relevant document in it, and the judgements on it."""
    if len(corpus) <= options.documents:
        return corpus, judgements
    relevant = np.unique(judgements.document)
    others = np.setdiff1d(np.arange(len(corpus)), relevant)
    wanted = max(0, options.documents - len(relevant))
    sample = np.random.default_rng(options.seed).choice(others, wanted, replace=False)
    kept = np.sort(np.concatenate([relevant, sample]))
    known = Judgements(
        judgements.query,
        np.searchsorted(kept, judgements.document),
        judgements.grade,
        judgements.queries,
        len(kept),
    )
    return corpus.take(kept), known


def _sample(folds: NDArray[np.intp], options: CalibrationOptions) -> NDArray[np.intp]:
    """Queries that choices are made on: each fold gives one in turn, so that none is left without."""
    order = np.random.default_rng(options.seed).permutation(len(folds))
    turn = np.empty_like(order)
    for fold in range(options.folds):
        members = order[folds[order] == fold]
        turn[members] = np.arange(len(members))
    return order[np.argsort(turn[order], kind="stable")][: options.queries]


def _words(chosen: Sequence[Candidate]) -> str:
    return " | ".join(dict.fromkeys(map(str, chosen)))


def data_digest(corpus: Corpus, queries: NDArray[np.float32], judgements: Judgements | None = None) -> str:
    """Hash of everything that was calibrated on."""
    hasher = hashlib.blake2b(corpus.digest.encode(), digest_size=8)
    hasher.update(queries.tobytes())
    if judgements is not None:
        for part in (judgements.query, judgements.document, judgements.grade):
            hasher.update(part.tobytes())
    return hasher.hexdigest()
