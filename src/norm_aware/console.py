"""What the command line shows: progress bars, search results, the comparison, findings and evidence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from norm_aware.calibration.evidence import Evidence
    from norm_aware.diagnosis.diagnosis import Diagnosis
    from norm_aware.llamaindex.nodes import NodeWithNorms
    from norm_aware.qdrant.recall import Recall

_EXCERPT = 160


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar per stage of long work, on standard error; lines of text where that is not a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}
        said: dict[str, int] = {}

        def show(stage: str, done: int, total: int) -> None:
            tenth = 10 * done // max(total, 1)
            if not console.is_terminal and said.get(stage) != tenth:
                print(
                    f"{stage}: {done} of {total}{_pace(bars, tasks.get(stage))}", file=sys.stderr, flush=True
                )
            said[stage] = tenth
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield show


class _RateColumn(ProgressColumn):
    """How much is done a second."""

    def render(self, task: Task) -> Text:
        """The rate of the last minute or so; nothing before it is known."""
        return Text("" if not task.speed else f"{task.speed:,.1f}/s", style="progress.data.speed")


def _pace(bars: Progress, task: TaskID | None) -> str:
    """Rate and time left for where no bar is shown; nothing before they are known."""
    found = next((known for known in bars.tasks if known.id == task), None)
    if found is None or not found.speed:
        return ""
    left = "" if found.time_remaining is None else f", {timedelta(seconds=int(found.time_remaining))} left"
    return f" ({found.speed:,.1f}/s{left})"


def as_title(text: str) -> Text:
    """A table's title as it is written: rich takes `[exact]` in a plain string for markup, and drops it."""
    return Text(text, style="table.title")


def print_nodes(nodes: Sequence[NodeWithNorms], *, similarity: str) -> None:
    """Search results as a table."""
    table = Table(title=as_title(f"by {similarity}"), title_justify="left", show_lines=False)
    for heading in ("#", "score", "norm"):
        table.add_column(heading, justify="right")
    table.add_column("document")
    for rank, node in enumerate(nodes, start=1):
        text = " ".join(node.text.split())
        shown = Text.assemble(
            (node.node_id, "bold"), " ", text[:_EXCERPT] + ("…" if len(text) > _EXCERPT else "")
        )
        table.add_row(str(rank), f"{node.score:.4f}", f"{node.document_norm:.3f}", shown)
    Console().print(table if nodes else "Nothing matches.")


def print_recall(recalls: Sequence[Recall], *, similarity: str, queries: int, points: int) -> None:
    """What a collection's searches find of the exact answer, as a table, and what to do about it."""
    title = as_title(f"{queries} queries by {similarity}, {points} points")
    table = Table(title=title, title_justify="left")
    for heading in ("top", "index", "search", "in cosine's", "in dot's"):
        table.add_column(heading, justify="right")
    for at in recalls:
        parts = (at.index, at.search, at.cosine, at.dot)
        table.add_row(str(at.k), *(f"{part:.3f}" for part in parts))
    Console(width=None if sys.stdout.isatty() else 110).print(table)
    print("index: what the graph index finds of the exact top by the stored vectors' inner product.")
    print("search: what a search finds of the exact top by the similarity.")
    print("in cosine's, in dot's: what their exact tops share with it.")
    for at in recalls:
        if at.index < at.good:
            print(
                f"The index loses {1 - at.index:.1%} of the top {at.k}: rebuild it with more links "
                "(hnsw_m, hnsw_ef_construct) or search wider (ef)."
            )
        elif at.search < at.good:
            print(
                f"The candidates lose {1 - at.search:.1%} of the top {at.k}: raise max_candidates, store the "
                "vectors at this power (`norm-aware store-power`), or search with --exact."
            )


def print_comparison(results: Mapping[str, Any]) -> None:
    """Means of every system and paired differences from the baseline, as a table."""
    from norm_aware.benchmark.report.withholding import withheld

    hidden = withheld(results["measures"])
    baseline = results["baseline"]
    table = Table(
        title=as_title(
            f"{results['dataset']['name']}: {results['dataset']['queries']} queries, "
            f"{results['dataset']['documents']} documents; differences from {baseline}"
        ),
        title_justify="left",
    )
    table.add_column("measure")
    for system in results["systems"]:
        table.add_column(Text(system), justify="right")
    table.caption = (
        "mean, then difference [95% interval]; * where adjusted p < .05 and the interval excludes 0"
    )
    found = {(c["candidate"], c["measure"]): c for c in results["comparisons"]}
    for measure in results["measures"]:
        if measure in hidden:  # a mean of guesses is no result
            table.add_row(Text(measure, style="dim"), *(["withheld"] * len(results["systems"])))
            continue
        table.add_row(
            Text(measure),
            *(
                _mean_and_difference(of, found.get((name, measure)), measure)
                for name, of in results["systems"].items()
            ),
        )
    # a pipe has no width of its own; the table must not be folded into nothing there
    console = Console() if sys.stdout.isatty() else Console(width=24 + 34 * len(results["systems"]))
    console.print(table)
    if results["failures"]:
        console.print(f"{len(results['failures'])} calls failed; the report lists each with its reason.")
    for measure, why in hidden.items():
        console.print(Text(f"{measure} is withheld: {why}", style="dim"))


def _mean_and_difference(
    means: Mapping[str, Any], comparison: Mapping[str, Any] | None, measure: str
) -> Text:
    from norm_aware.benchmark.report.wording import outcome

    cell = "-" if means.get(measure) is None else f"{means[measure]:.3f}"
    if not comparison or comparison["difference"] is None:
        return Text(cell)
    cell += f"\n{comparison['difference']:+.3f}"
    low, high = comparison["low"], comparison["high"]
    if low is not None and high is not None:
        cell += f" [{low:+.3f}, {high:+.3f}]"
        cell += " *" if outcome(comparison) in ("better", "worse") else ""
    return Text(cell)


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Each finding with what to do about it."""
    console = Console()
    for finding in diagnosis.findings:
        console.print(Text(finding.sentence, style="" if finding.value is not None else "dim"))
        if finding.value is not None and finding.advice:
            console.print(Text(f"  {finding.advice}", style="dim"))


def print_evidence(evidence: Evidence) -> None:
    """The arms of a calibration as a table, then its decision and notes."""
    table = Table(
        title=f"{evidence.queries} queries, {evidence.documents} documents; nDCG@10 on queries held out",
        title_justify="left",
    )
    for heading in ("arm", "mean", "minus cosine [95% interval]", "p"):
        table.add_column(heading, justify="left" if heading == "arm" else "right")
    for arm in evidence.arms:
        interval = "" if arm.name == "cosine" else f"{arm.difference:+.4f} [{arm.low:+.4f}, {arm.high:+.4f}]"
        table.add_row(Text(arm.name), f"{arm.mean:.4f}", interval, "" if not interval else f"{arm.p:.4f}")
    console = Console() if sys.stdout.isatty() else Console(width=110)
    if evidence.arms:
        console.print(table)
    for point in evidence.curve:
        gain = f"{point.difference:+.4f} (draws from {point.low:+.4f} to {point.high:+.4f})"
        console.print(Text(f"From {point.queries} judged queries: {gain}"))
    for sentence in (evidence.decision, *evidence.notes):
        console.print(Text(sentence))
