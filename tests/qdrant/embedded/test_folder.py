"""A folder on the disk: reopened, shared, damaged, full, read-only, and left behind by a killed process."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from norm_aware.errors import CollectionError, CollectionNotFoundError
from norm_aware.qdrant.embedded import EmbeddedClient, collection

DOT = models.VectorParams(size=8, distance=models.Distance.DOT)


def vector(number: int) -> list[float]:
    generator = np.random.default_rng(number)
    return (generator.normal(size=8) * generator.lognormal(0, 1)).astype(np.float32).tolist()


def point(number: int) -> models.PointStruct:
    stored = vector(number)
    return models.PointStruct(id=number, vector=stored, payload={"norm": float(np.linalg.norm(stored))})


def filled(path: Path, count: int = 20, name: str = "c") -> None:
    client = EmbeddedClient(path)
    client.create_collection(name, vectors_config=DOT, metadata={"mine": {"a": 1}})
    client.upsert(name, [point(i) for i in range(count)])
    client.close()


def test_collections_metadata_and_payload_indexes_are_there_again_after_reopening(tmp_path):
    names = ["plain", "a/b", "..", ".hidden", "Grüße %2F"]
    client = EmbeddedClient(tmp_path)
    for name in names:
        client.create_collection(name, vectors_config=DOT, metadata={"of": name})
        client.upsert(name, [point(1)])
    client.create_payload_index("plain", "norm", models.PayloadSchemaType.FLOAT)
    client.update_collection("plain", metadata={"more": 1})
    client.close()
    client = EmbeddedClient(tmp_path)
    assert sorted(c.name for c in client.get_collections().collections) == sorted(names)
    assert client.get_collection("plain").config.metadata == {"of": "plain", "more": 1}
    assert client.get_collection("plain").payload_schema["norm"].data_type == models.PayloadSchemaType.FLOAT
    for name in names:
        assert client.retrieve(name, [1], with_vectors=True)[0].vector == vector(1)
    assert not list(tmp_path.parent.glob("shard"))  # ".." led nowhere
    client.close()


def test_a_second_process_is_told_that_the_folder_is_in_use(tmp_path):
    filled(tmp_path)
    client = EmbeddedClient(tmp_path)
    code = f"""
    from norm_aware.errors import CollectionError
    from norm_aware.qdrant.embedded import EmbeddedClient
    try:
        EmbeddedClient({str(tmp_path)!r})
    except CollectionError as error:
        print(error)
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    ).stdout
    assert "is in use by another process" in said
    assert "Qdrant server" in said
    client.close()
    EmbeddedClient(tmp_path).close()


def test_a_closed_client_says_so(tmp_path):
    filled(tmp_path)
    client = EmbeddedClient(tmp_path)
    client.close()
    client.close()
    with pytest.raises(CollectionError, match="closed"):
        client.count("c")


def test_a_folder_of_local_mode_is_refused_and_left_as_it_is(tmp_path):
    client = QdrantClient(path=str(tmp_path))
    client.create_collection("c", vectors_config=DOT)
    client.upsert("c", [point(1)])
    client.close()
    with pytest.raises(CollectionError, match="local mode"):
        EmbeddedClient(tmp_path)
    client = QdrantClient(path=str(tmp_path))
    assert client.count("c").count == 1
    client.close()


