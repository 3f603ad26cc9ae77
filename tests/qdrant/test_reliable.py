"""The real store over real HTTP, against a server that fails in every way: success, or one clear error."""

from __future__ import annotations

import asyncio
import logging
import traceback

import httpx
import numpy as np
import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters, VectorStoreQuery
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler
from llama_index_instrumentation.span import BaseSpan
from llama_index_instrumentation.span_handlers import BaseSpanHandler
from pydantic import Field
from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware import NormAwareRetriever, NormAwareVectorStore
from norm_aware.errors import (
    CollectionNotFoundError,
    ServerAccessError,
    ServerError,
    ServerVersionError,
    StrictModeError,
)
from norm_aware.geometry.norms import norms
from norm_aware.llamaindex.events import NormRetrievalEvent
from norm_aware.llamaindex.points import point_id
from norm_aware.qdrant.backfill import backfill
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.reliable import ReliableClient, reliable
from norm_aware.qdrant.retry import RetryPolicy

QUICK = RetryPolicy(attempts=5, first=0.01, most=0.05)
SECRET = "sk-very-secret-key"  # noqa: S105  # the one that must not be seen
TEXTS = [f"Text {i} speaks of the weather." for i in range(40)]


class Way:
    """One way to drive a store: `do("add", nodes)` calls `add` or awaits `async_add`."""

    def __init__(self, kind: str, url: str, **options: object) -> None:
        self.kind, self.loop = kind, asyncio.new_event_loop()
        make = AsyncQdrantClient if kind == "async" else QdrantClient
        self.plain = make(url=url, check_compatibility=False, **options)
        self.client = reliable(self.plain, QUICK)

    def store(self, embedding, **options) -> NormAwareVectorStore:
        which = {"aclient" if self.kind == "async" else "client": self.client}
        return NormAwareVectorStore("docs", embed_model=embedding, batch_size=8, **which, **options)

    def do(self, store, name, *arguments, **options):
        if self.kind == "sync":
            return getattr(store, name)(*arguments, **options)
        awaited = {"add": "async_add"}.get(name, f"a{name}")
        return self.loop.run_until_complete(getattr(store, awaited)(*arguments, **options))

    def close(self) -> None:
        closing = self.plain.close()
        if closing is not None:
            self.loop.run_until_complete(closing)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@pytest.fixture(params=["sync", "async", "threaded"])
def way(request, server):
    way = Way(request.param, server.url, timeout=1)
    yield way
    way.close()


def nodes(embedding) -> list[TextNode]:
    return [
        TextNode(id_=f"node-{i}", text=text, embedding=embedding.get_text_embedding(text), metadata={"i": i})
        for i, text in enumerate(TEXTS)
    ]


def require_all_stored(server, embedding) -> None:
    """Every point once, its vector and norm exact."""
    records, _ = server.engine.scroll("docs", limit=1000, with_vectors=True)
    assert {r.id for r in records} == {point_id(f"node-{i}") for i in range(len(TEXTS))}
    for record in records:
        vector = np.asarray(embedding.get_text_embedding(TEXTS[record.payload["i"]]), dtype=np.float32)
        assert np.array_equal(np.asarray(record.vector, dtype=np.float32), vector)
        assert record.payload["norm"] == norms(vector)


def asked(embedding, text=TEXTS[7], top_k=3) -> VectorStoreQuery:
    return VectorStoreQuery(embedding.get_query_embedding(text), similarity_top_k=top_k)


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
    for on in ("exists$", "PUT .*/points$", "PUT .*/points$", "PUT .*/index$", "PATCH", "count$", "query$"):
        server.fail(on, **how)
    vector_store = way.store(hash_embedding)
    way.do(vector_store, "add", nodes(hash_embedding))
    assert way.do(vector_store, "query", asked(hash_embedding)).ids[0] == "node-7"
    require_all_stored(server, hash_embedding)
    assert all(fault.times == 0 for fault in server.faults)


