"""Renders results.json as one page: a single HTML file without scripts that asks the network for nothing.

Every statistic on the page stands in results.json; rendering only chooses, orders and words it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from norm_aware.benchmark.report.chart import forest_axis, histogram
from norm_aware.benchmark.report.wording import is_known, number, outcome, p_value, setting, signed, verdict
from norm_aware.errors import BenchmarkError, MissingExtraError

SCHEMA_VERSION = 1
"""The version of results.json that this module reads."""

PRIMARY_MEASURE = "nDCG@10"
"""The measure that the verdict is about, fixed before any result is seen."""

ANSWER_MEASURE = "squad_f1"
"""The measure that speaks for the answers; the first of their kind where it was not taken."""

EXAMPLES = 8
"""Most questions shown on each side, gained and lost, for each candidate."""

_KINDS = {"retrieval": "Retrieval", "answer": "Answers", "judged": "Answers, judged by a language model"}
_KEYS = (
    *("name", "created", "baseline", "dataset", "systems", "measures", "comparisons", "failures"),
    *("queries", "documents", "norms", "configuration", "versions"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """One question on which a candidate and the baseline differ.

    Attributes:
        query: the question, as results.json holds it.
        before: the baseline's primary measure.
        after: the candidate's.
        relevant: (document id, baseline's rank, candidate's rank) per relevant document; a rank starts at
            1 and is None outside the listed documents.
    """

    query: Mapping[str, Any]
    before: float
    after: float
    relevant: tuple[tuple[str, int | None, int | None], ...]

    @property
    def change(self) -> float:
        """The candidate's primary measure minus the baseline's."""
        return self.after - self.before


def write_report(results_path: Path, out: Path | None = None) -> Path:
    """Read results.json and write the report.

    Args:
        results_path: the results.json of a run.
        out: where the page goes; `report.html` beside the results by default.

    Returns:
        The path of the page.

    Raises:
        BenchmarkError: when the results cannot be read or are not of a known schema, or the page cannot be
            written.
        MissingExtraError: when jinja2 is not installed.
    """
    rerun = "run `norm-aware benchmark` to make it, or name the results.json of a finished run"
    try:
        results = json.loads(results_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BenchmarkError(f"There is no {results_path}; {rerun}.") from None
    except OSError as error:
        raise BenchmarkError(f"{results_path} cannot be read ({error.strerror}); {rerun}.") from error
    except ValueError as error:  # not UTF-8, or not JSON
        raise BenchmarkError(f"{results_path} is not valid JSON ({error}); {rerun}.") from error
    try:
        page = render(results)
    except BenchmarkError as error:
        raise BenchmarkError(f"{results_path}: {error}") from error
    target = results_path.with_name("report.html") if out is None else out
    try:
        target.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BenchmarkError(
            f"{target} cannot be written ({error.strerror}); name a file in a folder that exists."
        ) from error
    return target


def render(results: Mapping[str, Any]) -> str:
    """The report as HTML: a pure function of the results, the same bytes for the same content.

    Texts are untrusted and escaped. The page's content security policy forbids scripts and requests.

    Args:
        results: the content of results.json.

    Returns:
        One self-contained HTML document.

    Raises:
        BenchmarkError: when the schema version is unknown or a part of the results is missing.
        MissingExtraError: when jinja2 is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            'The report needs jinja2, which is not installed; pip install "norm-aware[benchmark]".'
        ) from error
    _require_readable(results)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "signed": signed, "p_value": p_value, "setting": setting}
    environment.tests["known"] = is_known
    try:
        page = environment.get_template("report.html.jinja").render(_view(results))
    except (KeyError, TypeError, jinja2.UndefinedError) as error:
        raise BenchmarkError(
            f"The results lack a part that the report shows ({error}); run the benchmark again on its folder."
        ) from error
    # JSON can hold half a surrogate pair, which no file encoding can
    return page.encode("utf-8", "replace").decode("utf-8")


