"""Whether an arm of the ablation differs from its references by more than chance in queries and seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from norm_aware.ablation.scorings import CHOSEN, OWN, UNTOUCHED
from norm_aware.errors import TrainingError
from norm_aware.numeric.significance import holm, permutation_ps
from norm_aware.numeric.two_level import two_level

Key: TypeAlias = tuple[str, str, str, str]
"""(arm, seed, set, scoring) of a list of per-query values; (`UNTOUCHED`, "", set, scoring) of the base."""

NULL_HYPOTHESES = {
    "p": "over queries like those of each set, and over trainings from seeds like these, the mean difference "
    "is 0 (two-level t)",
    "p_adjusted": "p, adjusted by Holm over the comparisons of one kind: the means are one family, the "
    "single sets another",
    "p_queries": "for these trained models, each query's difference is as likely to be positive as negative "
    "(sign flips; seeds taken as given)",
    "p_seeds": "for these queries, the mean difference over trainings is 0 (paired t across seeds, as Feng "
    "and Watanabe, table 23; queries taken as given)",
}
"""What each p value of a comparison tests."""

NOT_COVERED = (
    "Other sets, other training pairs and other bases: sets weigh the same and are taken as given.",
    "The spread over seeds beyond what a few of them show: of three, the true standard deviation may be from "
    "half to six times the one seen, which the test allows for.",
    "Queries that depend on each other, such as several about one document: they count as independent.",
)
"""What the p values and intervals say nothing of."""

MEANS = {
    "out_of_domain": "mean of the out-of-domain sets",
    "asymmetric": "mean of the asymmetric out-of-domain sets",
}
"""Scopes that average sets, and what they are called."""


@dataclass(frozen=True, slots=True)
class _Contrast:
    """One side minus the other, each a model under a scoring."""

    kind: str
    arm: str
    scoring: str
    reference: str
    reference_scoring: str

    @property
    def family(self) -> tuple[str, str]:
        return self.kind, self.scoring if self.kind == "scoring" else ""

    @property
    def chosen_in_domain(self) -> bool:
        return bool({self.scoring, self.reference_scoring} & set(CHOSEN))


def compare(values: Mapping[Key, NDArray[np.float64]], results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Compare every arm with its references, per set and on the mean over sets.

    Of five kinds, each adjusted for itself:

    - `cosine`: an arm under its own similarity against the arm trained by cosine under cosine;
    - `training`: the same two with both under cosine, so that nothing but the training differs;
    - `untouched`: an arm under its own similarity against the base as it was, under cosine;
    - `post_hoc`: an arm under its own similarity against the cosine arm whose documents were given the
      anti-hubness norm afterwards;
    - `scoring`: one and the same model under another scoring than cosine against itself under cosine, which
      is what un-normalising at inference does; every scoring is a family.

    The kinds with the cosine arm in them are left out where there is none. A scoring whose exponent the
    in-domain sets chose is compared on none of them.

    Args:
        values: per-query nDCG@10, shape (queries,), the same queries of a set in the same order throughout.
        results: `sets`, `arms` and `scorings` of an ablation's results.json.

    Returns:
        JSON-ready rows: `kind`, `arm`, `scoring`, `reference`, `reference_scoring`, `scope` (a set, or a key
        of `MEANS`), `level` (`set` or `mean`), `sets`, `queries`, `seeds`, `difference`, `low`, `high`,
        `query_error`, `seed_error` and the p values of `NULL_HYPOTHESES`; `p_seeds` is None for
        a single seed. A comparison that lacks values on any of its sets has no row.

    Raises:
        TrainingError: when two lists that belong together differ in length, or hold fewer than two queries
            or a number that is not finite.
    """
    contrasts = list(_contrasts(results))
    rows = []
    for scope, level, sets in _scopes(results["sets"]):
        found = [(contrast, _differences(values, results, contrast, sets)) for contrast in contrasts]
        rows += _compared(scope, level, [(contrast, parts) for contrast, parts in found if parts])
    families: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for contrast, row in rows:
        families.setdefault((*contrast.family, row["level"]), []).append(row)
    for family in families.values():
        for row, p in zip(family, holm([row["p"] for row in family]).tolist(), strict=True):
            row["p_adjusted"] = p
    return [row for _, row in rows]


