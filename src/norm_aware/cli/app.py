"""The command line's application, and the options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="""Norm-aware retrieval over unnormalised vectors in Qdrant.

    Settings come from norm-aware.toml, .env and the environment (NORM_AWARE_<NAME>); an option given here
    wins over the setting of its name.""",
)

Collection = Annotated[str | None, typer.Option(help="Name of the Qdrant collection.")]
QdrantUrl = Annotated[str | None, typer.Option(help="URL of a Qdrant server; embedded storage if not given.")]
QdrantPath = Annotated[Path | None, typer.Option(help="Folder of the embedded storage.")]
Encoder = Annotated[str | None, typer.Option(help="Encoder: a hub name, a path, or 'offline'.")]
CalibrationFile = Annotated[
    Path | None, typer.Option(help="File of a calibration, in place of a similarity.")
]
