"""The plots of a diagnosis as one PNG picture, for a notebook or a slide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from norm_aware.diagnosis.chart import decade_marks
from norm_aware.diagnosis.diagnosis import Diagnosis
from norm_aware.diagnosis.plots import Plots
from norm_aware.errors import MissingExtraError, SettingsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ACCENT, _BAR = "#2f5d8a", "#878e99"


def write_png(diagnosis: Diagnosis, path: str | Path) -> Path:
    """Draw the norms, norm against text length, how often documents are found, and the spectrum.

    Args:
        diagnosis: what `diagnose` found.
        path: of the PNG file.

    Returns:
        The path.

    Raises:
        MissingExtraError: when matplotlib is not installed.
        SettingsError: when the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            'The picture needs matplotlib, which is not installed; pip install "norm-aware[plots]".'
        ) from error
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    figure.suptitle(_plain(diagnosis.encoder or "Embeddings"), fontweight="bold")
    for axes, draw in zip(figure.subplots(2, 2).flat, (_norms, _lengths, _finds, _spectrum), strict=True):
        draw(axes, diagnosis.plots)
        axes.spines[["top", "right"]].set_visible(False)
    target = Path(path)
    try:
        figure.savefig(target, format="png", dpi=144)
    except OSError as error:
        raise SettingsError(
            f"{target} cannot be written ({error.strerror}); name a file in a folder that exists."
        ) from error
    return target


def _norms(axes: Axes, plots: Plots) -> None:
    groups = [("relevant", plots.relevant, _ACCENT)] if any(plots.relevant) else []
    groups.append(("other" if groups else "documents", plots.other, _BAR))
    for name, counts, colour in groups:
        total = max(1, sum(counts))
        shares = [100 * count / total for count in counts]
        axes.stairs(
            shares, plots.edges, fill=True, color=colour, alpha=0.6, label=f"{name} ({sum(counts):,})"
        )
    axes.set(title="Norms", xlabel="norm of the raw embedding", ylabel="% of its group")
    axes.legend(frameon=False)


def _lengths(axes: Axes, plots: Plots) -> None:
    axes.set(title="Norm and text length", xlabel="text length", ylabel="norm")
    if not plots.points:
        _nothing(axes, "no text lengths were given")
        return
    lengths, norms = zip(*plots.points, strict=True)
    axes.scatter([max(length, 1.0) for length in lengths], norms, s=6, color=_ACCENT, alpha=0.45)
    axes.set_xscale("log")
    marks = decade_marks(plots.points)
    axes.set_xticks(marks, [f"{mark:,g}" for mark in marks])
    axes.set_xticks([], minor=True)


def _finds(axes: Axes, plots: Plots) -> None:
    total = sum(documents for _, _, documents in plots.finds)
    names = [f"{first}{'+' * (first < last)}" for first, last, _ in plots.finds]
    axes.bar(range(len(names)), [100 * documents / total for _, _, documents in plots.finds], color=_BAR)
    axes.set_xticks(range(len(names)), names)
    axes.set(
        title="How often a document is found", xlabel="top tens a document is in", ylabel="% of documents"
    )


def _spectrum(axes: Axes, plots: Plots) -> None:
    axes.set(title="Principal components", xlabel="principal component", ylabel="% of the variance")
    if not plots.spectrum:
        _nothing(axes, "all documents have the same direction")
        return
    axes.bar(range(1, len(plots.spectrum) + 1), [100 * share for share in plots.spectrum], color=_ACCENT)


def _nothing(axes: Axes, why: str) -> None:
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes, color="#5a6069")


def _plain(text: str) -> str:
    """Text that matplotlib does not read as mathematics."""
    return text.replace("$", r"\$")
