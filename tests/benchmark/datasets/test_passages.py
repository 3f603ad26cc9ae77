from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.datasets.dataset import Document
from norm_aware.benchmark.datasets.passages import PassageFinder, passage_id

DOCUMENTS = [
    Document("a", "Museums", "The Louvre stands\nin  Paris."),
    Document("b", "", "in Paris."),
    Document("c", "", ""),
    Document("d", "", "It is in Paris. In spring, in Paris. Always."),
]


def test_a_passage_is_found_in_every_document_that_holds_it_once_each():
    assert PassageFinder(DOCUMENTS).find("in Paris.") == ("a", "b", "d")


def test_white_space_does_not_count_and_the_title_does():
    finder = PassageFinder(DOCUMENTS)
    assert finder.find("Museums The\tLouvre stands in") == ("a",)


def test_a_passage_over_two_documents_or_a_blank_one_is_found_nowhere():
    finder = PassageFinder(DOCUMENTS)
    assert finder.find("in Paris. in Paris.") == finder.find("  ") == finder.find("Rome") == ()
    assert PassageFinder([]).find("Rome") == ()


@given(st.lists(st.text("ab \n", max_size=6), max_size=6), st.text("ab ", max_size=4))
def test_finding_agrees_with_looking_into_each_document(texts, wanted):
    documents = [Document(str(i), "", text) for i, text in enumerate(texts)]
    words = " ".join(wanted.split())
    expected = [d.id for d in documents if words and words in " ".join(d.text.split())]
    assert list(PassageFinder(documents).find(wanted)) == expected


def test_an_id_stands_for_the_words_of_a_text():
    assert passage_id(" two\nwords") == passage_id("two words") != passage_id("two word")
