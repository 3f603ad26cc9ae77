import json
import math
import re

import pytest
from jsonschema import Draft202012Validator

from norm_aware.benchmark.report.schema import SCHEMA, read_results, require_valid
from norm_aware.errors import BenchmarkError


def test_the_shipped_schema_is_a_schema_and_takes_the_results(results):
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(json.dumps(results)))  # as another program would
    require_valid(results)


def test_the_results_of_a_run_without_candidates_are_valid(baseline_alone):
    require_valid(baseline_alone)


def test_every_object_that_the_schema_describes_is_seen_by_these_tests(results):
    """A key that the generated results leave out would be a key no test checks."""

    def keys(part):
        if isinstance(part, dict):
            yield from part
            for value in part.values():
                yield from keys(value)
        elif isinstance(part, list):
            for value in part:
                yield from keys(value)

    def described(part):
        if isinstance(part, dict):
            yield from part.get("properties", {})
            for value in part.values():
                yield from described(value)

    assert set(described(json.loads(SCHEMA.read_text()))) - set(keys(results)) <= {"digest", "judged_queries"}


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("comparisons", 3, "low"), "0.1", "comparisons[3].low"),
        (("comparisons", 0, "n"), -1, "comparisons[0].n"),
        (("comparisons", 0, "p_adjusted"), math.nan, "comparisons[0].p_adjusted"),
        (("systems", "dot", "nDCG@10"), math.inf, 'systems.dot["nDCG@10"]'),
        (
            ("queries", 2, "systems", "document_power=0.5", "answer"),
            7,
            'systems["document_power=0.5"].answer',
        ),
        (("queries", 0, "systems", "dot", "documents", 1, "norm"), "1", "documents[1].norm"),
        (("measures", "nDCG@10", "informative"), "yes", 'measures["nDCG@10"].informative'),
        (("attribution", "dot", "gain", "points", 0, "answer"), None, "points[0].answer"),
        (("attribution", "dot", "context_changes", "left", "n"), 1.5, "context_changes.left.n"),
        (("attribution", "dot", "moved", "promoted", 0, "before"), "3", "moved.promoted[0].before"),
        (("breakdowns", 0, "groups", 1, "name"), 3, "breakdowns[0].groups[1].name"),
        (("judge", "check", "tasks", "entailment", "agreement"), "high", "tasks.entailment.agreement"),
        (("costs", "dot", "calls"), "many", "costs.dot.calls"),
        (("norms", "edges"), [1.0], "norms.edges"),
        (("comparisons", 1, "equivalence", "outcome"), None, "comparisons[1].equivalence.outcome"),
        (("comparisons", 2, "candidate"), "absent", "comparisons[2].candidate"),
        (("comparisons", 2, "measure"), "absent", "comparisons[2].measure"),
    ],
)
def test_what_breaks_the_schema_is_named_by_its_place(results, path, value, place):
    part = results
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(BenchmarkError, match=f"break their schema at .*{re.escape(place)}: .*again"):
        require_valid(results)


def test_a_key_that_is_missing_inside_is_named_with_its_place(results):
    del results["comparisons"][0]["wins"]
    with pytest.raises(BenchmarkError, match=r"at comparisons\[0\]: 'wins' is a required property"):
        require_valid(results)


def test_a_long_value_is_not_quoted_whole(results):
    results["name"] = ["x" * 10_000]
    with pytest.raises(BenchmarkError) as refused:
        require_valid(results)
    assert len(str(refused.value)) < 500


def test_keys_nobody_knows_are_allowed(results):
    results["new"] = results["comparisons"][0]["new"] = results["judge"]["new"] = {"a": 1}
    require_valid(results)


def test_tuples_are_arrays(results):
    results["failures"] = tuple(results["failures"])
    require_valid(results)


@pytest.mark.parametrize("version", [1, 3, 0, None, "2", True])
def test_another_schema_version_is_refused_with_advice(results, version):
    results["schema_version"] = version
    expected = rf"schema_version {version!r}; this norm-aware reads and writes 2\. Render them with"
    with pytest.raises(BenchmarkError, match=expected):
        require_valid(results)


def test_results_that_lack_parts_are_refused_by_all_their_names(results):
    del results["norms"], results["queries"]
    with pytest.raises(BenchmarkError, match="lack queries, norms"):
        require_valid(results)


def test_a_baseline_that_is_no_system_is_refused(results):
    results["baseline"] = "bm25"
    with pytest.raises(BenchmarkError, match=r"'bm25' is not among the systems \(cosine, "):
        require_valid(results)


def test_a_file_that_is_missing_or_broken_is_refused_with_what_to_do(results, tmp_path):
    source = tmp_path / "results.json"
    with pytest.raises(BenchmarkError, match=r"There is no .*results\.json; run"):
        read_results(source)
    with pytest.raises(BenchmarkError, match=r"There is no .*results\.json; run"):
        read_results(tmp_path)
    (tmp_path / "folder" / "results.json").mkdir(parents=True)
    with pytest.raises(BenchmarkError, match="cannot be read"):
        read_results(tmp_path / "folder")
    for broken in (b'{"schema_version": 1,', b"\xff\xfe", b"", b"[" * 100_000):
        source.write_bytes(broken)
        with pytest.raises(BenchmarkError, match=r"results\.json is not valid JSON"):
            read_results(source)
    source.write_text("[]")
    with pytest.raises(BenchmarkError, match=r"results\.json: The results are a list"):
        read_results(source)
    source.write_text(json.dumps(results).replace('"schema_version": 2', '"schema_version": 1'))
    with pytest.raises(BenchmarkError, match=r"results\.json: .*schema_version 1"):
        read_results(source)


def test_a_valid_file_is_read_as_it_is(results, tmp_path):
    source = tmp_path / "results.json"
    source.write_text(json.dumps(results))
    assert read_results(source) == results
