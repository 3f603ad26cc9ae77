"""Fixtures shared by the tests: the packaged encoder, a fast fake one, Qdrant on every embedded engine."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # a test that would reach for a hub must fail at once, not wait
os.environ["RAGAS_DO_NOT_TRACK"] = "true"
SERVER = os.environ.get("NORM_AWARE_QDRANT_URL")  # a server for the tests alone, or "loopback"
for name in [name for name in os.environ if name.startswith("NORM_AWARE_") and name != "NORM_AWARE_DATA"]:
    del os.environ[name]  # a developer's own settings must not decide a test

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from llama_index.core.base.embeddings.base import BaseEmbedding
from qdrant_client import QdrantClient

from norm_aware import RawEmbedding, offline
from norm_aware.qdrant.embedded import EmbeddedClient
from tests.qdrant.misbehaving_server import MisbehavingServer

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

DATA = Path(os.environ.get("NORM_AWARE_DATA", Path(__file__).parents[2] / "shared" / "data"))


class HashEmbedding(BaseEmbedding):
    """A deterministic encoder without a model: same text, same vector; norms spread over a decade."""

    dimension: int = 16

    def _vector(self, text: str) -> list[float]:
        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        generator = np.random.default_rng(seed)
        return (generator.normal(size=self.dimension) * generator.lognormal(0, 0.8)).tolist()

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._vector(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._vector(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._vector(text)


@pytest.fixture
def hash_embedding() -> HashEmbedding:
    return HashEmbedding(model_name="hash")


@pytest.fixture(scope="session")
def encoder() -> RawEmbedding:
    """The packaged MiniLM, raw."""
    return offline.encoder()


@pytest.fixture(scope="session")
def static() -> RawEmbedding:
    """The packaged static encoder, raw: thousands of texts a second."""
    return RawEmbedding("static", model=offline.static_encoder())


ENGINES = ["memory", "disk", "embedded", *(["server"] if SERVER else [])]


@pytest.fixture(params=ENGINES)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QdrantClient]:
    """Real Qdrant: local mode in memory and on disk, the embedded engine, a server where one is named."""
    if request.param == "server":
        url = request.getfixturevalue("server").url if SERVER == "loopback" else SERVER
        client = QdrantClient(url=url, check_compatibility=False)
        for found in client.get_collections().collections:
            client.delete_collection(found.name)
    elif request.param == "embedded":
        client = EmbeddedClient(tmp_path / "qdrant")
    elif request.param == "disk":
        client = QdrantClient(path=str(tmp_path / "qdrant"))
    else:
        client = QdrantClient(":memory:")
    yield client
    client.close()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real datasets."""
    if not DATA.is_dir():
        pytest.skip(f"no datasets in {DATA}; NORM_AWARE_DATA names their folder")
    return DATA


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    """A Qdrant server on loopback over an in-memory engine, which fails as a test tells it to."""
    with MisbehavingServer() as server:
        yield server
        assert server.crashes == []
