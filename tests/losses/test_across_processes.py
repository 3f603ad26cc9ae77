"""Two processes that gather each other's documents against one that holds the whole batch."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from norm_aware.losses.negative_variance import NegativeVarianceLoss
from tests.losses.models import features, padded_table
from tests.losses.process import DOCUMENTS, NEGATIVES, QUERIES, gathering_loss

ROOT = Path(__file__).parents[2]


def run_both(folder, mini_batch_size, guided):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    files = [folder / f"{rank}.pt" for rank in (0, 1)]
    command = [sys.executable, "-m", "tests.losses.process"]
    running = [
        subprocess.Popen(
            [*command, str(rank), port, str(file), str(mini_batch_size), guided],
            env={**os.environ, "PYTHONPATH": paths},
        )
        for rank, file in enumerate(files)
    ]
    assert [process.wait(timeout=300) for process in running] == [0, 0]
    return [torch.load(file) for file in files]


@pytest.mark.parametrize(
    ("mini_batch_size", "guided"),
    [(0, ""), (1, ""), (0, "masked"), (1, "masked"), (0, "taught"), (1, "taught")],
)
def test_gathered_batches_have_the_loss_and_the_gradients_of_the_whole(tmp_path, mini_batch_size, guided):
    found = run_both(tmp_path, mini_batch_size, guided)
    model = padded_table()
    whole = gathering_loss(model, guided=guided)
    value = whole(features(model, QUERIES, DOCUMENTS, NEGATIVES))
    value.backward()
    torch.testing.assert_close((found[0]["value"] + found[1]["value"]) / 2, value.detach())
    expected = {name: parameter.grad for name, parameter in whole.named_parameters()}
    for process in found:
        torch.testing.assert_close(process["gradients"], expected)


def test_a_term_is_added_to_a_loss_that_gathers():
    model = padded_table()
    loss = NegativeVarianceLoss(gathering_loss(model), weight=0.0)
    columns = features(model, QUERIES, DOCUMENTS)
    torch.testing.assert_close(loss(columns), loss.loss(columns))
