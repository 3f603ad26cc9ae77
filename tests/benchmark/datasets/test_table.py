import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.datasets.dataset import Document
from norm_aware.benchmark.datasets.passages import passage_id
from norm_aware.benchmark.datasets.table import COLUMNS, dataset_from_rows, read_table
from norm_aware.errors import DatasetError

PARIS, ROME = "The Louvre stands in Paris.", "The Colosseum stands in Rome."
ROWS = [
    {"user_input": "Where is the Louvre?", "reference": "Paris", "reference_contexts": [PARIS]},
    {"user_input": "Where is the Colosseum?", "reference": "Rome", "reference_contexts": [ROME, PARIS]},
]


def rows(*records):
    return [(f"row {i}", record) for i, record in enumerate(records, start=1)]


def lines(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_contexts_become_documents_each_once_and_judged():
    dataset = dataset_from_rows("made", rows(*ROWS))
    assert [document.text for document in dataset.documents] == [PARIS, ROME]
    assert dataset.qrels == {
        "q1": {passage_id(PARIS): 1},
        "q2": {passage_id(ROME): 1, passage_id(PARIS): 1},
    }
    assert [query.answers for query in dataset.queries] == [("Paris",), ("Rome",)]


def test_contexts_with_as_many_ids_become_documents_of_these_ids():
    row = {"question": "x", "contexts": [PARIS, ROME], "reference_context_ids": ["p", "r"]}
    dataset = dataset_from_rows("made", rows(row))
    assert [(d.id, d.text) for d in dataset.documents] == [("p", PARIS), ("r", ROME)]
    with pytest.raises(DatasetError, match="row 2: document 'p' had another text before"):
        dataset_from_rows("made", rows(row, {"question": "y", "context": ROME, "documents": "p"}))


def test_contexts_are_judged_in_the_corpus_they_stand_in_and_what_is_nowhere_is_counted():
    corpus = [Document("museums", "", f"{PARIS} {ROME}"), Document("other", "", "Nothing.")]
    elsewhere = {"user_input": "z", "reference": "z", "reference_contexts": ["Not there."]}
    dataset = dataset_from_rows("made", rows(*ROWS, elsewhere), corpus=corpus)
    assert dataset.qrels == {"q1": {"museums": 1}, "q2": {"museums": 1}}
    assert dataset.dropped_judgements == 1
    assert dataset.documents == tuple(corpus)
    assert dataset.reference_contexts("q1") == (PARIS,)
    assert dataset.fields() == {"answers": 3, "judgements": 2, "contexts": 3}


def test_documents_named_by_id_are_judged_in_the_corpus():
    corpus = [Document("a", "", "A"), Document("b", "", "B")]
    row = {"question": "x", "answer": "y", "documents": ["b"]}
    assert dataset_from_rows("made", rows(row), corpus=corpus).qrels == {"q1": {"b": 1}}
    with pytest.raises(DatasetError, match="row 1: document 'c' is not in the corpus"):
        dataset_from_rows("made", rows({**row, "documents": ["c"]}), corpus=corpus)


def test_answers_alone_over_a_corpus_leave_retrieval_unmeasured():
    dataset = dataset_from_rows(
        "made", rows({"question": "x", "answer": "y"}), corpus=[Document("a", "", "A")]
    )
    assert dataset.fields() == {"answers": 1, "judgements": 0, "contexts": 0}


def test_a_table_may_name_its_corpus_itself(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.md").write_text(PARIS)
    row = {"question": "x", "answer": "y", "documents": ["a.md"], "corpus": str(tmp_path / "texts")}
    path = lines(tmp_path / "made.jsonl", row)
    assert read_table(path).qrels == {"q1": {"a.md": 1}}
    path = lines(tmp_path / "made.jsonl", row, {**row, "corpus": "pydocs"})
    with pytest.raises(DatasetError, match=r"made names several corpora .*--corpus"):
        read_table(path)


def test_columns_go_by_any_of_their_names():
    plain = {"question": "x", "answer": "y", "context": PARIS, "type": "z"}
    expected = dataset_from_rows("made", rows(plain))
    for meaning, given_as in (("question", "question"), ("answers", "answer"), ("contexts", "context")):
        for name in COLUMNS[meaning]:
            record = {name if column == given_as else column: value for column, value in plain.items()}
            found = dataset_from_rows("made", rows(record))
            assert found == expected
            assert found.queries[0].kind == "z"


def test_a_csv_file_reads_like_the_jsonl_file_of_the_same_rows(tmp_path):
    (tmp_path / "made.csv").write_text(
        "id,question,answer,contexts,type\n"
        f'a,"Where, exactly?",Paris,"[""{PARIS}"", ""{ROME}""]",place\n'
        f"b,Who?,\"['One', 'Two']\",\"['{ROME}']\",\n"
    )
    lines(
        tmp_path / "made.jsonl",
        {
            "id": "a",
            "question": "Where, exactly?",
            "answer": "Paris",
            "contexts": [PARIS, ROME],
            "type": "place",
        },
        {"id": "b", "question": "Who?", "answers": ["One", "Two"], "contexts": [ROME]},
    )
    assert read_table(tmp_path / "made.csv") == read_table(tmp_path / "made.jsonl")


def test_a_cell_that_only_looks_like_a_list_stays_as_it_is():
    dataset = dataset_from_rows("made", rows({"question": "x", "answer": "[sic] so", "context": "[1] is"}))
    assert dataset.queries[0].answers == ("[sic] so",)
    assert dataset.documents[0].text == "[1] is"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip), min_size=1, unique=True))
