"""Commands that find out about a corpus and act on it: diagnose, calibrate, apply."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from norm_aware.cli.app import Collection, Encoder, QdrantPath, QdrantUrl, app
from norm_aware.console import print_diagnosis, print_evidence, progress_bars
from norm_aware.errors import QueryError
from norm_aware.resources import open_client, open_settings, require_collection

Source = Annotated[
    str | None,
    typer.Argument(help="A folder in BEIR's layout; without --collection its documents are embedded."),
]
Split = Annotated[str, typer.Option(help="Which qrels/<split>.tsv to read.")]
Seed = Annotated[int | None, typer.Option(help="Of every random choice.")]


@app.command()
def diagnose(
    source: Source = None,
    out: Annotated[Path, typer.Option(help="Where the page goes.")] = Path("diagnosis.html"),
    png: Annotated[Path | None, typer.Option(help="Where its plots go as a picture.")] = None,
    split: Split = "test",
    seed: Seed = None,
    collection: Collection = None,
    encoder: Encoder = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Say what a set of embeddings looks like: norms, length, hubs, symmetry, and what to do about each.

    Give a folder in BEIR's layout, a collection, or both; without judgements it says what can be said.
    """
    settings = open_settings(
        seed=seed, collection=collection, encoder=encoder, qdrant_url=qdrant_url, qdrant_path=qdrant_path
    )
    stored = settings.collection if "collection" in settings.model_fields_set else None
    from norm_aware.cli.material import open_material  # seconds of imports, once there is work
    from norm_aware.diagnosis.diagnosis import diagnose as run
    from norm_aware.diagnosis.page import write_page

    with progress_bars() as progress:
        material = open_material(settings, source, stored=stored, split=split, spans=0, progress=progress)
        diagnosis = run(
            material.corpus.embeddings,
            queries=material.queries if len(material.queries) else None,
            judgements=[{d: round(g) for d, g in judged.items()} for judged in material.grades] or None,
            lengths=material.corpus.lengths,
            encoder=material.corpus.encoder[0],
            seed=settings.seed,
        )
    print_diagnosis(diagnosis)
    print(write_page(diagnosis, out))
    if png is not None:
        from norm_aware.diagnosis.picture import write_png

        print(write_png(diagnosis, png))


@app.command()
def calibrate(
    source: Source = None,
    out: Annotated[Path, typer.Option(help="Where the calibration goes.")] = Path("calibration.safetensors"),
    label_free: Annotated[
        bool, typer.Option("--label-free", help="Use no judgement: the corpus, and queries if there are.")
    ] = False,
    hold_out: Annotated[
        int, typer.Option(help="Leave out the queries that `benchmark --limit N` asks, to prove it on them.")
    ] = 0,
    curve: Annotated[
        bool, typer.Option("--curve", help="Show what fewer judged queries would have given.")
    ] = False,
    folds: Annotated[int, typer.Option(help="Parts the queries are dealt into.")] = 5,
    spans: Annotated[int, typer.Option(min=0, help="Pseudo-queries that hubness is measured with.")] = 4000,
    split: Split = "test",
    seed: Seed = None,
    collection: Collection = None,
    encoder: Encoder = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Choose the similarity from evidence, on judged queries; keep cosine where there is none.

    The gain is measured on queries left out in turn. `norm-aware apply` then rewrites a collection by it.
    """
    settings = open_settings(
        seed=seed, collection=collection, encoder=encoder, qdrant_url=qdrant_url, qdrant_path=qdrant_path
    )
    stored = settings.collection if "collection" in settings.model_fields_set else None
    from norm_aware.calibration.calibrate import CalibrationOptions  # seconds of imports, once needed
    from norm_aware.calibration.calibrate import calibrate as fit
    from norm_aware.calibration.label_free import calibrate_label_free
    from norm_aware.cli.material import open_material

    with progress_bars() as progress:
        material = open_material(
            settings,
            source,
            stored=stored,
            split=split,
            hold_out=hold_out,
            spans=spans,
            judged=not label_free,
            progress=progress,
        )
        if label_free:
            calibration = calibrate_label_free(
                material.corpus, material.queries, seed=settings.seed, progress=progress
            )
        elif not material.grades:
            raise QueryError(
                "There are no judged queries: name a folder with queries.jsonl and qrels.tsv, or calibrate "
                "with --label-free."
            )
        else:
            calibration = fit(
                material.corpus,
                material.queries,
                material.grades,
                query_ids=material.query_ids,
                trained=material.trained,
                options=CalibrationOptions(folds=folds, curve=curve, symmetric=None, seed=settings.seed),
                progress=progress,
            )
    print_evidence(calibration.evidence)
    print(calibration.save(out))


@app.command()
def apply(
    calibration: Annotated[Path | None, typer.Argument(help="File of the calibration.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Bring the raw vectors back.")] = False,
    collection: Collection = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Rewrite a collection in place by a calibration, from the raw vectors it holds; nothing is embedded.

    A run that was stopped goes on where it was. --undo brings the raw vectors back to the bit.
    """
    settings = open_settings(
        calibration=calibration, collection=collection, qdrant_url=qdrant_url, qdrant_path=qdrant_path
    )
    if undo == (calibration is not None):
        raise QueryError("Give the file of a calibration, or --undo, and not both.")
    from norm_aware.calibration.calibration import Calibration
    from norm_aware.qdrant.calls import run
    from norm_aware.qdrant.recalibrate import recalibrate

    wanted = None if calibration is None else Calibration.load(calibration)
    with open_client(settings) as client, progress_bars() as progress:
        require_collection(client, settings.collection)
        steps = recalibrate(
            settings.collection,
            wanted,
            progress=lambda done, total: progress("Rewriting points", done, total),
        )
        written = run(client, steps)
    if wanted is not None and wanted.is_cosine:
        print("The calibration is cosine, which needs raw vectors.")
    print(f"Rewrote {written} points of collection {settings.collection!r}.")
