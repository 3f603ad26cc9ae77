"""A server that refuses: keys, versions and strict mode, each one clear error that holds no secret."""

from __future__ import annotations

import logging
import traceback

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler
from llama_index_instrumentation.span import BaseSpan
from llama_index_instrumentation.span_handlers import BaseSpanHandler
from pydantic import Field
from tests.qdrant.ways import TEXTS, Way, asked, nodes

from norm_aware import NormAwareRetriever
from norm_aware.errors import ServerAccessError, ServerError, ServerVersionError, StrictModeError
from norm_aware.llamaindex.events import NormRetrievalEvent

SECRET = "sk-very-secret-key"  # noqa: S105  # the one that must not be seen


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
        server.fail("query(/batch)?$", times=9, **how)
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
    server.fail("query(/batch)?$", status=403, body=f"Forbidden for {SECRET}")
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