def test_whichever_file_is_truncated_its_collection_is_refused_by_name_and_others_still_open(tmp_path):
    filled(tmp_path, 2000, name="broken")
    client = EmbeddedClient(tmp_path)
    client.create_collection("sound", vectors_config=DOT)
    client.upsert("sound", [point(1)])
    client.optimize("broken")
    client.upsert("broken", [point(i) for i in range(2000, 2100)])
    client.close()
    files = [path for path in (tmp_path / "broken").rglob("*") if path.is_file() and path.stat().st_size]
    assert len(files) > 20
    for path in files:
        whole = path.read_bytes()
        with path.open("r+b") as file:
            file.truncate(len(whole) // 2)
        client = EmbeddedClient(tmp_path)
        with pytest.raises(CollectionError, match=f"broken.*{path.name}"):
            client.count("broken")
        assert client.count("sound").count == 1
        client.close()
        path.write_bytes(whole)
    client = EmbeddedClient(tmp_path)
    assert client.count("broken").count == 2100
    client.close()


def test_a_nearly_full_disk_stops_a_batch_before_it_and_keeps_what_was_stored(tmp_path, monkeypatch):
    filled(tmp_path)
    client = EmbeddedClient(tmp_path)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(collection.shutil, "disk_usage", lambda _: usage._replace(free=2**20))
    with pytest.raises(CollectionError, match=r"1 MiB are free on the disk .* 64 are needed"):
        client.upsert("c", [point(100)])
    monkeypatch.undo()
    assert client.count("c").count == 20
    client.upsert("c", [point(100)])
    assert client.count("c").count == 21
    client.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 MiB, mounted for the test."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs Linux and root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["/usr/bin/env", "umount", str(disk)], check=True)


def test_a_small_disk_fills_up_to_a_clear_error_and_reopens_whole(small_disk):
    client = EmbeddedClient(small_disk)
    client.create_collection("c", vectors_config=models.VectorParams(size=1024, distance=models.Distance.DOT))
    stored, said = 0, ""
    while not said:
        rows = np.random.default_rng(stored).normal(size=(100, 1024))
        batch = [models.PointStruct(id=stored + i, vector=row.tolist()) for i, row in enumerate(rows)]
        try:
            client.upsert("c", batch)
        except CollectionError as error:
            said = str(error)
        else:
            stored += 100
    assert "are free on the disk" in said
    client.close()
    client = EmbeddedClient(small_disk)
    assert client.count("c").count == stored > 0
    client.close()


def test_a_folder_that_is_not_one_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CollectionError, match="file cannot be written"):
        EmbeddedClient(tmp_path / "file")


def test_a_read_only_folder_is_refused_and_nothing_in_it_changes(small_disk):
    filled(small_disk / "q")
    before = {path: path.stat().st_mtime_ns for path in (small_disk / "q").rglob("*")}
    subprocess.run(["/usr/bin/env", "mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(CollectionError, match="q cannot be written"):
        EmbeddedClient(small_disk / "q")
    assert before == {path: path.stat().st_mtime_ns for path in (small_disk / "q").rglob("*")}


def test_aliases_stand_for_collections_and_switch_at_once(tmp_path):
    filled(tmp_path, 3, "old")
    client = EmbeddedClient(tmp_path)
    client.create_collection("new", vectors_config=DOT)
    make = lambda to: models.CreateAliasOperation(  # noqa: E731
        create_alias=models.CreateAlias(collection_name=to, alias_name="docs")
    )
    client.update_collection_aliases([make("old")])
    assert client.count("docs").count == 3
    client.update_collection_aliases(
        [models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name="docs")), make("new")]
    )
    client.close()
    client = EmbeddedClient(tmp_path)
    assert client.count("docs").count == 0
    assert client.get_aliases().aliases[0].collection_name == "new"
    with pytest.raises(CollectionNotFoundError, match="nowhere"):
        client.update_collection_aliases([make("nowhere")])
    client.delete_collection("new")
    assert client.get_aliases().aliases == []
    client.close()


def ingest_until_killed(path: Path, after: float) -> int | None:
    """Upsert points 0, 1, … ten at once until SIGKILL; how many were acknowledged, None where none were."""
    code = f"""
    import sys
    sys.path.insert(0, {str(Path(__file__).parents[3])!r})
    from tests.qdrant.embedded.test_folder import DOT, point
    from norm_aware.qdrant.embedded import EmbeddedClient
    client = EmbeddedClient({str(path)!r})
    if not client.collection_exists("c"):
        client.create_collection("c", vectors_config=DOT)
    done = client.count("c").count
    print("ready", flush=True)
    while True:
        client.upsert("c", [point(i) for i in range(done, done + 10)])
        done += 10
        print(done, flush=True)
        if done % 400 == 0:
            client.optimize("c")
    """
    run = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().split()
    return int(lines[-1]) if lines else None


def test_twenty_kills_at_random_points_of_ingestion_lose_and_double_nothing(tmp_path):
    chance = random.Random(7)
    count = 0
    for _ in range(20):
        acknowledged = ingest_until_killed(tmp_path, chance.uniform(0, 0.15)) or count
        client = EmbeddedClient(tmp_path)
        count = client.count("c").count
        assert count in (acknowledged, acknowledged + 10)  # the batch under way is stored whole or not at all
        records, after = client.scroll("c", limit=100_000, with_vectors=True)
        assert after is None
        assert sorted(record.id for record in records) == list(range(count))
        for record in records:
            expected = point(record.id)
            assert record.vector == expected.vector
            assert record.payload["norm"] == pytest.approx(expected.payload["norm"], rel=1e-14)
        client.close()
    assert count > 100
