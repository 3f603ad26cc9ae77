"""BLEU and chrF: between 0 and 1, 1 for a gold answer, and no gaps where RAGAS's own has some."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from norm_aware.benchmark.metrics.overlap_measures import bleu, chrf

TEXTS = st.text(alphabet="ab c.é", max_size=20)


@settings(deadline=None)  # the first call imports what it measures with
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
def test_both_are_between_0_and_1_whatever_the_texts(answer, references):
    for measure in (bleu, chrf):
        assert -1e-9 <= measure(answer, references) <= 1 + 1e-9


def test_a_gold_answer_scores_1_and_an_answer_with_nothing_in_common_next_to_nothing():
    references = ["on the left bank of the Seine", "in Paris"]
    for measure in (bleu, chrf):
        assert measure(references[1], references) == pytest.approx(1)
        assert measure("xyz", references) < 0.05


def test_half_of_two_sentences_is_not_the_whole():
    whole = "The Louvre is in Paris. It was a royal palace."
    assert bleu("The Louvre is in Paris.", [whole]) < 0.5
    assert chrf("The Louvre is in Paris.", [whole]) < 0.7


def grams(text, n):
    joined = text.replace(" ", "")
    return Counter(joined[i : i + n] for i in range(len(joined) - n + 1))


def test_chrf_is_the_mean_of_character_precision_and_recall_over_six_lengths():
    answer, reference = "the river Seine", "the Seine river"
    precisions, recalls = [], []
    for n in range(1, 7):
        ours, theirs = grams(answer, n), grams(reference, n)
        shared = sum((ours & theirs).values())
        precisions.append(shared / sum(ours.values()))
        recalls.append(shared / sum(theirs.values()))
    p, r = sum(precisions) / 6, sum(recalls) / 6
    assert chrf(answer, [reference]) == pytest.approx(5 * p * r / (4 * p + r))
