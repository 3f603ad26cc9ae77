"""The real store over real HTTP, against a server that fails in every way: success, or one clear error."""

from __future__ import annotations

import asyncio
import traceback

import pytest
from llama_index.core import VectorStoreIndex
from qdrant_client import AsyncQdrantClient, QdrantClient, models
from tests.qdrant.ways import QUICK, TEXTS, Way, asked, nodes, require_all_stored

from norm_aware import NormAwareRetriever, NormAwareVectorStore
from norm_aware.errors import CollectionNotFoundError, ServerError
from norm_aware.qdrant.backfill import backfill
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.reliable import IN_FLIGHT, ReliableClient, reliable
from norm_aware.qdrant.retry import RetryPolicy


@pytest.mark.parametrize(
    "how",
    [
        {"status": 429},
        {"status": 503, "body": "shard is recovering"},
        {"status": 502, "body": b"<html>Bad Gateway</html>"},
        {"status": 504},
        {"drop": "before"},
        {"drop": "after"},
    ],
    ids=str,
)
def test_what_goes_wrong_once_is_not_noticed_and_nothing_is_lost_or_doubled(server, way, hash_embedding, how):
    for on in (
        "exists$",
        "PUT .*/points$",
        "PUT .*/points$",
        "PUT .*/index$",
        "PATCH",
        "count$",
        "query(/batch)?$",
    ):
        server.fail(on, **how)
    vector_store = way.store(hash_embedding)
    way.do(vector_store, "add", nodes(hash_embedding))
    assert way.do(vector_store, "query", asked(hash_embedding)).ids[0] == "node-7"
    require_all_stored(server, hash_embedding)
    assert all(fault.times == 0 for fault in server.faults)


def test_a_server_restarted_mid_upload_loses_nothing(server, way, hash_embedding):
    way.client._policy = RetryPolicy(attempts=40, first=0.1, most=0.3)
    server.fail("PUT .*/points$", drop="after", then=server.restart)
    vector_store = way.store(hash_embedding)
    way.do(vector_store, "add", nodes(hash_embedding))
    require_all_stored(server, hash_embedding)
    assert server.count("PUT .*/points$") > len(TEXTS) // 8


def test_a_server_that_goes_away_mid_upload_is_named_and_running_again_completes_it(
    server, way, hash_embedding
):
    vector_store = way.store(hash_embedding)
    server.fail("PUT .*/points$", drop="after", then=server.stop)
    with pytest.raises(ServerError, match=r"Qdrant at http://127\.0\.0\.1.* upsert of collection 'docs'"):
        way.do(vector_store, "add", nodes(hash_embedding))
    assert server.engine.count("docs").count == 8
    server.start()
    way.do(vector_store, "add", nodes(hash_embedding))
    require_all_stored(server, hash_embedding)


def test_a_refused_connection_ends_in_one_error_that_counts_the_attempts(server, hash_embedding):
    server.stop()
    way = Way("sync", server.url)
    with pytest.raises(ServerError, match=r"no connection.*5 attempts.*NORM_AWARE_QDRANT_URL") as caught:
        way.store(hash_embedding)
    assert (caught.value.status, caught.value.uncertain) == (None, False)
    way.close()


