"""One process of two: the loss and the gradients of its half of a batch that is gathered."""

import sys

import torch
import torch.distributed as dist

from norm_aware.losses.anti_hubness import AntiHubnessLength
from norm_aware.losses.info_nce import InfoNCELoss
from tests.losses.models import features, padded_table

QUERIES, DOCUMENTS = ["a", "b c", "d", "a"], ["e f", "g", "h", "i"]
NEGATIVES = ["j", "k", "l", "m"]
SPANS, SOURCES = [*"abcdefghijklmnop", "e f"], [*["p p"] * 16, "e f"]


def gathering_loss(model, mini_batch_size=None, *, guided=""):
    return InfoNCELoss(
        model,
        "learnable",
        scale=2.0,
        learn_scale=True,
        gather_across_devices=True,
        mini_batch_size=mini_batch_size,
        guide=padded_table(seed=3) if guided else None,
        distillation=0.5 if guided == "taught" else 0.0,
        document_length=AntiHubnessLength(model, SPANS, SOURCES),
    )


def main(rank, port, file, mini_batch_size, guided):
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    model = padded_table()
    loss = gathering_loss(model, mini_batch_size, guided=guided)
    part = slice(2 * rank, 2 * rank + 2)
    value = loss(features(model, QUERIES[part], DOCUMENTS[part], NEGATIVES[part]))
    value.backward()
    for parameter in model.parameters():  # as DistributedDataParallel does
        dist.all_reduce(parameter.grad)
        parameter.grad /= 2
    gradients = {name: parameter.grad for name, parameter in loss.named_parameters()}
    torch.save({"value": value.detach(), "gradients": gradients}, file)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]) or None, sys.argv[5])
