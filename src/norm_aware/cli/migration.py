"""The command that takes an existing collection over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from norm_aware.cli.app import Collection, Encoder, QdrantPath, QdrantUrl, app
from norm_aware.console import progress_bars
from norm_aware.errors import QueryError
from norm_aware.resources import open_client, open_encoder, open_settings, require_collection

if TYPE_CHECKING:
    from qdrant_client import QdrantClient


@app.command()
def migrate(
    into: Annotated[
        str | None, typer.Option(help="Name of the new collection; the old one's and '-norm-aware'.")
    ] = None,
    vector: Annotated[str | None, typer.Option(help="Which of several named vectors.")] = None,
    text_key: Annotated[
        str | None, typer.Option(help="Payload key of the text in points that LlamaIndex did not store.")
    ] = None,
    re_embed: Annotated[
        bool, typer.Option("--re-embed", help="Embed the texts again whatever the distance.")
    ] = False,
    encoder_changed: Annotated[
        bool, typer.Option("--encoder-changed", help="Another encoder than the old vectors' is meant.")
    ] = False,
    allow_normalized: Annotated[
        bool | None, typer.Option("--allow-normalized", help="Take vectors that all have length 1.")
    ] = None,
    switch: Annotated[
        str | None, typer.Option(help="Alias that stands for the new collection once it is complete.")
    ] = None,
    delete_old: Annotated[
        bool, typer.Option("--delete-old", help="Delete the old collection once the new one is complete.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
    collection: Collection = None,
    encoder: Encoder = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Take an existing collection over.

    Under Dot the norms are filled in where they are. Under Euclid or Manhattan the vectors are copied into a
    new collection. Under Cosine the norms are gone, and the stored texts are embedded again into a new
    collection. The old one is not touched; run again, it goes on where it stopped.
    """
    settings = open_settings(
        collection=collection,
        encoder=encoder,
        allow_normalized=allow_normalized,
        qdrant_url=qdrant_url,
        qdrant_path=qdrant_path,
    )
    from norm_aware.llamaindex.migrate import migrate as steps
    from norm_aware.llamaindex.migration import MigrationOptions
    from norm_aware.llamaindex.migration_source import find_way
    from norm_aware.qdrant.aliases import switch_alias
    from norm_aware.qdrant.calls import is_local, run
    from norm_aware.qdrant.storage import build_index

    options = MigrationOptions(
        into=into,
        vector=vector,
        text_key=text_key,
        re_embed=re_embed,
        encoder_changed=encoder_changed,
        allow_normalized=settings.allow_normalized,
    )
    with open_client(settings) as client, progress_bars() as progress:
        require_collection(client, settings.collection)
        way = run(client, find_way(settings.collection, options))
        if way == "backfill" and delete_old:
            raise QueryError("Norms are filled in in place: there is no old collection to delete.")
        done = run(
            client,
            steps(
                settings.collection,
                options,
                embed_model=open_encoder(settings) if way == "embed" or encoder else None,
                payload_index=not is_local(client),
                progress=progress,
            ),
        )
        build_index(client, done.into)
    for sentence in done.sentences():
        print(sentence)
    with open_client(settings) as client:
        if delete_old:
            _delete(client, done.source, skipped=sum(done.skipped.values()), yes=yes)
        if switch is not None:
            before = run(client, switch_alias(switch, done.into))
            print(
                f"{switch!r} stands for {done.into!r}" + (f", no longer for {before!r}." if before else ".")
            )


def _delete(client: QdrantClient, collection: str, *, skipped: int, yes: bool) -> None:
    loss = f", with {skipped} points that were skipped" if skipped else ""
    if not yes:
        typer.confirm(f"Delete collection {collection!r}{loss}?", abort=True)
    client.delete_collection(collection)
    print(f"Deleted {collection!r}.")
