"""Which side to normalise in training, on nine judged sets and a held-out one: the ablation's evidence.

    python integration/ablation_evidence.py --data DIR --runs FOLDER --out FILE.json [--base wordllama]
        [--sets scifact,covidqa,...] [--arms cosine,dot,...] [--seeds 0,1,2] [--epochs 3] [--batch-size 256]
        [--bf16] [--spans 4000] [--pairs 4096] [--device cpu]

`norm-aware ablate` on the training pairs in `DIR/train_pairs`, with the distractors of nq_oracle in its
corpus. Arms and seeds can be added to a folder of runs; what is complete is not repeated. The file holds
what `results.json` does, `FOLDER/report.html` shows it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from norm_aware.ablation.arm import PAPER
from norm_aware.ablation.markdown import markdown, summary
from norm_aware.ablation.plan import Ablation
from norm_aware.ablation.report import write_page
from norm_aware.ablation.run import ablate
from norm_aware.benchmark.datasets.corpus import read_documents
from norm_aware.calibration.corpus import BANK
from norm_aware.cli.judged import read_judged
from norm_aware.console import progress_bars
from norm_aware.errors import DatasetError, NormAwareError
from norm_aware.training.evaluation import JudgedTexts
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import read_pairs
from norm_aware.whole_file import write_whole

IN_DOMAIN = ("medquad_liveqa",)
SYMMETRIC = ("banking77", "stsb")
SETS = (
    "2wiki",
    "covidqa",
    "nq_oracle",
    "pubmedqa",
    "scifact",
    "strategyqa_facts",
    *IN_DOMAIN,
    *SYMMETRIC,
)
DISTRACTORS = "corpus_distractors.jsonl"


def read_set(folder: Path) -> JudgedTexts:
    """A judged set, with its distractors where it has them."""
    (judged,) = read_judged(str(folder))
    if not (folder / DISTRACTORS).is_file():
        return judged
    documents = (*judged.documents, *(document.content for document in read_documents(folder / DISTRACTORS)))
    return dataclasses.replace(
        judged,
        documents=documents,
        judgements=dataclasses.replace(judged.judgements, documents=len(documents)),
    )


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the datasets")
    parser.add_argument("--runs", type=Path, required=True, help="folder of the models; goes on where it is")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", default="wordllama")
    parser.add_argument("--sets", default=",".join(SETS), help="names of judged sets, by commas")
    parser.add_argument("--arms", default=",".join(PAPER))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=None)
    parser.add_argument("--spans", type=int, default=BANK, help="that measure hubness")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--pairs", type=int, default=None, help="as many of them, drawn once; default: all")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args(arguments)


def planned(given: argparse.Namespace) -> Ablation:
    """What the command line asks for.

    Raises:
        DatasetError: when the pairs or a set are not in the folder of the data.
    """
    found = sorted((given.data / "train_pairs").glob("pairs.jsonl*"))
    if not found:
        raise DatasetError(
            f"There is no {given.data / 'train_pairs' / 'pairs.jsonl'}, gzipped or not; give the folder that "
            "holds the datasets as --data."
        )
    names, pairs = given.sets.split(","), read_pairs(found[0])
    if given.pairs is not None:
        pairs = random.Random(0).sample(pairs, min(given.pairs, len(pairs)))  # noqa: S311  # a sample, not a secret
    return Ablation(
        given.base,
        pairs,
        [read_set(given.data / name) for name in names],
        arms=given.arms.split(","),
        seeds=[int(seed) for seed in given.seeds.split(",")],
        options=TrainingOptions(
            epochs=given.epochs,
            batch_size=given.batch_size,
            learning_rate=given.learning_rate,
            bf16=given.bf16,
            spans=given.spans,
            device=given.device,
        ),
        in_domain=[name for name in IN_DOMAIN if name in names],
        symmetric=[name for name in SYMMETRIC if name in names],
    )


def main() -> None:
    """Run the arms and write what they say."""
    given = parse()
    try:
        ablation = planned(given)
        with progress_bars() as bar:
            results = ablate(ablation, given.runs, progress=bar)
    except NormAwareError as error:
        sys.exit(f"Error: {error}")
    write_page(results, given.runs / "report.html")
    write_whole(given.runs / "report.md", markdown(results))
    write_whole(given.out, json.dumps(results, separators=(",", ":"), default=str))
    print(summary(results))


if __name__ == "__main__":
    main()
