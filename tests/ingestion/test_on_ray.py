"""Indexing on a real local Ray cluster, into a server on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from norm_aware.errors import MissingExtraError, QueryError
from norm_aware.ingestion.on_ray import RayWorkers, ray_index
from norm_aware.llamaindex.points import point_id
from tests.qdrant.misbehaving_server import MisbehavingServer

ROOT = Path(__file__).parents[2]
DOCUMENTS = 300


@contextmanager
def started(source: Path, url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.ingestion.on_ray_job", str(source), url, str(folder)],
        cwd=ROOT,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as job:
        try:
            yield job
        finally:
            job.terminate()  # Ray's processes end with it


def said(job: subprocess.Popen[str]) -> dict[str, str]:
    out, error = job.communicate(timeout=120)
    assert job.returncode == 0, error
    return dict(
        line.split(": ", 1) for line in out.splitlines() if line.startswith(("summary: ", "refused: "))
    )


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is Unix's")
def test_a_job_whose_worker_is_killed_ends_with_every_point_once(tmp_path, hash_embedding):
    pytest.importorskip("ray")
    corpus, pids = tmp_path / "corpus", tmp_path / "pids"
    corpus.mkdir()
    pids.mkdir()
    records = [{"_id": f"d{i}", "text": f"text {i} " * (1 + i % 7), "metadata": {"n": i}}
               for i in range(DOCUMENTS)]  # fmt: skip
    half = DOCUMENTS // 2
    second = [*records[half:], {"_id": "e", "text": " "}, records[half]]
    for number, lines in enumerate((records[:half], second)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (corpus / f"{number}.jsonl").write_text(text + "{\n" * number)
    with MisbehavingServer() as server, started(corpus, server.url, pids) as job:
        stored = 0
        while stored < DOCUMENTS // 6 and job.poll() is None:
            time.sleep(0.02)
            if server.engine.collection_exists("docs"):
                stored = server.engine.count("docs").count
        workers = [int(path.name) for path in pids.iterdir() if path.name.isdigit()]
        assert job.poll() is None, job.communicate()[1]
        os.kill(workers[0], signal.SIGKILL)
        told = said(job)
        assert len([path for path in pids.iterdir() if path.name.isdigit()]) > len(workers)
        assert "3 skipped (1 duplicate id, 1 empty, 1 malformed)" in told["summary"]
        assert told["refused"].startswith("Collection 'docs' was made with encoder")
        records_, _ = server.engine.scroll("docs", limit=2 * DOCUMENTS, with_vectors=True)
        found = {point.id: point for point in records_}
        assert len(records_) == DOCUMENTS
        assert set(found) == {point_id(record["_id"]) for record in records}
        for record in records:
            point = found[point_id(record["_id"])]
            expected = hash_embedding.get_text_embedding(record["text"])
            np.testing.assert_allclose(point.vector, expected, rtol=1e-6)
            assert point.payload["norm"] == pytest.approx(np.linalg.norm(expected))
            assert point.payload["n"] == record["metadata"]["n"]
    rows = [json.loads(line) for line in (pids / "manifest.jsonl").read_text().splitlines()]
    assert {row["reason"] for row in rows} == {"duplicate id", "empty", "malformed"}


def test_without_ray_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "norm-aware\[ray\]"'):
        ray_index(tmp_path, lambda: None)


def test_no_workers_are_refused():
    with pytest.raises(QueryError, match="0 workers"):
        RayWorkers(0)