def test_a_node_slower_than_the_timeout_once_is_waited_for_and_always_is_an_error(
    server, way, hash_embedding
):
    way.do(way.store(hash_embedding), "add", nodes(hash_embedding))
    hasty = Way(way.kind, server.url, timeout=1)
    vector_store = hasty.store(hash_embedding)
    server.fail("query(/batch)?$", delay=1.3)
    assert hasty.do(vector_store, "query", asked(hash_embedding)).ids[0] == "node-7"
    hasty.client._policy = RetryPolicy(attempts=2, first=0.01)
    server.fail("query(/batch)?$", delay=1.3, times=2)
    with pytest.raises(ServerError, match=r"no answer in time \(2 attempts in .*NORM_AWARE_QDRANT_TIMEOUT"):
        hasty.do(vector_store, "query", asked(hash_embedding))
    hasty.close()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_wait_a_busy_server_asks_for_is_kept_and_one_beyond_our_patience_is_not(server, asynchronous):
    waits: list[float] = []

    async def asleep(seconds: float) -> None:
        waits.append(seconds)

    def count() -> int:
        if asynchronous:
            return asyncio.run(client.get_collections())
        return client.get_collections()

    make = AsyncQdrantClient if asynchronous else QdrantClient
    client = ReliableClient(
        make(url=server.url, check_compatibility=False), RetryPolicy(), sleep=waits.append, asleep=asleep
    )
    server.fail("GET /collections$", status=429, headers={"Retry-After": "7"})
    server.fail("GET /collections$", status=503, headers={"Retry-After": "9"})
    count()
    assert 7 <= waits[0] < 7.5
    assert 9 <= waits[1] < 9.5
    server.fail("GET /collections$", status=429, headers={"Retry-After": "3600"}, body="Read rate limit")
    with pytest.raises(ServerError, match=r"429 Too Many Requests, Read rate limit \(1 attempt") as caught:
        count()
    assert caught.value.status == 429
    assert len(waits) == 2
    closing = client.close()
    if closing is not None:
        asyncio.run(closing)


def test_a_creation_is_asked_for_once_and_its_lost_answer_looked_up(server, way, hash_embedding):
    server.fail("PUT /collections/docs$", drop="after")
    way.do(way.store(hash_embedding), "add", nodes(hash_embedding))
    assert server.count("PUT /collections/docs$") == 1
    assert set(server.indexes["docs"]) == {"norm", "doc_id"}
    require_all_stored(server, hash_embedding)


def test_a_creation_that_got_lost_says_that_it_may_have_been_carried_out(server, way, hash_embedding):
    server.fail("PUT /collections/docs$", drop="before")
    vector_store = way.store(hash_embedding)
    with pytest.raises(ServerError, match="Whether it was carried out is unknown") as caught:
        way.do(vector_store, "add", nodes(hash_embedding))
    assert caught.value.uncertain
    way.do(vector_store, "add", nodes(hash_embedding))
    require_all_stored(server, hash_embedding)


def test_a_creation_never_sent_or_turned_away_is_asked_for_again(server, way, hash_embedding):
    server.fail("PUT /collections/docs$", status=429)
    way.do(way.store(hash_embedding), "add", nodes(hash_embedding))
    assert server.count("PUT /collections/docs$") == 2
    require_all_stored(server, hash_embedding)


def test_every_stock_method_is_tried_again_too(server, way, hash_embedding):
    vector_store = way.store(hash_embedding)
    way.do(vector_store, "add", nodes(hash_embedding))
    for on in ("scroll$", "points/delete$", "points/delete$", "DELETE /collections/docs$"):
        server.fail(on, status=503)
    assert [n.node_id for n in way.do(vector_store, "get_nodes", ["node-3"])] == ["node-3"]
    way.do(vector_store, "delete_nodes", ["node-3"])
    way.do(vector_store, "delete", "no-such-document")
    assert server.engine.count("docs").count == len(TEXTS) - 1
    way.do(vector_store, "clear")
    assert not server.engine.collection_exists("docs")
    with pytest.raises(CollectionNotFoundError, match="404 Not Found.*doesn't exist"):
        way.do(vector_store, "get_nodes", ["node-3"])


def test_a_bare_client_given_to_a_store_or_to_steps_is_made_reliable(server, hash_embedding):
    client = QdrantClient(url=server.url, check_compatibility=False)
    vector_store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    assert isinstance(vector_store.client, ReliableClient)
    vector_store.add(nodes(hash_embedding))
    server.fail("scroll$", status=503)
    assert run(client, backfill("docs", payload_index=True)) == 0
    client.close()


