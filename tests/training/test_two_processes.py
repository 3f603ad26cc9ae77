"""The command under torchrun: two processes train one model."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from tests.training.worlds import lose_last_checkpoint, pairs, static_base

COMMAND = Path(sys.executable).with_name("norm-aware")


def train_by_two(folder, out):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", port),
            *(COMMAND, "train", "--pairs", folder / "pairs.jsonl", "--base", folder / "base", "--out", out),
            *("--similarity", "learnable", "--anti-hubness", "0.2", "--spans", "40", "--by-source"),
            *("--epochs", "4", "--batch-size", "4", "--evaluations", "4", "--device", "cpu"),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, SentenceTransformer(str(out / "model"), device="cpu").encode(["a", "b c"])


def test_a_training_by_two_processes_that_was_stopped_goes_on_to_the_same_model(tmp_path):
    static_base(tmp_path / "base")
    lines = [json.dumps({"query": p.query, "document": p.document, "source": p.source}) for p in pairs()]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    said, whole = train_by_two(tmp_path, tmp_path / "out")
    assert said.count("search it by") == 1
    lose_last_checkpoint(tmp_path / "out")
    _, again = train_by_two(tmp_path, tmp_path / "out")
    np.testing.assert_allclose(again, whole, atol=1e-6)
    untouched = SentenceTransformer(str(tmp_path / "base"), device="cpu").encode(["a", "b c"])
    assert np.abs(whole - untouched).max() > 1e-3
