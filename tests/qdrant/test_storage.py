"""Which engine a folder is opened with."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from qdrant_client import QdrantClient, models

from norm_aware.errors import CollectionError
from norm_aware.qdrant.embedded import EmbeddedClient
from norm_aware.qdrant.storage import build_index, open_storage

DOT = models.VectorParams(size=2, distance=models.Distance.DOT)


def test_a_new_folder_is_the_embedded_engines_and_stays_so(tmp_path):
    for _ in range(2):
        client = open_storage(tmp_path / "new")
        assert isinstance(client, EmbeddedClient)
        client.close()


def test_a_folder_of_local_mode_stays_readable(tmp_path):
    client = QdrantClient(path=str(tmp_path))
    client.create_collection("c", vectors_config=DOT)
    client.upsert("c", [models.PointStruct(id=1, vector=[1.0, 2.0])])
    client.close()
    client = open_storage(tmp_path)
    assert client.count("c").count == 1
    build_index(client, "c")  # which local mode does not have
    client.close()


def test_without_the_engine_local_mode_takes_its_place_and_says_so(tmp_path):
    code = f"""
    import sys
    sys.modules["qdrant_edge"] = None
    from pathlib import Path
    from norm_aware.qdrant.calls import is_local
    from norm_aware.qdrant.storage import open_storage
    client = open_storage(Path({str(tmp_path)!r}))
    assert is_local(client)
    client.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert "local mode" in done.stderr
    assert "norm-aware[embedded]" in done.stderr


# qdrant-client leaves the lock file open that it could not lock
@pytest.mark.filterwarnings("ignore:Exception ignored in.*lock:pytest.PytestUnraisableExceptionWarning")
def test_a_folder_in_use_is_refused_whichever_engine_has_it(tmp_path):
    for name, first in {
        "e": EmbeddedClient(tmp_path / "e"),
        "l": QdrantClient(path=str(tmp_path / "l")),
    }.items():
        with pytest.raises(CollectionError, match="in use by another process"):
            open_storage(tmp_path / name)
        first.close()
