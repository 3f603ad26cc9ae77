from __future__ import annotations

import gc
import pickle

from norm_aware import Settings
from norm_aware.resources import StoreOpener
from tests.qdrant.misbehaving_server import MisbehavingServer


def test_what_opens_a_store_travels_to_another_process_with_its_settings_and_stays_open():
    with MisbehavingServer() as server:
        settings = Settings(
            qdrant_url=server.url, collection="docs", dtype="bfloat16", shard_number=2, allow_normalized=True
        )
        opener = pickle.loads(pickle.dumps(StoreOpener(settings)))  # noqa: S301  # our own
        store = opener()
        gc.collect()
        assert store.collection_name == "docs"
        assert store.embed_model.dtype == "bfloat16"
        assert not store.client.collection_exists("docs")
        opener._opened.close()
