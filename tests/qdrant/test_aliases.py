from __future__ import annotations

import pytest
from qdrant_client import QdrantClient, models

from norm_aware.errors import CollectionError, CollectionNotFoundError
from norm_aware.qdrant.aliases import resolve_alias, switch_alias
from norm_aware.qdrant.calls import Steps, run
from norm_aware.qdrant.reliable import reliable
from norm_aware.qdrant.retry import RetryPolicy

DOT = models.VectorParams(size=2, distance=models.Distance.DOT)


def test_an_alias_is_switched_from_one_collection_to_another(client):
    for name in ("old", "new"):
        client.create_collection(name, vectors_config=DOT)
    assert run(client, switch_alias("docs", "old")) is None
    assert run(client, switch_alias("docs", "new")) == "old"
    assert run(client, resolve_alias("docs")) == "new"
    assert run(client, resolve_alias("old")) == "old"
    assert run(client, switch_alias("docs", "new")) == "new"


def test_an_alias_needs_a_collection_and_a_name_of_its_own(client):
    client.create_collection("old", vectors_config=DOT)
    with pytest.raises(CollectionNotFoundError, match="no collection 'absent'"):
        run(client, switch_alias("docs", "absent"))
    with pytest.raises(CollectionError, match=r"'old' is the name of a collection.*choose another"):
        run(client, switch_alias("old", "old"))


def test_a_switch_whose_answer_got_lost_is_looked_up_and_not_asked_for_twice(server):
    client = reliable(QdrantClient(url=server.url, check_compatibility=False), RetryPolicy(first=0.01))
    client.create_collection("new", vectors_config=DOT)
    server.fail("POST /collections/aliases$", drop="after")
    run(client, switch_alias("docs", "new"))
    assert run(client, resolve_alias("docs")) == "new"
    assert server.count("POST /collections/aliases$") == 1
    client.close()


def test_an_engine_without_aliases_says_so():
    class NoAliases:
        def get_collections(self) -> models.CollectionsResponse:
            return models.CollectionsResponse(collections=[models.CollectionDescription(name="new")])

    def steps() -> Steps[str]:
        return (yield from resolve_alias("new"))

    assert run(NoAliases(), steps()) == "new"  # type: ignore[arg-type]
    with pytest.raises(CollectionError, match=r"no aliases; name 'new' itself"):
        run(NoAliases(), switch_alias("docs", "new"))  # type: ignore[arg-type]