def _contrasts(results: Mapping[str, Any]) -> Iterator[_Contrast]:
    arms, scorings = list(results["arms"]), [name for name in results["scorings"] if name != "cosine"]
    others = [arm for arm in arms if arm != "cosine"] if "cosine" in arms else []
    for arm in others:
        yield _Contrast("cosine", arm, OWN, "cosine", OWN)
    for arm in others:
        yield _Contrast("training", arm, "cosine", "cosine", "cosine")
    for arm in arms:
        yield _Contrast("untouched", arm, OWN, UNTOUCHED, "cosine")
    if "anti_hubness" in scorings:
        for arm in others:
            yield _Contrast("post_hoc", arm, OWN, "cosine", "anti_hubness")
    for arm in [UNTOUCHED, *arms]:
        for scoring in scorings:
            yield _Contrast("scoring", arm, scoring, arm, "cosine")


def _scopes(sets: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, list[str]]]:
    """(scope, level, names of sets): the means first, then every set."""
    for scope, names in means_of(sets).items():
        yield scope, "mean", names
    for name in sets:
        yield name, "set", [name]


def mean_sets(sets: Mapping[str, Mapping[str, Any]], scope: str) -> list[str]:
    """Names of the sets that a scope of `MEANS` averages.

    Args:
        sets: of results.json.
        scope: `out_of_domain` or `asymmetric`.
    """
    out = [name for name, about in sets.items() if about["domain"] == "out"]
    return [name for name in out if not sets[name]["symmetric"]] if scope == "asymmetric" else out


def means_of(sets: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """The scopes of `MEANS` that average any sets, each with their names; of two with the same, the first.

    Args:
        sets: of results.json.
    """
    found: dict[str, list[str]] = {}
    for scope in MEANS:
        names = mean_sets(sets, scope)
        if names and names not in found.values():
            found[scope] = names
    return found


def _differences(
    values: Mapping[Key, NDArray[np.float64]],
    results: Mapping[str, Any],
    contrast: _Contrast,
    sets: Sequence[str],
) -> list[NDArray[np.float64]]:
    """Per set, shape (seeds, queries); empty where a list is missing."""
    first, second = _seeds(results, contrast.arm), _seeds(results, contrast.reference)
    pairs = [(seed, seed if second != [""] else "") for seed in first if seed in second or second == [""]]
    if contrast.chosen_in_domain and any(results["sets"][name]["domain"] == "in" for name in sets):
        return []
    found = []
    for name in sets:
        rows = []
        for ours, theirs in pairs:
            left = values.get((contrast.arm, ours, name, contrast.scoring))
            right = values.get((contrast.reference, theirs, name, contrast.reference_scoring))
            if left is None or right is None:
                return []
            if left.shape != right.shape or left.ndim != 1 or len(left) < 2:
                raise TrainingError(
                    f"On {name}, {contrast.arm} has values of shape {left.shape} and {contrast.reference} of "
                    f"shape {right.shape}; the same two queries or more are needed: run the ablation again."
                )
            rows.append(left - right)
        if not rows:
            return []
        if not np.isfinite(rows).all():
            raise TrainingError(f"On {name}, {contrast.arm} has a value that is NaN or infinite.")
        found.append(np.array(rows))
    return found


def _seeds(results: Mapping[str, Any], arm: str) -> list[str]:
    return [""] if arm == UNTOUCHED else list(results["arms"][arm]["runs"])


def _compared(
    scope: str, level: str, found: Sequence[tuple[_Contrast, list[NDArray[np.float64]]]]
) -> list[tuple[_Contrast, dict[str, Any]]]:
    if not found:
        return []
    # the mean over sets is a sum over queries of these, whose signs are flipped
    weighted = [
        np.concatenate([part.mean(axis=0) / part.shape[1] / len(parts) for part in parts])
        for _, parts in found
    ]
    by_query = permutation_ps(np.stack(weighted, axis=1)).tolist()
    rows = []
    for (contrast, parts), p_queries in zip(found, by_query, strict=True):
        estimate = two_level(parts)
        row = {
            "kind": contrast.kind,
            "arm": contrast.arm,
            "scoring": contrast.scoring,
            "reference": contrast.reference,
            "reference_scoring": contrast.reference_scoring,
            "scope": scope,
            "level": level,
            "sets": len(parts),
            "queries": sum(part.shape[1] for part in parts),
            "seeds": len(parts[0]),
            "difference": estimate.difference,
            "low": estimate.low,
            "high": estimate.high,
            "query_error": estimate.query_error,
            "seed_error": estimate.seed_error,
            "p": estimate.p,
            "p_queries": p_queries,
            "p_seeds": estimate.seed_p,
        }
        rows.append((contrast, row))
    return rows
