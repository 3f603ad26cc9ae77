"""Hypothesis strategies of similarities, norms and cosines, shared by the tests."""

from __future__ import annotations

from hypothesis import strategies as st

from norm_aware import (
    EuclideanSimilarity,
    LogisticSimilarity,
    PowerSimilarity,
    RadialSimilarity,
    ScaledSimilarity,
    WordRotatorSimilarity,
)

cosines = st.floats(-1, 1)
norms = st.floats(1e-3, 1e3)
numbers = st.floats(-5, 5)
means = st.floats(0, 5)
scales = st.floats(0.1, 5)

powers = st.builds(PowerSimilarity, st.floats(-3, 3), st.floats(-3, 3))
scaled = st.builds(
    ScaledSimilarity,
    st.floats(0, 1),
    query_mean=means,
    query_scale=scales,
    document_mean=means,
    document_scale=scales,
)
radial = st.builds(RadialSimilarity, numbers, norm_mean=means, norm_scale=scales)
word_rotator = st.builds(WordRotatorSimilarity, st.floats(0, 5))


@st.composite
def logistics(draw: st.DrawFn) -> LogisticSimilarity:
    product = draw(numbers)
    return LogisticSimilarity(
        intercept=draw(numbers),
        cosine=3 * abs(product) + draw(st.floats(0, 5)),
        query_norm=draw(numbers),
        document_norm=draw(numbers),
        product=product,
        query_mean=draw(means),
        query_scale=draw(scales),
        document_mean=draw(means),
        document_scale=draw(scales),
    )


linear = st.one_of(powers, scaled, radial, logistics(), st.just(EuclideanSimilarity()))
"""Similarities that are linear in the cosine: those one inner product ranks by, and Qdrant computes."""

every = st.one_of(linear, word_rotator)
