"""The command line as its user runs it: in a process of its own, in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from llama_index.core.schema import TextNode
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models

from norm_aware import offline
from norm_aware.qdrant.embedded import EmbeddedClient

CORPUS = [
    {"_id": "rain", "title": "Rain", "text": "Water that falls from clouds in drops."},
    {"_id": "snow", "title": "Snow", "text": "Frozen water that falls in white flakes and covers the hills."},
    {"_id": "wind", "title": "Wind", "text": "Air that moves from high to low pressure."},
]


def norm_aware(*arguments, cwd: Path, env=None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "norm_aware.cli", *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    beir = tmp_path / "beir"
    beir.mkdir()
    (beir / "corpus.jsonl").write_text("".join(json.dumps(document) + "\n" for document in CORPUS))
    (beir / "queries.jsonl").write_text(
        json.dumps({"_id": "q1", "text": "What are flakes?", "answers": ["frozen water"]}) + "\n"
        + json.dumps({"_id": "q2", "text": "What moves the air?", "answers": ["pressure"]}) + "\n"
    )  # fmt: skip
    (beir / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tsnow\t1\nq2\twind\t1\n")
    (tmp_path / "plan.yaml").write_text("dataset: beir\nsystems:\n  - {retreiver: dot}\n")
    return tmp_path


def refused(done: subprocess.CompletedProcess[str], message: str) -> None:
    """One line, exit code 2, no stack trace."""
    assert done.returncode == 2, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert message in last
    assert "Traceback" not in done.stderr


def test_documents_are_indexed_found_by_any_similarity_and_not_doubled(folder):
    for embedded, unchanged in ((3, 0), (0, 3)):
        indexed = norm_aware("index", "beir", cwd=folder)
        assert indexed.returncode == 0, indexed.stderr
        assert f"{embedded} documents embedded by raw:all-MiniLM-L6-v2 into 'documents'" in indexed.stdout
        assert f"{unchanged} unchanged, 0 skipped" in indexed.stdout
    for similarity in ("dot", "document_power=0.5"):
        found = norm_aware(
            "search", "What are flakes?", "--similarity", similarity, "--top-k", "2", "--json", cwd=folder
        )
        assert found.returncode == 0, found.stderr
        rows = [json.loads(line) for line in found.stdout.splitlines()]
        assert rows[0]["id"] == "snow"
        assert len(rows) == 2
        assert set(rows[0]) == {"id", "score", "norm", "text"}
    table = norm_aware("search", "What moves?", cwd=folder)
    assert "wind" in table.stdout
    assert table.returncode == 0


def test_what_is_not_indexed_is_counted_and_listed_beside_the_storage(folder):
    (folder / "c.jsonl").write_text('{"_id": "a", "text": "Rain falls."}\n{"_id": "b", "text": ""}\n{\n')
    (folder / "deep").mkdir()
    done = norm_aware("index", "c.jsonl", "--qdrant-path", "deep/data", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "1 new, 0 replaced, 0 unchanged, 2 skipped (1 empty, 1 malformed)" in done.stdout
    assert "Embedding documents: " in done.stderr
    rows = [json.loads(line) for line in (folder / "deep" / "index-manifest.jsonl").read_text().splitlines()]
    assert {row["reason"] for row in rows} == {"empty", "malformed"}
    done = norm_aware("index", "c.jsonl", "--manifest", "m.jsonl", "--dtype", "float32", cwd=folder)
    assert "m.jsonl lists what was skipped" in done.stdout, done.stderr


def test_a_benchmark_writes_its_files_and_its_report_can_be_rendered_again(folder):
    done = norm_aware(
        "benchmark",
        "--dataset",
        "beir",
        "--systems",
        "cosine,dot",
        "--no-answers",
        "--out",
        "run",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert "nDCG@10" in done.stdout
    assert "report.html" in done.stdout
    results = json.loads((folder / "run" / "results.json").read_text())
    assert set(results["systems"]) == {"cosine", "dot"}
    first = (folder / "run" / "report.html").read_bytes()
    (folder / "run" / "report.html").unlink()
    again = norm_aware("report", "run", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert (folder / "run" / "report.html").read_bytes() == first
    shown = norm_aware("report", "run", "--format", "markdown", "--out", "-", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "| nDCG@10 |" in shown.stdout
    assert norm_aware("report", "run/results.json", "--format", "csv", cwd=folder).returncode == 0
    assert (folder / "run" / "report.csv").read_text().startswith("system,query_id,measure,")


def test_a_plan_is_shown_before_it_is_run_and_a_dry_run_stops_there(folder):
    plan = "dataset: beir\nllms: {small: smollm2}\nsystems: [cosine, {retriever: stock, k: 1}, bm25]\n"
    (folder / "plan.yaml").write_text(plan)
    dry = norm_aware("benchmark", "plan.yaml", "--dry-run", "--out", "run", cwd=folder)
    assert dry.returncode == 0, dry.stderr
    for told in ("baseline  cosine", "candidate stock", "answers by small: 6 calls", "into run"):
        assert told in dry.stdout
    assert not (folder / "run").exists()
    gate = ("--gate", "nDCG@10 >= baseline + 2")
    done = norm_aware("benchmark", "plan.yaml", "--out", "run", "--no-answers", *gate, cwd=folder)
    assert done.returncode == 3, done.stderr
    assert "stock: nDCG@10 >= baseline + 2" in done.stdout
    assert done.stdout.index("candidate stock") < done.stdout.index("nDCG@10")
    results = json.loads((folder / "run" / "results.json").read_text())
    assert set(results["systems"]) == {"cosine", "stock", "bm25"}


def test_backfill_makes_an_existing_dot_collection_searchable(folder):
    assert norm_aware("index", "beir", cwd=folder).returncode == 0
    client = EmbeddedClient(folder / "norm-aware-data")
    records, _ = client.scroll("documents", with_vectors=True)
    client.create_collection(
        "old", vectors_config=models.VectorParams(size=384, distance=models.Distance.DOT)
    )
    client.upsert(
        "old",
        [
            models.PointStruct(
                id=r.id, vector=r.vector, payload={k: v for k, v in (r.payload or {}).items() if k != "norm"}
            )
            for r in records
        ],
    )
    client.close()
    search = ("search", "flakes", "--collection", "old", "--json")
    refused(norm_aware(*search, cwd=folder), "norm-aware backfill --collection old")
    done = norm_aware("backfill", "--collection", "old", "--encoder", "offline", cwd=folder)
    assert "Wrote the norm of 3 points" in done.stdout, done.stderr
    assert json.loads(norm_aware(*search, cwd=folder).stdout.splitlines()[0])["id"] == "snow"


def test_a_collection_is_stored_at_a_power_searched_and_rewritten_to_another(folder):
    indexed = norm_aware("index", "beir", "--stored-power", "0", cwd=folder)
    assert indexed.returncode == 0, indexed.stderr
    refused(norm_aware("index", "beir", "--stored-power", "0.5", cwd=folder), "norm-aware store-power 0.5")
    before = norm_aware("search", "What are flakes?", "--json", cwd=folder)
    assert json.loads(before.stdout.splitlines()[0])["id"] == "snow", before.stderr
    for power in ("-0.5", "1"):
        done = norm_aware("store-power", power, cwd=folder)
        assert f"Rewrote 3 points of collection 'documents' to power {power}." in done.stdout, done.stderr
    after = norm_aware("search", "What are flakes?", "--json", cwd=folder)
    assert [json.loads(line)["id"] for line in after.stdout.splitlines()] == [
        json.loads(line)["id"] for line in before.stdout.splitlines()
    ]


WORDS = [
    "rain", "snow", "wind", "hail", "fog", "frost", "storm", "cloud",
    "river", "lake", "ocean", "island", "desert", "forest", "valley", "glacier",
    "volcano", "comet", "planet", "galaxy", "piano", "violin", "trumpet", "drum",
    "harp", "flute", "bread", "cheese", "butter", "honey",
]  # fmt: skip


@pytest.fixture
def judged(tmp_path) -> Path:
    """Thirty documents and a question for each."""
    beir = tmp_path / "words"
    beir.mkdir()
    lines = [{"_id": w, "text": f"The {w} is what this short passage describes. " * (1 + i % 4)}
             for i, w in enumerate(WORDS)]  # fmt: skip
    (beir / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    asked = [{"_id": f"q-{w}", "text": f"Tell me of the {w}, please?"} for w in WORDS]
    (beir / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in asked))
    (beir / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\n" + "".join(f"q-{w}\t{w}\t1\n" for w in WORDS)
    )
    return tmp_path


def test_a_collection_is_diagnosed_calibrated_rewritten_searched_and_brought_back(judged):
    assert norm_aware("index", "words", cwd=judged).returncode == 0
    said = norm_aware("diagnose", "words", "--collection", "documents", "--png", "d.png", cwd=judged)
    assert said.returncode == 0, said.stderr
    assert "Norm and text length" in said.stdout
    assert (judged / "diagnosis.html").read_text().startswith("<!doctype html>")
    assert (judged / "d.png").read_bytes().startswith(b"\x89PNG")

    fitted = norm_aware("calibrate", "words", "--collection", "documents", cwd=judged)
    assert fitted.returncode == 0, fitted.stderr
    for told in (
        "shuffled norm alone",
        "length alone",
        "30 judged queries are few",
        "calibration.safetensors",
    ):
        assert told in " ".join(fitted.stdout.split())

    free = ("calibrate", "--collection", "documents", "--label-free", "--out", "free.safetensors")
    unjudged = norm_aware(*free, cwd=judged)
    assert unjudged.returncode == 0, unjudged.stderr
    assert "without judgements" in unjudged.stdout

    before = norm_aware("search", "Tell me of the harp", "--json", cwd=judged).stdout
    applied = norm_aware("apply", "free.safetensors", cwd=judged)
    assert "Rewrote 30 points" in applied.stdout, applied.stderr
    refused(norm_aware("search", "harp", cwd=judged), "pass that calibration")
    found = norm_aware(
        "search", "Tell me of the harp", "--calibration", "free.safetensors", "--json", cwd=judged
    )
    assert json.loads(found.stdout.splitlines()[0])["id"] == "harp", found.stderr
    undone = norm_aware("apply", "--undo", cwd=judged)
    assert "Rewrote 30 points" in undone.stdout
    assert norm_aware("search", "Tell me of the harp", "--json", cwd=judged).stdout == before


def test_a_calibrated_system_is_benchmarked_on_queries_it_was_not_calibrated_on(judged):
    for arguments in (("--label-free",), ("--hold-out", "10")):
        done = norm_aware("calibrate", "words", *arguments, "--out", "c.safetensors", cwd=judged)
        assert done.returncode == 0, done.stderr
        compared = norm_aware(
            *("benchmark", "--dataset", "words", "--systems", "cosine,calibrated", "--no-answers"),
            *("--calibration", "c.safetensors", "--limit", "10", "--out", f"run{arguments[0]}"),
            cwd=judged,
        )
        assert compared.returncode == 0, compared.stderr
        results = json.loads((judged / f"run{arguments[0]}" / "results.json").read_text())
        assert set(results["systems"]) == {"cosine", "calibrated"}
        assert len(results["configuration"]["calibration"]) == 16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("diagnose",), "Name a folder in BEIR's layout, --collection, or both"),
        (("diagnose", "nowhere"), "nowhere"),
        (("calibrate", "beir"), "2 queries in 2 groups cannot be dealt into 5 folds"),
        (("calibrate", "beir", "--hold-out", "2"), "hold out fewer"),
        (("calibrate", "beir", "--collection", "absent"), "There is no collection 'absent'"),
        (("apply",), "Give the file of a calibration, or --undo"),
        (("apply", "absent.safetensors"), "There is no calibration 'absent.safetensors'"),
        (("search", "x", "--calibration", "beir/qrels.tsv"), ""),
        (("benchmark", "--dataset", "beir", "--systems", "cosine,calibrated"), "needs a calibration"),
        (("index", "nowhere"), "no documents in 'nowhere'"),
        (("index", "beir", "--dtype", "float16"), "dtype: "),
        (("index", "beir", "--ray", "2"), "--ray needs a Qdrant server"),
        (("index", "beir", "--manifest", "no/m.jsonl"), "manifest 'no/m.jsonl' cannot be written"),
        (("search", "x"), "There is no collection 'documents' (there are: none)"),
        (("search", " "), "The query is empty"),
        (("search", "x", "--top-k", "0"), "similarity_top_k: "),
        (("search", "x", "--similarity", "cosin"), "No similarity is named 'cosin'"),
        (("search", "x", "--similarity", "document_power=99"), "document_power is 99.0"),
        (("search",), "Missing"),
        (("search", "x", "--absent"), "No such option"),
        (("benchmark", "--dataset", "nowhere"), "There is no folder 'nowhere'"),
        (("benchmark", "--dataset", "beir", "--systems", "cosine,cosine"), "named twice"),
        (("benchmark", "--dataset", "beir", "--limit", "0", "--no-answers"), "at least 1 is needed"),
        (("benchmark", "--dataset", "beir", "--judge", "smollm2"), "would judge its own answers"),
        (("benchmark", "absent.yaml"), "There is no file 'absent.yaml'"),
        (("benchmark", "beir/qrels.tsv"), "must end in .yaml, .yml or .toml"),
        (("benchmark", "plan.yaml"), "plan.yaml, line 3: 'retreiver' is no key of a system; did you mean"),
        (("benchmark", "plan.yaml", "--systems", "dot"), "--systems was given beside plan.yaml"),
        (("benchmark", "--dataset", "beir", "--llm", "absent.gguf"), "absent.gguf"),
        (("report", "nowhere"), "nowhere"),
        (("report", "nowhere", "--format", "pdf"), "choose one of html, markdown, csv, json"),
        (("index", "beir", "--encoder", "./no-such-model"), "Encoder './no-such-model' cannot be loaded"),
        (
            ("search", "x", "--qdrant-url", "http://127.0.0.1:9"),
            "Qdrant at http://127.0.0.1:9 failed to answer info: no connection",
        ),
        (("backfill", "--collection", "absent"), "There is no collection 'absent'"),
        (("migrate", "--collection", "absent"), "There is no collection 'absent'"),
        (("store-power", "0", "--collection", "absent"), "There is no collection 'absent'"),
        (("store-power", "much"), "Invalid value for '"),
    ],
)
def test_a_users_mistake_ends_in_one_line_and_exit_code_two(folder, arguments, message):
    refused(norm_aware(*arguments, cwd=folder), message)


def test_a_bad_setting_in_the_environment_is_named_without_its_value(folder):
    done = norm_aware("search", "x", cwd=folder, env={"NORM_AWARE_SEED": "sk-secret"})
    refused(done, "seed: ")
    assert "sk-secret" not in done.stderr


def test_a_server_that_fails_now_and_then_is_indexed_and_searched_as_any_other(folder, server):
    server.api_key = "sk-very-secret-key"
    env = {"NORM_AWARE_QDRANT_URL": server.url, "NORM_AWARE_QDRANT_API_KEY": server.api_key}
    server.fail("PUT .*/points$", drop="after", then=server.restart)
    server.fail("query(/batch)?$", status=503)
    indexed = norm_aware("index", "beir", cwd=folder, env=env)
    assert indexed.returncode == 0, indexed.stderr
    assert "Trying again in" in indexed.stderr
    found = norm_aware("search", "What are flakes?", "--json", cwd=folder, env=env)
    assert json.loads(found.stdout.splitlines()[0])["id"] == "snow", found.stderr
    assert server.engine.count("documents").count == 3
    wrong = norm_aware("search", "x", cwd=folder, env={**env, "NORM_AWARE_QDRANT_API_KEY": "sk-wrong"})
    refused(wrong, "401 Unauthorized, Invalid API key or JWT")
    assert not [key for key in ("sk-very", "sk-wrong") if key in indexed.stderr + found.stderr + wrong.stderr]


def test_a_cosine_collection_is_migrated_killed_resumed_switched_and_then_deleted(folder, server):
    embedding = offline.encoder()
    nodes = [TextNode(text=f"{CORPUS[i % 3]['text']} {i}") for i in range(300)]
    for node, vector in zip(nodes, embedding.get_text_embedding_batch([n.text for n in nodes]), strict=True):
        node.embedding = vector
    client = QdrantClient(url=server.url, check_compatibility=False)
    QdrantVectorStore("old", client=client).add(nodes)
    client.close()
    command = ("migrate", "--collection", "old", "--qdrant-url", server.url)

    server.fail("PUT /collections/old-norm-aware/points$", times=1)  # the first batch passes
    killed = threading.Event()
    server.fail("PUT /collections/old-norm-aware/points$", drop="after", then=killed.set)
    process = subprocess.Popen([sys.executable, "-m", "norm_aware.cli", *command], cwd=folder)
    assert killed.wait(120)
    process.kill()
    process.wait()
    held = server.engine.count("old-norm-aware").count
    assert 0 < held < 300

    resumed = norm_aware(*command, "--switch", "docs", cwd=folder)
    assert resumed.returncode == 0, resumed.stderr
    said = " ".join(resumed.stdout.split())
    assert f"Embedded the texts of {300 - held} of 300 points" in said
    assert f"{held} were there already" in said
    assert "'docs' stands for 'old-norm-aware'" in said
    assert server.engine.count("old-norm-aware").count == 300
    assert server.engine.count("old").count == 300
    found = norm_aware(
        *("search", "flakes", "--collection", "docs", "--json", "--qdrant-url", server.url), cwd=folder
    )
    assert "flakes" in json.loads(found.stdout.splitlines()[0])["text"], found.stderr

    unsure = norm_aware(*command, "--delete-old", cwd=folder)
    assert unsure.returncode == 130
    assert server.engine.collection_exists("old")
    sure = norm_aware(*command, "--delete-old", "--yes", "--switch", "old", cwd=folder)
    assert "Deleted 'old'" in sure.stdout, sure.stderr
    assert "'old' stands for 'old-norm-aware'" in sure.stdout
    assert server.engine.count("old").count == 300


def test_help_teaches_every_command(folder):
    top = norm_aware("--help", cwd=folder)
    assert top.returncode == 0
    for command in (
        "index", "search", "diagnose", "calibrate", "apply", "benchmark", "report", "compare", "gate",
        "backfill", "migrate",
    ):  # fmt: skip
        assert command in top.stdout
        shown = norm_aware(command, "--help", cwd=folder)
        assert shown.returncode == 0
        assert "--help" in shown.stdout
