from __future__ import annotations

import pytest
from qdrant_client import QdrantClient, models

from norm_aware.errors import ServerError, ServerVersionError
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.creation import create_recorded
from norm_aware.qdrant.reliable import reliable
from norm_aware.qdrant.retry import RetryPolicy

DOT = models.VectorParams(size=2, distance=models.Distance.DOT)
CREATION = "PUT /collections/c$"


@pytest.fixture
def remote(server):
    client = reliable(QdrantClient(url=server.url, check_compatibility=False), RetryPolicy(first=0.01))
    yield client
    client.close()


def create(client, metadata=None):
    run(
        client,
        create_recorded("c", metadata=metadata or {"ours": {"a": None, "b": [1.5]}}, vectors_config=DOT),
    )


def test_a_collection_is_created_with_its_metadata_on_every_engine(client):
    create(client)
    assert client.get_collection("c").config.metadata == {"ours": {"a": None, "b": [1.5]}}


def test_a_creation_whose_answer_got_lost_is_found_and_not_asked_for_twice(server, remote):
    server.fail(CREATION, drop="after")
    create(remote)
    assert server.count(CREATION) == 1


def test_somebody_elses_collection_that_came_in_between_is_not_taken_for_ours(server, remote):
    server.engine.create_collection("c", vectors_config=DOT, metadata={"theirs": 1})
    server.fail(CREATION, drop="before")
    with pytest.raises(ServerError, match="Whether it was carried out is unknown"):
        create(remote)
    with pytest.raises(ServerError, match="409 Conflict.*already exists"):
        create(remote)
    assert server.engine.get_collection("c").config.metadata == {"theirs": 1}


def test_a_server_too_old_to_keep_metadata_is_refused_and_nothing_is_left(server, remote):
    server.version = "1.15.4"
    with pytest.raises(ServerVersionError, match=r"keeps no metadata.*1\.16"):
        create(remote)
    assert not server.engine.collection_exists("c")