def _require_readable(results: Mapping[str, Any]) -> None:
    rerun = "run `norm-aware benchmark` again to write results that this version can read"
    if not isinstance(results, Mapping):
        raise BenchmarkError(f"The results are a {type(results).__name__}, not an object of keys; {rerun}.")
    version = results.get("schema_version")
    if version != SCHEMA_VERSION:
        raise BenchmarkError(
            f"The results have schema_version {version!r}; this norm-aware renders {SCHEMA_VERSION}. Render "
            f"them with the norm-aware that wrote them, or {rerun}."
        )
    if missing := [key for key in _KEYS if key not in results]:
        raise BenchmarkError(f"The results lack {', '.join(missing)}; {rerun}.")
    if results["baseline"] not in results["systems"]:
        raise BenchmarkError(
            f"The baseline {results['baseline']!r} is not among the systems "
            f"({', '.join(results['systems'])}); {rerun}."
        )


def _view(results: Mapping[str, Any]) -> dict[str, Any]:
    baseline, measures = results["baseline"], results["measures"]
    candidates = [system for system in results["systems"] if system != baseline]
    comparisons = {(row["candidate"], row["measure"]): row for row in results["comparisons"]}
    kinds = dict.fromkeys([*_KINDS, *(measure["kind"] for measure in measures.values())])
    headline = [PRIMARY_MEASURE, *_answer_measure(measures)]
    return {
        **results,
        "created": _moment(results["created"]),
        "primary": PRIMARY_MEASURE,
        "candidates": candidates,
        "order": [baseline, *candidates],
        "groups": [
            (_KINDS.get(kind, kind), names)
            for kind in kinds
            if (names := [name for name in measures if measures[name]["kind"] == kind])
        ],
        "comparisons": comparisons,
        "outcomes": {key: outcome(row) for key, row in comparisons.items()},
        "verdicts": {
            candidate: [verdict(comparisons[key]) for m in headline if (key := (candidate, m)) in comparisons]
            for candidate in candidates
        },
        "tallies": {
            candidate: Counter(outcome(row) for (name, _), row in comparisons.items() if name == candidate)
            for candidate in candidates
        },
        "failed": Counter(failure["system"] for failure in results["failures"]),
        "questions": {query["query_id"]: query["text"] for query in results["queries"]},
        "forest": forest_axis(comparisons.values()),
        "examples": {candidate: _examples(results, candidate) for candidate in candidates},
        "histogram": histogram(results["norms"]) if results["norms"] else None,
    }


def _answer_measure(measures: Mapping[str, Any]) -> list[str]:
    by_kind = (name for kind in ("answer", "judged") for name in measures if measures[name]["kind"] == kind)
    return [ANSWER_MEASURE] if ANSWER_MEASURE in measures else list(by_kind)[:1]


def _examples(results: Mapping[str, Any], candidate: str) -> dict[str, list[Example]]:
    found = list(_differing(results["queries"], results["baseline"], candidate))
    gained = sorted((e for e in found if e.change > 0), key=lambda example: -example.change)
    lost = sorted((e for e in found if e.change < 0), key=lambda example: example.change)
    return {"gained": gained[:EXAMPLES], "lost": lost[:EXAMPLES]}


def _differing(queries: Sequence[Mapping[str, Any]], baseline: str, candidate: str) -> Iterator[Example]:
    for query in queries:
        runs = [query["systems"].get(system) or {} for system in (baseline, candidate)]
        before, after = (run.get("measures", {}).get(PRIMARY_MEASURE) for run in runs)
        if is_known(before) and is_known(after) and abs(after - before) > 1e-9:
            listed = [[document["id"] for document in run["documents"]] for run in runs]
            ranks = [(name, *(_rank(ids, name) for ids in listed)) for name in query["relevant"]]
            yield Example(query, before, after, tuple((name, old, new) for name, old, new in ranks))


def _rank(ids: Sequence[str], wanted: str) -> int | None:
    return ids.index(wanted) + 1 if wanted in ids else None


def _moment(created: str) -> str:
    """An ISO 8601 time as "2026-11-23 20:00 UTC", or as it stands when it is not one."""
    try:
        moment = datetime.fromisoformat(created.replace("Z", "+00:00"))  # Python 3.10 knows no Z
    except ValueError:
        return created
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
