"""Commands on a collection's documents: search, backfill, store-power."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from norm_aware.cli.app import CalibrationFile, Collection, Encoder, QdrantPath, QdrantUrl, app
from norm_aware.console import print_nodes, progress_bars
from norm_aware.errors import QueryError
from norm_aware.resources import open_client, open_encoder, open_settings, require_collection


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    similarity: Annotated[str | None, typer.Option(help="cosine, dot or document_power=NUMBER.")] = None,
    similarity_top_k: Annotated[
        int | None, typer.Option("--similarity-top-k", "--top-k", help="Documents to return.")
    ] = None,
    exact: Annotated[
        bool | None, typer.Option("--exact", help="Score every document by brute force.")
    ] = None,
    calibration: CalibrationFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    collection: Collection = None,
    encoder: Encoder = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Search a collection by any similarity, or by the calibration it is stored by."""
    settings = open_settings(
        similarity=similarity,
        calibration=calibration,
        similarity_top_k=similarity_top_k,
        exact=exact,
        collection=collection,
        encoder=encoder,
        qdrant_url=qdrant_url,
        qdrant_path=qdrant_path,
    )
    if not query.strip():
        raise QueryError("The query is empty; ask something.")
    with open_client(settings) as client:
        require_collection(client, settings.collection)
        from llama_index.core import VectorStoreIndex  # seconds of imports, once they are needed

        from norm_aware.llamaindex.nodes import NodeWithNorms
        from norm_aware.llamaindex.retriever import NormAwareRetriever
        from norm_aware.llamaindex.store import NormAwareVectorStore

        embedding = open_encoder(settings)
        store = NormAwareVectorStore(
            settings.collection,
            client=client,
            embed_model=embedding,
            calibration=settings.calibration,
        )
        retriever = NormAwareRetriever(
            VectorStoreIndex.from_vector_store(store, embed_model=embedding),
            similarity=settings.similarity,
            similarity_top_k=settings.similarity_top_k,
            candidates=settings.candidates,
            max_candidates=settings.max_candidates,
            ef=settings.ef,
            exact=settings.exact,
        )
        nodes = [node for node in retriever.retrieve(query) if isinstance(node, NodeWithNorms)]
    if as_json:
        for node in nodes:
            print(
                json.dumps(
                    {"id": node.node_id, "score": node.score, "norm": node.document_norm, "text": node.text}
                )
            )
        return
    print_nodes(nodes, similarity="calibration" if settings.calibration else retriever.similarity.name)


@app.command()
def backfill(
    collection: Collection = None,
    encoder: Encoder = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Add the norm to every point of an existing Dot collection, from its stored vectors.

    With --encoder, the encoder the vectors were made with is recorded too.
    """
    settings = open_settings(collection=collection, qdrant_url=qdrant_url, qdrant_path=qdrant_path)
    from norm_aware.qdrant.backfill import backfill as steps
    from norm_aware.qdrant.calls import is_local, run

    with open_client(settings) as client, progress_bars() as progress:
        require_collection(client, settings.collection)
        identity, trained = None, None
        if encoder:
            from norm_aware.llamaindex.embedding import encoder_identity, trained_similarity

            embedding = open_encoder(open_settings(encoder=encoder))
            identity, trained = encoder_identity(embedding), trained_similarity(embedding)
        written = run(
            client,
            steps(
                settings.collection,
                payload_index=not is_local(client),
                encoder=identity,
                trained_similarity=trained,
                progress=lambda done, total: progress("Writing norms", done, total),
            ),
        )
    print(f"Wrote the norm of {written} points in collection {settings.collection!r}.")


# a negative power is no option, though it begins as one
@app.command("store-power", context_settings={"ignore_unknown_options": True})
def store_power(
    power: Annotated[float, typer.Argument(help="Of the norm: 0 for cosine, 1 for the raw vectors.")],
    collection: Collection = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Rewrite a collection in place to a power of the norm, so that this document power is a plain search.

    A run that was stopped goes on where it was; 1 brings the raw vectors back.
    """
    settings = open_settings(collection=collection, qdrant_url=qdrant_url, qdrant_path=qdrant_path)
    from norm_aware.qdrant.calls import run
    from norm_aware.qdrant.store_power import store_power as steps

    with open_client(settings) as client, progress_bars() as progress:
        require_collection(client, settings.collection)
        written = run(
            client,
            steps(
                settings.collection,
                power,
                progress=lambda done, total: progress("Rewriting points", done, total),
            ),
        )
    print(f"Rewrote {written} points of collection {settings.collection!r} to power {power:g}.")