def test_a_server_restarted_mid_upload_loses_nothing(server, way, hash_embedding):
    way.client._policy = RetryPolicy(attempts=9, first=0.1, most=0.3)
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
    vector_store = way.store(hash_embedding)
    way.do(vector_store, "add", nodes(hash_embedding))
    server.fail("query$", delay=1.3)
    assert way.do(vector_store, "query", asked(hash_embedding)).ids[0] == "node-7"
    way.client._policy = RetryPolicy(attempts=2, first=0.01)
    server.fail("query$", delay=1.3, times=2)
    with pytest.raises(ServerError, match=r"no answer in time \(2 attempts in 2.*NORM_AWARE_QDRANT_TIMEOUT"):
        way.do(vector_store, "query", asked(hash_embedding))


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
    server.fail("query$", status=500, body="Service internal error: No space left on device")
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


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, "401 Unauthorized, Must provide an API key.*NORM_AWARE_QDRANT_API_KEY"),
        ("wrong-" + SECRET, "401 Unauthorized, Invalid API key.*NORM_AWARE_QDRANT_API_KEY"),
    ],
)
@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_a_missing_or_a_wrong_key_is_one_clear_error_and_no_second_try(server, hash_embedding, key, message):
    server.api_key = SECRET
    way = Way("sync", server.url, api_key=key)
    with pytest.raises(ServerAccessError, match=message):
        way.store(hash_embedding)
    assert len(server.requests) == 1
    way.close()


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
@pytest.mark.parametrize("kind", ["sync", "async", "threaded"])
def test_a_key_that_may_only_read_searches_and_is_refused_to_write(server, hash_embedding, kind):
    server.api_key, server.read_only_key = SECRET, "reads"
    full, reader = (Way(kind, server.url, api_key=key) for key in (SECRET, "reads"))
    full.do(full.store(hash_embedding), "add", nodes(hash_embedding))
    vector_store = reader.store(hash_embedding)
    assert reader.do(vector_store, "query", asked(hash_embedding)).ids[0] == "node-7"
    with pytest.raises(ServerAccessError, match=r"403 Forbidden.*what it may do"):
        reader.do(vector_store, "add", nodes(hash_embedding))
    full.close()
    reader.close()


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
@pytest.mark.parametrize("kind", ["sync", "async", "threaded"])
def test_no_key_is_in_any_log_repr_error_or_its_chain(server, hash_embedding, kind, caplog):
    caplog.set_level(logging.DEBUG)
    server.api_key = SECRET
    way = Way(kind, server.url, api_key=SECRET)
    vector_store = way.store(hash_embedding)
    server.fail("PUT .*/points$", status=503)
    server.fail("PUT .*/points$", drop="after")
    way.do(vector_store, "add", nodes(hash_embedding))
    way.do(vector_store, "query", asked(hash_embedding))
    shown = [repr(way.client), repr(vector_store), str(vector_store), vector_store.to_json()]
    for how in (
        {"status": 503},
        {"drop": "before"},
        {"status": 400, "body": f"Bad request: you sent {SECRET}"},
        {"status": 403, "body": f"Forbidden for {SECRET}"},
        {"status": 200, "body": f"{SECRET}".encode()},
    ):
        server.fail("query$", times=9, **how)
        with pytest.raises(ServerError) as caught:
            way.do(vector_store, "query", asked(hash_embedding))
        server.faults.clear()
        error = caught.value
        shown += [str(error), repr(error), *traceback.format_exception(error), repr(vars(error))]
        assert error.__cause__ is None
        assert error.__context__ is None
    assert any("***" in text for text in shown)
    assert "Trying again" in caplog.text
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    assert SECRET not in "\n".join([*shown, caplog.text])
    way.close()


