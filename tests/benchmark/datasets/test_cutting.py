from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.datasets.cutting import LONGEST, SHORTEST, cut_passages
from norm_aware.benchmark.datasets.dataset import Document

SENTENCE = "The Louvre stands in Paris and holds many works. "
LONG = Document("long", "Museums", "\n\n".join(f"{i}. {SENTENCE * 12}" for i in range(12)))


def test_a_short_document_is_its_own_passage_and_one_with_nothing_in_it_none():
    document = Document("a", "Museums", SENTENCE * 6)
    (passage,) = cut_passages([document, Document("b", "", "Short.")], seed=0)
    assert (passage.document_id, passage.start, passage.text) == ("a", 0, document.content)


def test_of_a_long_document_a_part_is_taken_that_begins_a_paragraph_and_ends_a_sentence():
    for seed in range(20):
        (passage,) = cut_passages([LONG], seed=seed)
        assert SHORTEST <= len(passage.text) <= LONGEST
        before = LONG.content[: passage.start]
        assert before == "" or before.endswith("\n\n")
        assert passage.text.rstrip().endswith(".")


def test_the_seed_decides_order_and_parts():
    documents = [LONG, *(Document(str(i), "", SENTENCE * 9) for i in range(9))]
    first, again, other = (list(cut_passages(documents, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert {p.document_id for p in first} == {p.document_id for p in other}


def test_a_document_that_joins_others_does_not_move_their_parts():
    (alone,) = cut_passages([LONG], seed=3)
    assert alone in list(cut_passages([LONG, Document("b", "", SENTENCE * 9)], seed=3))


@given(st.text("ab. \n", min_size=0, max_size=200), st.integers(1, 40), st.integers(0, 5))
def test_a_passage_is_a_stretch_of_its_document(text, times, seed):
    document = Document("a", "T", text * times)
    for passage in cut_passages([document], seed=seed):
        assert document.content[passage.start : passage.start + len(passage.text)] == passage.text
        assert 0 < len(passage.text) <= LONGEST
