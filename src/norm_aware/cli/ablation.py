"""Commands that compare ways to train: ablate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from norm_aware.cli.app import app
from norm_aware.cli.judged import read_judged
from norm_aware.console import progress_bars
from norm_aware.errors import TrainingError
from norm_aware.whole_file import write_whole

_PAPER = "cosine,dot,query_normalized,document_normalized,learnable"


@app.command()
def ablate(
    pairs: Annotated[Path, typer.Option(help="JSONL file of pairs: query and document, or passage_id.")],
    evaluate: Annotated[str, typer.Option(help="Judged folders in BEIR's layout, by commas.")],
    out: Annotated[Path, typer.Option(help="Folder of the models, results.json and reports.")],
    base: Annotated[str, typer.Option(help="'wordllama', a hub name, or a model's folder.")] = "wordllama",
    arms: Annotated[
        str,
        typer.Option(help="By commas, SIMILARITY[+OPTION[=VALUE]]..., such as query_normalized+match_scale."),
    ] = _PAPER,
    seeds: Annotated[str, typer.Option(help="By commas.")] = "0,1,2",
    passages: Annotated[Path | None, typer.Option(help="JSONL file of the passages that ids name.")] = None,
    in_domain: Annotated[str, typer.Option(help="Names of sets of the pairs' own domain, by commas.")] = "",
    symmetric: Annotated[
        str, typer.Option(help="Names of sets whose queries and documents are of one kind, by commas.")
    ] = "",
    held_out: Annotated[int, typer.Option(help="Queries kept back as an in-domain set.")] = 500,
    epochs: Annotated[float, typer.Option(help="Times over the pairs.")] = 3.0,
    batch_size: Annotated[int, typer.Option(help="Pairs a step.")] = 128,
    learning_rate: Annotated[float | None, typer.Option(help="The largest; by the kind of encoder.")] = None,
    scale: Annotated[float, typer.Option(help="1 / temperature.")] = 20.0,
    spans: Annotated[int, typer.Option(help="Pseudo-queries that hubness is measured with.")] = 4000,
    bf16: Annotated[bool, typer.Option("--bf16", help="Train and measure in bfloat16.")] = False,
    device: Annotated[str | None, typer.Option(help="Torch device.")] = None,
) -> None:
    """Train with either side normalised or not, with several seeds, and measure each under every scoring.

    Started again with the same --out it goes on where it stopped; arms and seeds may be added.
    """
    from norm_aware.training.extra import require_training
    from norm_aware.training.pairs import read_pairs

    require_training()
    names = _names(arms)
    try:
        chosen = [int(seed) for seed in _names(seeds)]
    except ValueError:
        raise TrainingError(f"--seeds is {seeds!r}; whole numbers by commas are needed.") from None
    found, sets = read_pairs(pairs, passages=passages), read_judged(evaluate)
    from norm_aware.ablation.markdown import markdown, summary  # seconds of imports, once there is work
    from norm_aware.ablation.plan import Ablation
    from norm_aware.ablation.report import write_page
    from norm_aware.ablation.run import ablate as run
    from norm_aware.training.options import TrainingOptions

    ablation = Ablation(
        base,
        found,
        sets,
        arms=names,
        seeds=chosen,
        options=TrainingOptions(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            scale=scale,
            spans=spans,
            bf16=bf16,
            device=device,
        ),
        in_domain=_names(in_domain),
        symmetric=_names(symmetric),
        held_out=held_out,
    )
    with progress_bars() as bar:
        results = run(ablation, out, progress=bar)
    write_page(results, out / "report.html")
    write_whole(out / "report.md", markdown(results))
    print(summary(results))
    print(f"{out / 'report.md'}\n{out / 'report.html'}")


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]
