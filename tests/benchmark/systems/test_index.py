from __future__ import annotations

import pytest

from norm_aware.benchmark.systems.index import COLLECTION, open_index
from norm_aware.errors import CollectionError
from tests.benchmark.test_collect import DATASET, WORDS, silent


def test_a_complete_index_is_opened_and_an_incomplete_one_built_anew(static, tmp_path):
    _, client = open_index(DATASET, static, tmp_path / "index", progress=silent)
    client.close()
    stages: list[str] = []
    _, client = open_index(
        DATASET, static, tmp_path / "index", progress=lambda stage, *_: stages.append(stage)
    )
    assert stages == []
    client.delete(COLLECTION, points_selector=[point.id for point in client.scroll(COLLECTION, limit=1)[0]])
    client.close()
    _, client = open_index(
        DATASET, static, tmp_path / "index", progress=lambda stage, *_: stages.append(stage)
    )
    assert stages
    assert client.count(COLLECTION).count == len(WORDS)
    client.close()


def test_storage_that_another_process_holds_is_refused(static, tmp_path):
    _, client = open_index(DATASET, static, tmp_path / "index", progress=silent)
    with pytest.raises(CollectionError, match="in use by another process"):
        open_index(DATASET, static, tmp_path / "index", progress=silent)
    client.close()
