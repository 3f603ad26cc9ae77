"""A job on a local Ray cluster of two processors, run by tests in a process of its own."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.conftest import HashEmbedding


class SlowEmbedding(HashEmbedding):
    """Leaves a test the time to kill its process in between."""

    def _get_text_embeddings(self, texts):
        time.sleep(0.02)
        return super()._get_text_embeddings(texts)

    @classmethod
    def class_name(cls) -> str:
        return "HashEmbedding"


SlowEmbedding.__name__ = "HashEmbedding"  # the contract's name for it


class OpenStore:
    """Says which process it was called in."""

    def __init__(self, url: str, pids: Path) -> None:
        self.url, self.pids = url, pids

    def __call__(self, model_name: str = "hash"):
        from qdrant_client import QdrantClient

        from norm_aware import NormAwareVectorStore

        (self.pids / str(os.getpid())).touch()
        client = QdrantClient(url=self.url, check_compatibility=False)
        return NormAwareVectorStore("docs", client=client, embed_model=SlowEmbedding(model_name=model_name))


class OtherEncoder(OpenStore):
    """Opens the same collection with another encoder."""

    def __call__(self):
        return super().__call__("other")


def main(source: str, url: str, folder: str) -> None:
    import ray

    from norm_aware import IndexOptions, ray_index
    from norm_aware.errors import ContractError
    from norm_aware.ingestion.on_ray import RayWorkers

    root = str(Path(__file__).parents[2])
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=100 << 20,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": f"{root}:{root}/src"}},
    )
    summary = ray_index(
        source,
        OpenStore(url, Path(folder)),
        workers=RayWorkers(2, cpus=0.5),
        options=IndexOptions(window=32, upload_size=8, uploaders=2, chunk_size=64),
        manifest=Path(folder) / "manifest.jsonl",
    )
    print(f"summary: {summary}", flush=True)  # Ray writes to the same place
    try:
        ray_index(source, OtherEncoder(url, Path(folder)))
    except ContractError as error:
        print(f"refused: {error}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
