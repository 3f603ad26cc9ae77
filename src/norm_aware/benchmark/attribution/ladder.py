"""From the baseline to a candidate, changing one thing at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, fields, replace

from norm_aware.benchmark.systems.system import System

BASELINE = "baseline"
BASELINE_RERANKER = "baseline reranker"
BASELINE_INDEX = "baseline index"
RETRIEVAL = "retrieval"
INDEX = "index"
RERANKER = "reranker"

_ANSWERING = ("context_k", "prompt", "llm")  # what answers are written with, in the order it is changed
_FIELDS = tuple(f.name for f in fields(System))
_RERANKING = {name for name in _FIELDS if name.startswith("rerank")}
_NOT_RETRIEVAL = {"name", "exact", *_RERANKING, *_ANSWERING}


@dataclass(frozen=True, slots=True)
class Rung:
    """A system on the way from the baseline to a candidate.

    Attributes:
        step: what changed since the rung below; "baseline" for the first.
        system: the system after the change.
    """

    step: str
    system: System


def ladder(baseline: System, candidate: System) -> tuple[Rung, ...]:
    """The systems between two, each of which changes one thing of the one before it.

    Where the two retrieve differently, retrieval is compared by itself: what the baseline has of a reranker
    and of an approximate index is taken off first ("baseline reranker", "baseline index"), then the
    retrieval changes ("retrieval"), then the candidate's index and reranker are put on ("index",
    "reranker"). An index that both have thus counts twice, with what it loses of each. At last the number of
    contexts, the prompt and the model change ("context_k", "prompt", "llm"). A step that changes nothing is
    left out, and one that two systems share because they retrieve alike is not taken.

    Args:
        baseline: where the ladder stands.
        candidate: where it leads.

    Returns:
        The baseline, the systems between, and the candidate; the baseline alone where both are the same.

    Example:
        >>> from norm_aware.numeric.similarity import COSINE, DOT
        >>> reranked = System("dot reranked", DOT, exact=False, reranker="cross-encoder")
        >>> [rung.step for rung in ladder(System("cosine", COSINE), reranked)]
        ['baseline', 'retrieval', 'index', 'reranker']
    """
    changes = list(_changes(baseline, candidate))
    rungs = [Rung(BASELINE, baseline)]
    said: list[str] = []
    for number, (step, system) in enumerate(changes):
        said.append(step)
        last = number == len(changes) - 1
        name = candidate.name if last else f"{baseline.name} to {candidate.name} (after {', '.join(said)})"
        rungs.append(Rung(step, candidate if last else replace(system, name=name)))
    return tuple(rungs)


def intermediate(systems: Sequence[System]) -> tuple[System, ...]:
    """The systems that the ladders of a comparison need and that are not compared themselves.

    Args:
        systems: what is compared, the baseline first.

    Returns:
        Each system between the baseline and a candidate once, those that are compared left out.
    """
    needed: list[System] = []
    for candidate in systems[1:]:
        for rung in ladder(systems[0], candidate):
            if not any(same(rung.system, known) for known in (*systems, *needed)):
                needed.append(rung.system)
    return tuple(needed)


def climbed(rungs: Sequence[Rung], systems: Sequence[System]) -> tuple[Rung, ...]:
    """The part of a ladder that a run has, under the names it has there.

    Args:
        rungs: a whole ladder.
        systems: those of the run, the baseline and the candidate among them.

    Returns:
        The rungs whose system is in the run; a step over missing ones is named after all it changes,
        such as "retrieval + reranker".
    """
    found: list[Rung] = []
    steps: list[str] = []
    for rung in rungs:
        steps.append(rung.step)
        # by its own name first: two systems compared may differ in nothing else
        known = sorted((s for s in systems if same(s, rung.system)), key=lambda s: s.name != rung.system.name)
        if known:
            found.append(Rung(" + ".join(steps), known[0]))
            steps = []
    return tuple(found)


def same(first: System, second: System) -> bool:
    """Whether two systems are one but for their names."""
    return _parts(first, {"name"}) == _parts(second, {"name"})


def _changes(baseline: System, candidate: System) -> Iterator[tuple[str, System]]:
    current = baseline
    steps: list[tuple[str, dict[str, object]]] = []
    if _parts(baseline, _NOT_RETRIEVAL) != _parts(candidate, _NOT_RETRIEVAL):
        steps.append((BASELINE_RERANKER, {"reranker": None}))
        steps.append((BASELINE_INDEX, {"exact": True}))
        # whatever else a system has, now or later, belongs to how it retrieves
        retrieval = set(_FIELDS) - _NOT_RETRIEVAL
        steps.append((RETRIEVAL, {name: getattr(candidate, name) for name in retrieval}))
    steps.append((INDEX, {"exact": candidate.exact}))
    steps.append((RERANKER, {name: getattr(candidate, name) for name in _RERANKING}))
    steps.extend((name, {name: getattr(candidate, name)}) for name in _ANSWERING)
    for step, change in steps:
        changed = replace(current, **change)  # type: ignore[arg-type]
        if not same(changed, current):
            current = changed
            yield step, current


def _parts(system: System, without: Set[str]) -> dict[str, object]:
    if system.reranker is None:  # how it would rerank changes nothing
        without = without | _RERANKING
    parts = {name: getattr(system, name) for name in _FIELDS if name not in without}
    if system.calibration is not None:  # one file, loaded twice, is one calibration
        parts["calibration"] = system.calibration.digest
    return parts