def test_local_clients_and_reliable_ones_stay_what_they_are(client):
    assert reliable(client) is client
    remote = reliable(QdrantClient(url="http://127.0.0.1:9", check_compatibility=False), QUICK)
    assert reliable(remote) is remote
    remote.close()


def test_a_server_error_that_will_not_pass_is_raised_at_once_in_its_own_words(server, way, hash_embedding):
    vector_store = way.store(hash_embedding)
    way.do(vector_store, "add", nodes(hash_embedding))
    server.fail("query(/batch)?$", status=500, body="Service internal error: No space left on device")
    with pytest.raises(ServerError, match=r"500 .*No space left on device \(1 attempt"):
        way.do(vector_store, "query", asked(hash_embedding))


@pytest.mark.parametrize("status", [200, 404, 502])
def test_a_page_of_some_proxy_is_never_quoted(server, status):
    client = reliable(QdrantClient(url=server.url, check_compatibility=False), QUICK)
    server.fail("", status=status, body=b"<html>hello from nginx</html>", times=9)
    with pytest.raises(ServerError, match="get_collections") as caught:
        client.get_collections()
    assert "nginx" not in "".join(traceback.format_exception(caught.value))
    client.close()


def test_a_callers_own_mistake_is_told_by_the_client_as_ever(server):
    client = reliable(QdrantClient(url=server.url, check_compatibility=False), QUICK)
    with pytest.raises(TypeError, match="collection_nam"):
        client.count(collection_nam="docs")
    client.close()


def test_two_hundred_retrievals_at_once_complete_and_take_turns(server, hash_embedding):
    filling = Way("sync", server.url)
    filling.do(filling.store(hash_embedding), "add", nodes(hash_embedding))
    filling.close()
    server.fail("query(/batch)?$", times=200, delay=0.02)
    under_way, most = 0, 0

    async def counted(request, send):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await send(request)
        finally:
            under_way -= 1

    async def work() -> None:
        client = AsyncQdrantClient(url=server.url, check_compatibility=False, timeout=60)
        client.http.client.add_middleware(counted)
        vector_store = NormAwareVectorStore("docs", aclient=client, embed_model=hash_embedding)
        index = VectorStoreIndex.from_vector_store(vector_store, embed_model=hash_embedding)
        retriever = NormAwareRetriever(index, similarity_top_k=3)
        found = await asyncio.gather(*(retriever.aretrieve(TEXTS[i % 40]) for i in range(200)))
        assert [hits[0].node_id for hits in found] == [f"node-{i % 40}" for i in range(200)]
        await client.close()

    asyncio.run(work())
    assert most == IN_FLIGHT


def test_a_reliable_async_client_serves_one_event_loop_after_another(server):
    client = reliable(AsyncQdrantClient(url=server.url, check_compatibility=False), QUICK)

    async def many() -> None:
        await asyncio.gather(*(client.get_collections() for _ in range(IN_FLIGHT + 5)))

    asyncio.run(many())
    asyncio.run(many())
    asyncio.run(client.close())


def test_a_deletion_whose_answer_got_lost_is_a_deletion(server):
    client = reliable(QdrantClient(url=server.url, check_compatibility=False), QUICK)
    server.engine.create_collection("c", models.VectorParams(size=2, distance=models.Distance.DOT))
    server.fail("DELETE", drop="after")
    client.delete_collection("c")
    assert not server.engine.collection_exists("c")
    client.close()


def test_a_cancelled_call_is_not_tried_again(server):
    async def work() -> None:
        client = AsyncQdrantClient(url=server.url, check_compatibility=False, timeout=30)
        server.fail("GET /collections$", delay=0.5)
        call = asyncio.create_task(reliable(client, QUICK).get_collections())
        while not server.count("GET /collections$"):
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await client.close()

    asyncio.run(work())
    assert server.count("GET /collections$") == 1