def test_a_list_written_by_python_is_read_back_from_its_cell(texts):
    dataset = dataset_from_rows("made", rows({"question": "x", "answer": repr(texts), "context": "c"}))
    assert list(dataset.queries[0].answers) == texts


def test_squad_answers_numbers_and_truth_values_are_answers():
    records = [
        {"question": "x", "answers": {"text": ["a", "a", "b"], "answer_start": [1, 2, 3]}, "context": "c"},
        {"question": "y", "answer": 3, "context": "c"},
        {"question": "z", "answer": False, "context": "c"},
    ]
    found = [query.answers for query in dataset_from_rows("made", rows(*records)).queries]
    assert found == [("a", "b"), ("3",), ("no",)]


def test_what_a_system_answered_and_retrieved_is_no_gold():
    row = {"question": "x", "answer": "said", "ground_truth": "gold", "contexts": ["retrieved"]}
    dataset = dataset_from_rows("made", rows(row), corpus=[Document("a", "", "retrieved")])
    assert dataset.queries[0].answers == ("gold",)
    assert dataset.qrels == {}
    row = {"user_input": "x", "response": "said", "reference": "gold", "retrieved_contexts": ["r"]}
    dataset = dataset_from_rows("made", rows(row), corpus=[Document("a", "", "r")])
    assert (dataset.queries[0].answers, dataset.qrels) == (("gold",), {})


def test_the_marks_ragas_puts_before_contexts_of_several_hops_are_taken_off():
    row = {"user_input": "x", "reference": "y", "reference_contexts": [f"<1-hop>\n\n{PARIS}"]}
    assert dataset_from_rows("made", rows(row)).documents[0].text == PARIS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", r"a.csv is empty; a header line"),
        ("a.csv", "question,answer\n", r"a.csv is empty; a header line"),
        ("a.csv", "question,answer\nx,y\nwho, exactly,y\n", r"a.csv, line 3: more cells than the header"),
        ("a.csv", 'question,answer\n"x,y\n', r"a.csv, line \d: not valid CSV"),
        ("a.csv", "frage,answer\nx,y\n", r"a.csv, line 2: no question.*'user_input' or 'question'"),
        ("a.csv", "question,answer\nx,y\n", r"a has no contexts.*--corpus"),
        ("a.csv", b"question\n\xff\n", r"a.csv: not UTF-8"),
        ("a.jsonl", '{"question": "x"}\n{"question"\n', r"a.jsonl, line 2: not valid JSON"),
        ("a.jsonl", '{"user_input": [{"content": "hi"}]}\n', r"'user_input' is a list.*conversations"),
        ("a.jsonl", '{"question": "x", "answer": {"a": 1}}\n', r"line 1: 'answer' must be a string or"),
        ("a.jsonl", '{"question": "x", "context": [3]}\n', r"line 1: 'context' must be a string or a list"),
        ("a.jsonl", '{"id": 1, "question": "x"}\n' * 2, r"line 2: 'id' '1' was used before"),
        ("a.jsonl", "\n", r"a.jsonl is empty"),
    ],
)
def test_a_broken_table_is_refused_by_file_and_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DatasetError, match=message):
        read_table(path)


def test_a_missing_table_or_one_without_rows_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="missing; give a CSV file"):
        read_table(tmp_path / "a.csv")
    with pytest.raises(DatasetError, match="missing; give a CSV or JSONL file with a column 'user_input'"):
        read_table(tmp_path / "a.jsonl")
    with pytest.raises(DatasetError, match="made has no questions"):
        dataset_from_rows("made", [])
