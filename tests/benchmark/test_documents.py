from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.documents import EXCERPT, MOVED, SHOWN, documents_table, query_row
from norm_aware.benchmark.systems.system import System

DOCUMENTS = tuple(Document(f"d{i}", f"title {i}", "text " * 400) for i in range(60))
QUERY = Query("q", "which", ("this",))
DATASET = Dataset("made", DOCUMENTS, (QUERY,), {"q": {"d9": 1}})
SYSTEMS = (System("a", context_k=2), System("b", context_k=4), System("c", context_k=17))


def made(scores=()):
    ranked = [{"id": f"d{i}", "score": 1.0, "norm": None} for i in range(30)]
    run = {(system.name, "q"): {"documents": ranked, "answer": "yes", "seconds": 1.0} for system in SYSTEMS}
    return query_row(QUERY, ["d9"], SYSTEMS, run=run, scores={("a", "q"): scores})


def test_a_row_keeps_the_first_documents_and_how_many_were_contexts():
    row = made()
    assert [len(row["systems"][name]["documents"]) for name in "ab"] == [SHOWN, SHOWN]
    assert [row["systems"][name]["contexts"] for name in "abc"] == [2, 4, 17]


def test_every_context_is_kept_however_many_there_are():
    row = made()
    assert [document["id"] for document in row["systems"]["c"]["documents"]] == [f"d{i}" for i in range(17)]
    table = documents_table(DATASET, [row], norms={}, attribution={})
    assert set(table) == {f"d{i}" for i in range(17)}


def test_scores_bring_the_judges_words_and_spread_where_there_are_any():
    scores = [
        {"measure": "x", "value": 0.5, "explanation": "because", "spread": 0.1},
        {"measure": "y", "value": None, "explanation": None},
    ]
    found = made(scores)["systems"]["a"]
    assert found["measures"] == {"x": 0.5, "y": None}
    assert found["explanations"] == {"x": "because"}
    assert found["spreads"] == {"x": 0.1}
    assert "explanations" not in made()["systems"]["b"]


def test_texts_are_kept_of_what_is_relevant_shown_or_moved_and_of_nothing_else():
    moved = [{"document": f"d{i}"} for i in range(30, 60)]
    row = made()
    del row["systems"]["c"]
    table = documents_table(
        DATASET, [row], norms={"d0": 2.0, "d1": None}, attribution={"b": {"moved": {"promoted": moved}}}
    )
    assert set(table) == {"d0", "d1", "d2", "d3", "d9"} | {f"d{i}" for i in range(30, 30 + MOVED)}
    assert (table["d0"]["norm"], table["d1"]["norm"], table["d2"]["norm"]) == (2.0, None, None)
    assert len(table["d0"]["text"]) == EXCERPT


def test_an_attribution_without_moves_is_taken():
    assert documents_table(DATASET, [made()], norms={}, attribution={"b": {"moved": None}, "c": {}})
