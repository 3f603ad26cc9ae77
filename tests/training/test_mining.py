import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from norm_aware.errors import TrainingError
from norm_aware.training.mining import mine
from norm_aware.training.pairs import Pair
from tests.losses.models import WORDS, table


def cosines(model, queries, documents):
    sides = [np.asarray(model.encode(list(texts)), np.float64) for texts in (queries, documents)]
    q, d = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in sides)
    return q @ d.T


def oracle(model, pairs, *, margin):
    """For each pair every document that may be mined, the hardest first, in float64."""
    documents = list(dict.fromkeys(pair.document for pair in pairs))
    found = []
    for pair in pairs:
        own = {other.document for other in pairs if other.query == pair.query}
        scores = dict(zip(documents, cosines(model, [pair.query], documents)[0], strict=True))
        relevant = min(scores[document] for document in own)
        highest = relevant - margin * abs(relevant)
        rest = [d for d in documents if d not in own | {*pair.negatives} and scores[d] <= highest]
        found.append(sorted(rest, key=lambda document: -scores[document]))
    return found


def world(seed=0, size=12):
    """Queries and documents of two words, several queries twice, from two sources."""
    generator = np.random.default_rng(seed)

    def text():
        return " ".join(sorted(generator.choice(WORDS[1:], size=2, replace=False)))  # no ties by order

    queries = [text() for _ in range(size // 2)]
    return [Pair(queries[i % len(queries)], text(), (), "xy"[i % 2]) for i in range(size)]


@pytest.mark.parametrize("margin", [0.0, 0.05, 0.5])
def test_the_hardest_below_the_margin_come_first_and_chance_fills_up(margin):
    model, pairs = table(), world(size=20)
    mined = mine(pairs, model, count=3, margin=margin)
    hard = oracle(model, pairs, margin=margin)
    filled = 0
    for pair, before, expected in zip(mined.pairs, pairs, hard, strict=True):
        assert (pair.query, pair.document, pair.source) == (before.query, before.document, before.source)
        assert len(set(pair.negatives)) == 3
        assert list(pair.negatives[: len(expected)]) == expected[:3]
        filled += max(0, 3 - len(expected))
    assert 0 < filled < 3 * len(pairs)
    assert mined.drawn == pytest.approx(filled / (3 * len(pairs)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_what_is_relevant_to_an_equal_query_is_never_mined_nor_drawn(seed, count):
    pairs = world(seed)
    for pair in mine(pairs, table(), count=count).pairs:
        relevant = {other.document for other in pairs if other.query == pair.query}
        assert len(pair.negatives) == count
        assert not relevant & {*pair.negatives}


def test_a_pair_without_a_hard_negative_is_filled_from_its_own_source():
    model = table()
    pairs = [Pair(a, b, (), source) for a, b, source in zip("abcdef", "ghijkl", "xxxyyy", strict=True)]
    hard = oracle(model, pairs, margin=0.99)
    mined = mine(pairs, model, count=2, margin=0.99).pairs
    empty = [i for i, found in enumerate(hard) if not found]
    assert empty
    for i in empty:
        own = {pair.document for pair in pairs if pair.source == pairs[i].source} - {pairs[i].document}
        assert {*mined[i].negatives} == own


def test_the_same_seed_draws_the_same_and_another_does_not():
    pairs, model = world(size=40), table()
    first, again, other = (mine(pairs, model, count=3, margin=0.9, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_a_pairs_own_negatives_stay_in_front_and_are_not_mined_again():
    model, pairs = table(), world(size=20)
    hard = oracle(model, pairs, margin=0.0)
    place = next(i for i, found in enumerate(hard) if len(found) > 3)
    given_one = hard[place][0]
    pairs = [
        Pair(p.query, p.document, (given_one,) if i == place else ("z",), p.source)
        for i, p in enumerate(pairs)
    ]
    negatives = mine(pairs, model, count=2, margin=0.0).pairs[place].negatives
    assert negatives == (given_one, *hard[place][1:3])


def test_further_documents_are_mined_too():
    model = table()
    pairs = [Pair("a", "a b", (), ""), Pair("c", "c d", (), "")]
    assert "a e" in mine(pairs, model, count=2, corpus=["a e", "c f"], margin=0.0).pairs[0].negatives


def test_too_few_documents_are_said():
    with pytest.raises(TrainingError, match="1 of 2 documents are none of 'a'"):
        mine([Pair("a", "b"), Pair("c", "d")], table(), count=2)


@pytest.mark.parametrize("options", [{"count": 0}, {"count": 1, "margin": 1.0}, {"count": 1, "margin": -0.1}])
def test_what_cannot_be_mined_by_is_refused(options):
    with pytest.raises(TrainingError, match="cannot be mined"):
        mine(world(), table(), **options)
