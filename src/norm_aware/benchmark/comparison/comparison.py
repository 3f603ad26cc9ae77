"""What comparing one measure of one candidate with the baseline gives."""

from __future__ import annotations

from dataclasses import dataclass

from norm_aware.benchmark.comparison.options import Correction
from norm_aware.numeric.equivalence import Equivalence

NULL_HYPOTHESES = {
    "p": "On every question the two systems' scores are exchangeable: each difference, or the differences of "
    "each cluster of questions together, is as likely to be positive as negative.",
    "p_adjusted": "The same, with all informative measures and candidates of the run taken together: by "
    "Holm, the chance of any false claim among them stays under the level; by FDR, the expected share of "
    "false ones among the claims does.",
    "worst_case.p": "The same, with every missing value as bad for the candidate as the measure's scale "
    "allows.",
    "equivalence.p": "The candidate's mean is worse than the baseline's by at least the margin.",
    "equivalence.p_equivalent": "The candidate's mean differs from the baseline's by at least the margin, "
    "either way.",
}
"""What each p value of a comparison is the probability under, for the report."""


@dataclass(frozen=True, slots=True)
class WorstCase:
    """A comparison over all questions asked, every missing value as bad for the candidate as can be.

    Attributes:
        difference: mean of candidate minus baseline.
        low: lower end of its 95% interval; None for a single question or cluster.
        high: its upper end.
        p: paired permutation test.
    """

    difference: float
    low: float | None
    high: float | None
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of one candidate against the baseline, over the queries both have a value for.

    Attributes:
        baseline: name of the baseline.
        candidate: name of the candidate.
        measure: what is compared.
        difference: mean of candidate minus baseline; None where no query has both values, like all figures
            below that have no other value for it.
        low: lower end of the 95% interval of the difference; None for a single query or cluster.
        high: its upper end.
        interval: how it was made: "bca" (bootstrap), "t" where too few queries differ to be resampled,
            "percentile" where BCa has no answer, "none".
        interval_reason: why it is not BCa; None where it is.
        p: paired permutation test; null hypothesis: per query the two scores are exchangeable.
        p_adjusted: p adjusted over all comparisons of the run; None for a measure whose judge is no better
            than chance, which is no part of them.
        correction: how: "holm" or "fdr".
        effect_size: mean over standard deviation of the differences (d_z); None below 2 queries, or where
            all differences are the same and not 0.
        superiority: chance that the candidate is the better one on a query, ties counting half.
        superiority_low: lower end of its 95% interval.
        superiority_high: its upper end.
        n: queries compared.
        clusters: clusters of queries that were resampled as wholes; None where queries are independent.
        missing_baseline: queries with a value of the candidate only, or of neither.
        missing_candidate: queries with a value of the baseline only, or of neither.
        wins: queries the candidate is better on.
        losses: queries it is worse on.
        ties: queries with equal scores.
        higher_is_better: whether a difference above 0 is in the candidate's favour.
        worst_case: with missing values counted against the candidate; None where nothing is missing.
        minimum_detectable: true difference that these queries find with 80% power, before correction.
        needed: queries that find the observed difference with 80% power; None where it is 0.
        equivalence: whether the candidate is no worse by more than a margin; None below two queries or
            clusters. Not adjusted for the number of comparisons.
    """

    baseline: str
    candidate: str
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    interval: str
    interval_reason: str | None
    p: float | None
    p_adjusted: float | None
    correction: Correction
    effect_size: float | None
    superiority: float | None
    superiority_low: float | None
    superiority_high: float | None
    n: int
    clusters: int | None
    missing_baseline: int
    missing_candidate: int
    wins: int
    losses: int
    ties: int
    higher_is_better: bool
    worst_case: WorstCase | None
    minimum_detectable: float | None
    needed: int | None
    equivalence: Equivalence | None
