"""The command that indexes documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from norm_aware.cli.app import CalibrationFile, Collection, Encoder, QdrantPath, QdrantUrl, app
from norm_aware.console import progress_bars
from norm_aware.errors import SettingsError
from norm_aware.resources import open_client, open_encoder, open_settings, open_store

_MANIFEST = "index-manifest.jsonl"


@app.command()
def index(
    source: Annotated[
        str,
        typer.Argument(
            help="'pydocs', a .jsonl or .parquet file or a folder of them, a BEIR folder, or a folder of "
            ".txt and .md files."
        ),
    ],
    allow_normalized: Annotated[
        bool | None, typer.Option("--allow-normalized", help="Take embeddings that all have length 1.")
    ] = None,
    calibration: CalibrationFile = None,
    stored_power: Annotated[
        float | None, typer.Option(help="Power of their norm to store vectors at; 0 makes cosine plain.")
    ] = None,
    collection: Collection = None,
    encoder: Encoder = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32 or bfloat16.")] = None,
    manifest: Annotated[
        Path | None, typer.Option(help=f"File of what was left out and why; {_MANIFEST} beside the storage.")
    ] = None,
    max_characters: Annotated[int, typer.Option(min=1, help="A longer text is left out.")] = 1_000_000,
    chunk_size: Annotated[int, typer.Option(min=16, help="Tokens in a part of a text file.")] = 256,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Take equal texts under different ids.")
    ] = False,
    uploaders: Annotated[int | None, typer.Option(help="Connections to upload by.")] = None,
    ray: Annotated[
        int | None,
        typer.Option(min=1, help="Workers on the Ray cluster of RAY_ADDRESS, instead of this process."),
    ] = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Embed documents raw and store them under Dot, with their norms, or by a calibration.

    Running it again replaces documents that changed and embeds no other; a run that was stopped goes on.
    """
    settings = open_settings(
        allow_normalized=allow_normalized,
        calibration=calibration,
        stored_power=stored_power,
        collection=collection,
        encoder=encoder,
        dtype=dtype,
        uploaders=uploaders,
        qdrant_url=qdrant_url,
        qdrant_path=qdrant_path,
    )
    if ray is not None and not settings.qdrant_url:
        raise SettingsError(
            "--ray needs a Qdrant server, since many machines write at once; give --qdrant-url."
        )
    from norm_aware.ingestion.options import IndexOptions
    from norm_aware.ingestion.sources import open_source  # seconds of imports, once there is work

    options = IndexOptions(
        uploaders=settings.uploaders,
        max_characters=max_characters,
        chunk_size=chunk_size,
        keep_duplicates=keep_duplicates,
    )
    open_source(source, chunk_size=chunk_size)  # a wrong name is told before a model is loaded
    written = manifest or (Path() if settings.qdrant_url else settings.qdrant_path.parent) / _MANIFEST
    if ray is not None:
        from norm_aware.ingestion.on_ray import RayWorkers, ray_index
        from norm_aware.resources import StoreOpener

        with progress_bars() as progress:
            summary = ray_index(
                source,
                StoreOpener(settings),
                workers=RayWorkers(ray),
                options=options,
                manifest=written,
                progress=progress,
            )
        name = settings.encoder
    else:
        from norm_aware.ingestion.bulk import bulk_index

        embedding = open_encoder(settings, dtype=settings.dtype)
        with open_client(settings) as client, progress_bars() as progress:
            store = open_store(settings, client, embedding)
            summary = bulk_index(source, store, options=options, manifest=written, progress=progress)
        name = embedding.model_name
    print(f"{summary.embedded} documents embedded by {name} into {settings.collection!r}: {summary}.")
    if summary.skipped:
        print(f"{written} lists what was skipped and why.")
