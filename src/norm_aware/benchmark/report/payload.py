"""What the question browser reads: every question, answer and text once, as JSON that is safe inside HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from norm_aware.benchmark.report.withholding import measures_of_errors, withheld

BUDGET = 2_300_000
"""Bytes that the questions may take, so that the page stays under 3 MB."""

CUTS = ((600, 600), (450, 400), (320, 300), (240, 220), (160, 150), (100, 100), (60, 80), (30, 40), (15, 20))
"""Characters kept of a document and of an answer or an explanation; the first pair that fits is taken."""


def embedded_questions(results: Mapping[str, Any], *, candidates: Sequence[str], primary: str | None) -> str:
    """The questions of results.json for the page's script.

    Texts, documents and answers are each stored once and referred to by position. They are cut to the first
    of `CUTS` that keeps the whole within `BUDGET`.

    Args:
        results: the content of results.json.
        candidates: systems that are compared with the baseline, in order.
        primary: measure that the browser opens with; None where none was taken.

    Returns:
        JSON in which no `<`, `>` or `&` occurs, so that no text can end the element that holds it.
    """
    text, errors = "", measures_of_errors(results)
    for document_cut, text_cut in CUTS:
        tables = _Tables(results, document_cut, text_cut)
        text = _safe_json(
            {
                "baseline": results["baseline"],
                "candidates": list(candidates),
                "primary": primary,
                "measures": [
                    [name, measure["kind"], measure.get("informative", True), name in errors]
                    for name, measure in results["measures"].items()
                ],
                "questions": [tables.question(query) for query in results["queries"]],
                "documents": tables.documents(),
                "texts": tables.texts,
                "cut": document_cut,
            }
        )
        if len(text.encode("utf-8", "replace")) <= BUDGET:
            break
    return text


def _safe_json(value: Mapping[str, Any]) -> str:
    """JSON without a character that markup is made of; each takes six bytes, which the budget has to see."""
    return (
        json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        .replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


class _Tables:
    """Documents and texts by position, filled while questions are written."""

    def __init__(self, results: Mapping[str, Any], document_cut: int, text_cut: int) -> None:
        self._results = results
        self._measures = list(results["measures"])
        self._withheld = withheld(results["measures"])
        self._failed: dict[tuple[str, str], list[list[int]]] = {}
        self._document_at: dict[str, int] = {}
        self._text_at: dict[str, int] = {}
        self._document_cut, self._text_cut = document_cut, text_cut
        self.texts: list[str] = []
        for failure in results["failures"]:
            name = failure["measure"]
            of = self._measures.index(name) if name in self._measures else -1
            key = (failure["system"], failure["query_id"])
            self._failed.setdefault(key, []).append([of, self._text(failure["reason"] or "no reason given")])

    def question(self, query: Mapping[str, Any]) -> list[Any]:
        """[id, text, gold answers, relevant documents, runs of baseline and candidates]."""
        order = [self._results["baseline"]]
        order += [system for system in self._results["systems"] if system != order[0]]
        return [
            query["query_id"],
            _cut(query["text"], self._text_cut),
            [_cut(answer, self._text_cut) for answer in query["answers"]],
            [self._document(name) for name in query["relevant"][:20]],
            [self._run(system, query) for system in order],
        ]

    def documents(self) -> list[list[Any]]:
        """[id, title, text, norm] of every document that a question refers to."""
        known = self._results["documents"]
        found = []
        for name in self._document_at:
            content = known.get(name, {})
            text = content.get("text") or ""
            title = content.get("title") or ""
            found.append([name, title, _cut(text, self._document_cut), _figure(content.get("norm"))])
        return found

    def _run(self, system: str, query: Mapping[str, Any]) -> list[Any] | None:
        """[documents, scores, norms, contexts, answer, values, explanations, failures, seconds, spreads]."""
        run = query["systems"].get(system)
        if run is None:
            return None
        listed = run["documents"]
        answer = run["answer"]
        return [
            [self._document(document["id"]) for document in listed],
            [_figure(document["score"]) for document in listed],
            [_figure(document["norm"]) for document in listed],
            run["contexts"],
            None if answer is None else self._text(answer),
            [
                _value(run["measures"].get(name)) if name not in self._withheld else None
                for name in self._measures
            ],
            self._by_measure(run.get("explanations"), self._text),
            self._failed.get((system, query["query_id"]), []),
            _value(run["seconds"]),
            self._by_measure(run.get("spreads"), _value),
        ]

    def _by_measure(self, found: Mapping[str, Any] | None, shown: Any) -> list[list[Any]]:
        items: Iterable[tuple[str, Any]] = (found or {}).items()
        known = self._measures
        return [[known.index(m), shown(value)] for m, value in items if m in known and value is not None]

    def _document(self, name: str) -> int:
        return self._document_at.setdefault(name, len(self._document_at))

    def _text(self, text: str) -> int:
        text = _cut(text, self._text_cut)
        if text not in self._text_at:
            self._text_at[text] = len(self.texts)
            self.texts.append(text)
        return self._text_at[text]


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


def _figure(value: float | None) -> float | None:
    """Four significant digits."""
    return None if value is None else _short(float(f"{value:.4g}"))


def _value(value: float | None) -> float | None:
    """Four decimals."""
    return None if value is None else _short(round(value, 4))


def _short(value: float) -> float:
    return int(value) if float(value).is_integer() else value
