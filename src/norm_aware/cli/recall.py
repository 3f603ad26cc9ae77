"""The command that measures what a collection's searches lose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from norm_aware.cli.app import CalibrationFile, Collection, Encoder, QdrantPath, QdrantUrl, app
from norm_aware.console import print_recall, progress_bars
from norm_aware.errors import DatasetError
from norm_aware.resources import open_client, open_encoder, open_settings, require_collection


@app.command(name="check-recall")
def check_recall(
    queries: Annotated[
        Path | None, typer.Option(help="File of queries, one a line; spans of the documents if not given.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many queries are asked.")] = 100,
    similarity: Annotated[str | None, typer.Option(help="cosine, dot or document_power=NUMBER.")] = None,
    calibration: CalibrationFile = None,
    seed: Annotated[int | None, typer.Option(help="Of the choice of spans.")] = None,
    collection: Collection = None,
    encoder: Encoder = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Compare searches with exact ones: what the index loses, and what the similarity changes."""
    settings = open_settings(
        similarity=similarity,
        calibration=calibration,
        seed=seed,
        collection=collection,
        encoder=encoder,
        qdrant_url=qdrant_url,
        qdrant_path=qdrant_path,
    )
    import numpy as np

    from norm_aware.llamaindex.calibrated import applied, open_calibration, search_defaults
    from norm_aware.llamaindex.corpus import sample_spans
    from norm_aware.llamaindex.embedding import encoder_identity, trained_similarity
    from norm_aware.qdrant.calibrated import require_calibration
    from norm_aware.qdrant.calls import is_local, run
    from norm_aware.qdrant.collection import open_collection, require_encoder
    from norm_aware.qdrant.recall import check_recall as steps
    from norm_aware.qdrant.search import require_searchable

    asked = None if queries is None else _read(queries)[:count]
    with open_client(settings) as client, progress_bars() as progress:
        require_collection(client, settings.collection)
        embedding = open_encoder(settings)
        opened = open_calibration(settings.calibration, embedding)
        used = applied(opened)
        contract, points = run(client, open_collection(settings.collection))
        name, fingerprint = encoder_identity(embedding)
        require_encoder(contract, encoder=name, fingerprint=fingerprint, collection=settings.collection)
        require_calibration(contract, used, collection=settings.collection)
        run(client, require_searchable(settings.collection, points=points, contract=contract))
        if asked is None:
            asked = sample_spans(client, settings.collection, count, seed=settings.seed)
        vectors = np.asarray(embedding.embed_queries(asked), dtype=np.float32)
        trained = trained_similarity(embedding) or contract.trained_similarity
        options = search_defaults(settings.similarity, opened, trained=trained)
        recalls = run(
            client,
            steps(
                settings.collection,
                vectors if used is None else used.queries(vectors),
                contract=contract,
                options=options,
                local=is_local(client),
                progress=lambda done, total: progress("Asking exactly", done, total),
            ),
        )
    print_recall(recalls, similarity=str(options.similarity), queries=len(asked), points=points)


def _read(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read as text: {error}") from error
    found = [line for line in lines if line.strip()]
    if not found:
        raise DatasetError(f"{path} holds no query; give one a line.")
    return found
