import json
import math
import re

import numpy as np
import pytest

from norm_aware.diagnosis.diagnosis import QUESTIONS, diagnose
from norm_aware.errors import DatasetError, DimensionError, EmbeddingError, QueryError
from norm_aware.geometry.norms import norms, unit_vectors
from norm_aware.geometry.separation import separation
from norm_aware.geometry.symmetry import symmetry

NAMES = [question.name for question in QUESTIONS]


def test_every_question_is_answered_once_and_in_order(full, bare):
    for diagnosis in (full, bare):
        assert [finding.name for finding in diagnosis.findings] == NAMES
    assert full.missing == ()


def test_a_finding_is_one_sentence_with_its_number_its_source_and_what_to_do(full):
    for finding in full.findings:
        assert math.isfinite(finding.value)
        assert finding.sentence.endswith(".")
        assert re.search(r"\d", finding.sentence)
        assert finding.source
        assert finding.advice.endswith(".")
        assert str(finding) in str(full)


def test_the_numbers_are_those_of_the_measures(full, task):
    lengths = norms(task["documents"])
    relevant = np.zeros(400, dtype=bool)
    relevant[[document for grades in task["judgements"] for document in grades]] = True
    assert full.finding("norm_variation").value == pytest.approx(lengths.std() / lengths.mean())
    apart, found = separation(lengths, relevant), full.finding("relevance")
    assert (found.value, found.low, found.high) == (apart.d, apart.low, apart.high)
    assert full.finding("task_symmetry").value == symmetry(task["queries"], task["documents"]).auc


def test_documents_alone_say_what_they_can_and_what_is_missing(bare):
    assert [finding.name for finding in bare.missing] == [
        "task_symmetry",
        "norm_and_length",
        "relevance",
        "relevance_beyond_length",
    ]
    for finding in bare.missing:
        assert re.match(r"No (queries|text lengths|judgements) were given", finding.sentence)
        assert "pass" in finding.sentence


def test_judgements_without_query_embeddings_still_speak_of_norms(task):
    del task["queries"]
    diagnosis = diagnose(**task)
    assert [finding.name for finding in diagnosis.missing] == ["task_symmetry"]


def test_counts_say_what_there_is(full, task):
    assert full.counts == {
        "documents": 400,
        "dimension": 12,
        "queries": 80,
        "judged queries": 80,
        "relevant documents": 80,
        "zero vectors": 0,
        "repeated vectors": 0,
    }
    rows = np.concatenate([task["documents"], task["documents"][:3], np.zeros((2, 12))])
    counts = diagnose(rows).counts
    assert (counts["zero vectors"], counts["repeated vectors"]) == (2, 4)


def test_unit_vectors_say_that_their_norm_is_gone_and_leave_the_norm_findings_out(task):
    task["documents"] = unit_vectors(task["documents"])
    diagnosis = diagnose(**task)
    assert "have length 1" in diagnosis.finding("norm_variation").sentence
    missing = {finding.name for finding in diagnosis.missing}
    assert missing == set(NAMES[2:7]) | {"gauge"}
    assert all("have length 1" in finding.sentence for finding in diagnosis.missing)


def test_norms_that_are_all_the_same_leave_out_what_needs_them_to_vary(task):
    task["documents"] = 3 * unit_vectors(task["documents"])
    task["queries"] = 2 * unit_vectors(task["queries"])
    diagnosis = diagnose(**task)
    assert diagnosis.finding("norm_variation").value == pytest.approx(0, abs=1e-6)
    assert {finding.name for finding in diagnosis.missing} == set(NAMES[2:6])
    assert all("norms are" in finding.sentence for finding in diagnosis.missing)


def test_documents_of_one_direction_have_no_spectrum_and_say_so(task):
    lengths = np.arange(1.0, 401.0)[:, None]
    diagnosis = diagnose(lengths * np.ones((400, 12)))
    assert "same direction" in diagnosis.finding("effective_rank").sentence
    assert diagnosis.finding("norm_variation").value > 0.5
    assert diagnosis.plots.spectrum == ()


def test_zero_vectors_are_no_hindrance(task):
    task["documents"] = np.concatenate([task["documents"], np.zeros((5, 12))])
    task["lengths"] = np.concatenate([task["lengths"], np.zeros(5)])
    assert diagnose(**task).missing == ()


def test_two_documents_are_enough_and_what_they_cannot_say_has_a_reason():
    diagnosis = diagnose([[1.0, 0.0], [1.0, 1.0]], lengths=[3, 4])
    assert diagnosis.finding("norm_variation").value > 0
    assert "2 norms were given; at least 3" in diagnosis.finding("norm_and_length").sentence


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"documents": [[1.0, 2.0]]}, EmbeddingError, r"shape \(1, 2\); at least 2 rows"),
        (
            {"documents": [[1.0, np.nan], [1.0, 2.0]]},
            EmbeddingError,
            "1 of 2 documents have an embedding with NaN",
        ),
        ({"documents": np.zeros((3, 2))}, EmbeddingError, "All 3 documents are zero vectors"),
        ({"queries": np.full((80, 12), np.inf)}, EmbeddingError, "80 of 80 queries"),
        ({"queries": np.ones((80, 3))}, DimensionError, "queries have dimension 3, the documents 12"),
        ({"judgements": [{0: 1}]}, DatasetError, "1 queries have judgements and 80 have embeddings"),
        ({"judgements": [{400: 1}] * 80}, DatasetError, "document 400; there are 400"),
        ({"lengths": [1, 2]}, DatasetError, r"shape \(2,\) were given for 400 documents"),
        ({"lengths": [-1] * 400}, DatasetError, "at least 0"),
        ({"lengths": ["long"] * 400}, DatasetError, "text lengths are not numbers"),
    ],
)
def test_bad_input_is_refused_in_words(task, changes, error, message):
    with pytest.raises(error, match=message):
        diagnose(**(task | changes))


def test_the_same_input_gives_the_same_diagnosis(full, task):
    assert diagnose(**task, encoder="an encoder") == full


def test_a_diagnosis_is_json(full):
    read = json.loads(full.to_json())
    assert [finding["name"] for finding in read["findings"]] == NAMES
    assert read["counts"]["documents"] == 400
    assert read["findings"][0]["value"] == full.findings[0].value


def test_an_unknown_finding_is_refused_with_the_ones_there_are(full):
    with pytest.raises(QueryError, match=r"No finding is named 'norms'; there are task_symmetry, "):
        full.finding("norms")
