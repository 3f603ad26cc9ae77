"""Commands that train: train."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from norm_aware.cli.app import app
from norm_aware.cli.judged import read_judged
from norm_aware.errors import TrainingError


@app.command()
def train(
    pairs: Annotated[Path, typer.Option(help="JSONL file of pairs: query and document, or passage_id.")],
    out: Annotated[Path, typer.Option(help="Folder of checkpoints, history.jsonl and the model.")],
    base: Annotated[str, typer.Option(help="'wordllama', a hub name, or a model's folder.")] = "wordllama",
    similarity: Annotated[
        str,
        typer.Option(help="cosine, dot, query_normalized, document_normalized, document_power=X, learnable."),
    ] = "cosine",
    passages: Annotated[Path | None, typer.Option(help="JSONL file of the passages that ids name.")] = None,
    evaluate: Annotated[
        str | None, typer.Option(help="Judged folders in BEIR's layout, by commas, measured while training.")
    ] = None,
    curriculum: Annotated[
        str | None, typer.Option(help="Start from this similarity and go to --similarity by half the steps.")
    ] = None,
    epochs: Annotated[float, typer.Option(help="Times over the pairs.")] = 3.0,
    batch_size: Annotated[int, typer.Option(help="Pairs a step.")] = 128,
    mini_batch_size: Annotated[
        int | None, typer.Option(help="Texts embedded at once, with a gradient cache.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The largest; by the kind of encoder.")] = None,
    scale: Annotated[float, typer.Option(help="1 / temperature.")] = 20.0,
    match_scale: Annotated[
        bool, typer.Option("--match-scale", help="Start every similarity at cosine's temperature.")
    ] = False,
    learn_scale: Annotated[bool, typer.Option(help="Learn it, from --scale.")] = False,
    lora: Annotated[
        int | None, typer.Option(help="Rank of low-rank adapters; all weights if not given.")
    ] = None,
    negative_variance: Annotated[float, typer.Option(help="Weight of NegativeVarianceLoss.")] = 0.0,
    norm_length: Annotated[float, typer.Option(help="Weight of NormRegularizer's length penalty.")] = 0.0,
    evaluations: Annotated[int, typer.Option(help="Times the sets are measured.")] = 5,
    patience: Annotated[int | None, typer.Option(help="Evaluations without a gain until it stops.")] = None,
    seed: Annotated[int, typer.Option(help="Of the order and whatever is drawn.")] = 0,
    bf16: Annotated[bool, typer.Option("--bf16", help="Compute in bfloat16, weights in float32.")] = False,
    device: Annotated[str | None, typer.Option(help="Torch device.")] = None,
    hard_negatives: Annotated[int, typer.Option(help="Documents mined for each pair by the base.")] = 0,
    guide: Annotated[
        str | None, typer.Option(help="'base' or a model, which leaves out likely false negatives.")
    ] = None,
    distillation: Annotated[
        float, typer.Option(help="Share of what each query is to pick that --guide decides, 0 to 1.")
    ] = 0.0,
    by_source: Annotated[bool, typer.Option(help="Make batches of one source of pairs each.")] = False,
    anti_hubness: Annotated[
        float | None, typer.Option(help="Learn a document length by hubness, from this exponent.")
    ] = None,
    spans: Annotated[int, typer.Option(help="Pseudo-queries that hubness is measured with.")] = 4000,
    norm_head: Annotated[
        bool, typer.Option("--norm-head", help="Append a head that learns norms, from 1.")
    ] = False,
    freeze: Annotated[bool, typer.Option("--freeze", help="Train nothing of the encoder itself.")] = False,
) -> None:
    """Train an encoder on pairs, with either side's norm counting or not, into an ordinary model.

    Started again as it was, with the same --out, it goes on at the last checkpoint.
    """
    from norm_aware.training.extra import require_training
    from norm_aware.training.pairs import read_pairs

    require_training(lora=lora is not None)
    found = read_pairs(pairs, passages=passages)
    sets = read_judged(evaluate)
    from norm_aware.training.curriculum import Curriculum  # seconds of imports, once there is work
    from norm_aware.training.options import TrainingOptions
    from norm_aware.training.train import train as run

    if patience is not None and not sets:
        raise TrainingError("--patience needs sets to measure on; name them by --evaluate.")
    options = TrainingOptions(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        scale=scale,
        learn_scale=learn_scale,
        mini_batch_size=mini_batch_size,
        lora=lora,
        curriculum=Curriculum(curriculum, similarity) if curriculum else None,
        negative_variance=negative_variance,
        norm_length=norm_length,
        evaluations=evaluations,
        patience=patience,
        seed=seed,
        device=device,
        hard_negatives=hard_negatives,
        guide=guide,
        distillation=distillation,
        by_source=by_source,
        anti_hubness=anti_hubness,
        spans=spans,
        match_scale=match_scale,
        bf16=bf16,
        norm_head=norm_head,
        freeze_encoder=freeze,
    )
    trained = run(found, base, similarity=similarity, out=out, sets=sets, options=options)
    from sentence_transformers.util import get_rank

    if get_rank() > 0:  # each process would say the same
        return
    measured = [row for row in trained.history if "eval_mean_own" in row]
    for row in measured:
        values = ", ".join(f"{name} {row[f'eval_mean_{name}']:.4f}" for name in ("own", "cosine", "dot"))
        print(f"step {row['step']}: nDCG@10 by {values}")
    given = ""
    if trained.gamma is not None:
        given = (
            f" with an anti-hubness norm of exponent {trained.gamma:.3f}, which a corpus gives; "
            "norm-aware calibrate with judged queries tries it"
        )
    print(f"{out / 'model'}: search it by {trained.similarity}{given}")
