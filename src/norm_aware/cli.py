"""The command line: index, search, benchmark, report, backfill."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from norm_aware.console import print_comparison, print_nodes, progress_bars
from norm_aware.errors import NormAwareError, QueryError
from norm_aware.resources import open_client, open_encoder, open_settings, require_collection

# typer carries a click of its own or uses the installed one: its public exception leads to the right class
_UsageError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="""Norm-aware retrieval over unnormalised vectors in Qdrant.

    Settings come from norm-aware.toml, .env and the environment (NORM_AWARE_<NAME>); an option given here
    wins over the setting of its name.""",
)

Collection = Annotated[str | None, typer.Option(help="Name of the Qdrant collection.")]
QdrantUrl = Annotated[str | None, typer.Option(help="URL of a Qdrant server; embedded storage if not given.")]
QdrantPath = Annotated[Path | None, typer.Option(help="Folder of the embedded storage.")]
Encoder = Annotated[str | None, typer.Option(help="Encoder: a hub name, a path, or 'offline'.")]


@app.command()
def index(
    source: Annotated[
        str, typer.Argument(help="'pydocs', a BEIR folder, a .jsonl file or a folder of texts.")
    ],
    allow_normalized: Annotated[
        bool | None, typer.Option("--allow-normalized", help="Take embeddings that all have length 1.")
    ] = None,
    collection: Collection = None,
    encoder: Encoder = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Embed documents raw and store them under Dot, with their norms.

    Running it again with the same documents replaces them and adds none.
    """
    settings = open_settings(
        allow_normalized=allow_normalized,
        collection=collection,
        encoder=encoder,
        qdrant_url=qdrant_url,
        qdrant_path=qdrant_path,
    )
    from norm_aware.benchmark.dataset import read_documents

    documents = read_documents(source)
    from norm_aware.benchmark.system import store_documents  # seconds of imports, once there is work
    from norm_aware.llamaindex.store import NormAwareVectorStore

    embedding = open_encoder(settings)
    with open_client(settings) as client, progress_bars() as progress:
        store = NormAwareVectorStore(
            settings.collection,
            client=client,
            embed_model=embedding,
            allow_normalized=settings.allow_normalized,
        )
        store_documents(documents, store, embedding, progress=progress)
    print(f"{len(documents)} documents embedded by {embedding.model_name} into {settings.collection!r}.")


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    similarity: Annotated[str | None, typer.Option(help="cosine, dot or document_power=NUMBER.")] = None,
    similarity_top_k: Annotated[
        int | None, typer.Option("--similarity-top-k", "--top-k", help="Documents to return.")
    ] = None,
    exact: Annotated[
        bool | None, typer.Option("--exact", help="Score every document by brute force.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    collection: Collection = None,
    encoder: Encoder = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Search a collection by any similarity of the power family."""
    settings = open_settings(
        similarity=similarity,
        similarity_top_k=similarity_top_k,
        exact=exact,
        collection=collection,
        encoder=encoder,
        qdrant_url=qdrant_url,
        qdrant_path=qdrant_path,
    )
    if not query.strip():
        raise QueryError("The query is empty; ask something.")
    with open_client(settings) as client:
        require_collection(client, settings.collection)
        from llama_index.core import VectorStoreIndex  # seconds of imports, once they are needed

        from norm_aware.llamaindex.nodes import NodeWithNorms
        from norm_aware.llamaindex.retriever import NormAwareRetriever
        from norm_aware.llamaindex.store import NormAwareVectorStore

        embedding = open_encoder(settings)
        store = NormAwareVectorStore(settings.collection, client=client, embed_model=embedding)
        retriever = NormAwareRetriever(
            VectorStoreIndex.from_vector_store(store, embed_model=embedding),
            similarity=settings.similarity,
            similarity_top_k=settings.similarity_top_k,
            candidates=settings.candidates,
            exact=settings.exact,
        )
        nodes = [node for node in retriever.retrieve(query) if isinstance(node, NodeWithNorms)]
    if as_json:
        for node in nodes:
            print(
                json.dumps(
                    {"id": node.node_id, "score": node.score, "norm": node.document_norm, "text": node.text}
                )
            )
        return
    print_nodes(nodes, similarity=settings.similarity)


@app.command()
def benchmark(
    dataset: Annotated[str, typer.Option(help="'pydocs' or a folder in BEIR's layout.")] = "pydocs",
    systems: Annotated[
        str, typer.Option(help="Similarities to compare, by commas; the first is the baseline.")
    ] = "cosine,document_power=0.5,dot",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; results/<dataset> if not given.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="How many queries to ask, a seeded sample.")] = None,
    answer_limit: Annotated[int | None, typer.Option(help="How many of these are answered too.")] = None,
    split: Annotated[str, typer.Option(help="Which qrels/<split>.tsv to read.")] = "test",
    llm: Annotated[str | None, typer.Option(help="'smollm2', a .gguf file, or a model's name.")] = None,
    llm_base_url: Annotated[str | None, typer.Option(help="Its OpenAI-compatible endpoint.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="Model that judges the answers, for RAGAS's metrics.")
    ] = None,
    judge_base_url: Annotated[str | None, typer.Option(help="Its OpenAI-compatible endpoint.")] = None,
    answers: Annotated[bool, typer.Option(help="Have a language model answer the questions.")] = True,
    context_k: Annotated[int | None, typer.Option(help="Documents an answer is written from.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the sample and the resampling.")] = None,
    encoder: Encoder = None,
) -> None:
    """Compare similarities end to end: retrieval, answers, RAGAS, paired with intervals, as a report.

    A run that was stopped goes on where it was; nothing is paid for twice.
    """
    settings = open_settings(
        llm=llm,
        llm_base_url=llm_base_url,
        judge=judge,
        judge_base_url=judge_base_url,
        context_k=context_k,
        seed=seed,
        encoder=encoder,
    )
    from norm_aware.benchmark.dataset import load_dataset

    loaded = load_dataset(dataset, split=split)
    from norm_aware.benchmark.models import ModelSpec, open_models  # seconds of imports, once there is work
    from norm_aware.benchmark.run import run_benchmark
    from norm_aware.benchmark.system import parse_systems

    chosen = parse_systems(systems.split(","))
    out = out or Path("results") / loaded.name
    answerer = ModelSpec(settings.llm, settings.llm_base_url, settings.llm_api_key) if answers else None
    judging = (
        ModelSpec(settings.judge, settings.judge_base_url, settings.judge_api_key) if settings.judge else None
    )
    opened = open_models(
        open_encoder(settings),
        llm=answerer,
        judge=judging,
        answer_tokens=settings.answer_tokens,
        context_budget=settings.context_budget,
        timeout=settings.timeout,
        seed=settings.seed,
    )
    with opened as (models, notes), progress_bars() as bar:
        results = run_benchmark(
            loaded,
            chosen,
            out,
            models=models,
            limit=limit,
            answer_limit=answer_limit,
            context_k=settings.context_k,
            seed=settings.seed,
            allow_normalized=settings.allow_normalized,
            notes=notes,
            progress=bar,
        )
    print_comparison(results)
    print(f"{out / 'results.json'}\n{out / 'report.html'}")


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="A results.json, or the folder it lies in.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to write; report.html beside it if not given.")
    ] = None,
) -> None:
    """Render results.json as one HTML file that needs no network."""
    from norm_aware.benchmark.report import write_report

    print(write_report(results / "results.json" if results.is_dir() else results, out))


@app.command()
def backfill(
    collection: Collection = None,
    encoder: Encoder = None,
    qdrant_url: QdrantUrl = None,
    qdrant_path: QdrantPath = None,
) -> None:
    """Add the norm to every point of an existing Dot collection, from its stored vectors.

    With --encoder, the encoder the vectors were made with is recorded too.
    """
    settings = open_settings(collection=collection, qdrant_url=qdrant_url, qdrant_path=qdrant_path)
    from norm_aware.qdrant.backfill import backfill as steps
    from norm_aware.qdrant.calls import is_local, run

    with open_client(settings) as client, progress_bars() as progress:
        require_collection(client, settings.collection)
        identity = None
        if encoder:
            from norm_aware.llamaindex.embedding import encoder_identity

            identity = encoder_identity(open_encoder(open_settings(encoder=encoder)))
        written = run(
            client,
            steps(
                settings.collection,
                payload_index=not is_local(client),
                encoder=identity,
                progress=lambda done, total: progress("Writing norms", done, total),
            ),
        )
    print(f"Wrote the norm of {written} points in collection {settings.collection!r}.")


def main() -> None:
    """Run the command line; a user's mistake ends in one line on standard error and exit code 2."""
    try:
        app(standalone_mode=False)
    except NormAwareError as error:
        _fail(str(error))
    except _UsageError as error:
        if not error.format_message():  # no command was named, and the help has been shown
            sys.exit(0)
        _fail(error.format_message())
    except (OSError, ValueError) as error:
        _fail(str(error) or type(error).__name__)
    except (typer.Abort, KeyboardInterrupt):
        print("Stopped; run the same command again to go on.", file=sys.stderr)
        sys.exit(130)
    except Exception as error:  # a mistake of ours, still told in one line
        print(f"Unexpected {type(error).__name__}: {error} (please report it)", file=sys.stderr)
        sys.exit(1)


def _fail(message: str) -> None:
    print(f"Error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