class Kept(BaseEventHandler, BaseSpanHandler):  # type: ignore[type-arg]
    """Everything that an exporter is shown of spans that fail, and of our events."""

    seen: list[str] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Kept"

    def handle(self, event, **_):
        if isinstance(event, NormRetrievalEvent):
            self.seen.append(event.model_dump_json())

    def new_span(self, id_, *_, **__):
        return BaseSpan(id_=id_)

    def prepare_to_exit_span(self, *_, **__):
        return None

    def prepare_to_drop_span(self, id_, bound_args, instance=None, err=None, **_):
        self.seen += [f"{id_} {err!r}", *traceback.format_exception(err)]


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_instrumentation_shows_neither_texts_nor_vectors_nor_the_key(server, hash_embedding, monkeypatch):
    server.api_key = SECRET
    way = Way("sync", server.url, api_key=SECRET)
    vector_store = way.store(hash_embedding)
    vector_store.add(nodes(hash_embedding))
    kept = Kept()
    dispatcher = get_dispatcher()
    monkeypatch.setattr(dispatcher, "event_handlers", [kept])
    monkeypatch.setattr(dispatcher, "span_handlers", [kept])
    index = VectorStoreIndex.from_vector_store(vector_store, embed_model=hash_embedding)
    retriever = NormAwareRetriever(index)
    retriever.retrieve(TEXTS[3])
    server.fail("query$", status=403, body=f"Forbidden for {SECRET}")
    with pytest.raises(ServerAccessError):
        retriever.retrieve(TEXTS[3])
    shown = "\n".join(kept.seen)
    assert '"similarity":"cosine"' in shown
    assert "ServerAccessError" in shown
    numbers = [f"{x:.5g}"[:6] for x in hash_embedding.get_query_embedding(TEXTS[3])]
    assert not [secret for secret in (SECRET, TEXTS[3], *numbers) if secret in shown]
    way.close()


def test_a_server_too_old_for_a_formula_says_which_version_is_needed(server, way, hash_embedding):
    vector_store = way.store(hash_embedding)
    way.do(vector_store, "add", nodes(hash_embedding))
    server.version = "1.13.4"
    with pytest.raises(ServerVersionError, match=r"did not match any variant.*Upgrade Qdrant to 1\.16"):
        way.do(vector_store, "query", asked(hash_embedding))
    assert len(way.do(vector_store, "query", asked(hash_embedding), similarity="dot").ids) == 3


def test_strict_mode_lets_our_own_requests_pass_and_names_an_unindexed_key(server, way, hash_embedding):
    server.strict = True
    vector_store = way.store(hash_embedding)
    way.do(vector_store, "add", nodes(hash_embedding))
    assert way.do(vector_store, "query", asked(hash_embedding)).ids[0] == "node-7"
    way.do(vector_store, "delete", "no-such-document")
    query = asked(hash_embedding)
    query.filters = MetadataFilters(filters=[MetadataFilter(key="i", value=3)])
    with pytest.raises(StrictModeError, match=r'not found for "i" .*`create_payload_index` for the key'):
        way.do(vector_store, "query", query)


def test_two_hundred_retrievals_at_once_complete_without_error(server, hash_embedding):
    filling = Way("sync", server.url)
    filling.do(filling.store(hash_embedding), "add", nodes(hash_embedding))
    filling.close()

    async def work() -> None:
        client = AsyncQdrantClient(url=server.url, check_compatibility=False, timeout=60)
        vector_store = NormAwareVectorStore("docs", aclient=client, embed_model=hash_embedding)
        index = VectorStoreIndex.from_vector_store(vector_store, embed_model=hash_embedding)
        retriever = NormAwareRetriever(index, similarity_top_k=3)
        found = await asyncio.gather(*(retriever.aretrieve(TEXTS[i % 40]) for i in range(200)))
        assert [hits[0].node_id for hits in found] == [f"node-{i % 40}" for i in range(200)]
        await client.close()

    asyncio.run(work())


def test_a_cancelled_call_is_not_tried_again(server, hash_embedding):
    async def work() -> None:
        client = AsyncQdrantClient(url=server.url, check_compatibility=False, timeout=9)
        server.fail("GET /collections$", delay=0.5)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(reliable(client, QUICK).get_collections(), 0.1)
        await client.close()

    asyncio.run(work())
    assert server.count("GET /collections$") == 1


def test_httpx_keeps_no_more_of_a_failed_request_alive_than_the_error(server):
    client = reliable(QdrantClient(url=server.url, check_compatibility=False), QUICK)
    server.stop()
    with pytest.raises(ServerError) as caught:
        client.get_collections()
    assert not [
        value for value in vars(caught.value).values() if isinstance(value, (httpx.Request, Exception))
    ]
    client.close()
