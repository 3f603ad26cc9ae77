"""SQuAD's exact match and word F1."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.metrics.answer_measures import squad_em, squad_f1, squad_words

TEXTS = st.text(max_size=40) | st.lists(
    st.sampled_from(["Paris", "the", "a", "river", "Seine", "1903", "l'Île"]), max_size=8
).map(" ".join)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Eiffel Tower!", ["eiffel", "tower"]),
        ("  an  apple,\ta day ", ["apple", "day"]),
        ("theatre", ["theatre"]),  # an article is a whole word
        ("U.S.A.", ["usa"]),
        ("well-known", ["wellknown"]),
        ("The", []),
    ],
)
def test_normalisation_lowers_case_and_drops_punctuation_and_articles(text, words):
    assert squad_words(text) == words


@pytest.mark.parametrize(
    ("answer", "references", "em", "f1"),
    [
        ("Paris", ["Paris"], 1, 1),
        ("the Seine.", ["Seine"], 1, 1),
        ("Lyon", ["Paris"], 0, 0),
        ("on the river Seine", ["Seine"], 0, 0.5),  # precision 1/3, recall 1
        ("Marie Curie", ["Pierre Curie"], 0, 0.5),  # precision 1/2, recall 1/2
        ("dog dog cat", ["dog cat cat"], 0, 2 / 3),  # dog once, cat once
        ("1903 and 1911", ["1911", "in 1903 and in 1911"], 0, 0.75),  # the second: precision 1, recall 3/5
        ("", ["Paris"], 0, 0),
        ("the", ["a"], 1, 1),  # nothing is left of either
    ],
)
def test_values_are_those_computed_by_hand(answer, references, em, f1):
    assert squad_em(answer, references) == em
    assert squad_f1(answer, references) == pytest.approx(f1)


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_f1_lies_between_0_and_1_and_is_1_where_the_answer_matches(answer, references):
    em, f1 = squad_em(answer, references), squad_f1(answer, references)
    assert em in (0.0, 1.0)
    assert em <= f1 <= 1.0


@given(TEXTS, TEXTS)
def test_a_single_reference_and_the_answer_may_change_places(answer, reference):
    assert squad_f1(answer, [reference]) == squad_f1(reference, [answer])


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_the_best_reference_counts(answer, references):
    assert squad_f1(answer, references) == max(squad_f1(answer, [reference]) for reference in references)


@given(
    st.lists(st.sampled_from(["paris", "river", "seine", "1903"]), min_size=1, max_size=6),
    st.lists(st.sampled_from(["the", "A", "an", "", *string.punctuation]), min_size=6, max_size=6),
    TEXTS,
)
def test_articles_punctuation_and_case_make_no_difference(words, noise, reference):
    noisy = " ".join(f"{extra} {word.upper()}." for extra, word in zip(noise, words, strict=False))
    assert squad_f1(noisy, [reference]) == squad_f1(" ".join(words), [reference])
    assert squad_em(noisy, [" ".join(words)]) == 1


@pytest.mark.parametrize("measure", [squad_em, squad_f1])
def test_an_answer_without_a_reference_is_an_error(measure):
    with pytest.raises(ValueError, match="at least one gold answer"):
        measure("Paris", [])
