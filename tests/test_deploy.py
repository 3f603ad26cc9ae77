"""The compose files and the figures of docs/scale.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCS = Path(__file__).parents[1] / "docs"
SCALE = (DOCS / "scale.md").read_text()


def compose(name: str) -> dict[str, Any]:
    return yaml.safe_load((DOCS / "deploy" / f"compose.{name}.yaml").read_text())


@pytest.mark.parametrize("name", ["single", "cluster"])
def test_every_server_has_a_key_from_the_environment_storage_of_its_own_and_a_health_check(name):
    found = compose(name)
    mounted = []
    for service in found["services"].values():
        assert re.fullmatch(r"qdrant/qdrant:v1\.(1[6-9]|[2-9]\d)\.\d+", service["image"])
        key = service["environment"]["QDRANT__SERVICE__API_KEY"]
        assert key.startswith("${QDRANT_API_KEY:?")
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert "/readyz" in service["healthcheck"]["test"][1]
        (volume,) = service["volumes"]
        source, _, target = volume.partition(":")
        assert target == "/qdrant/storage"
        mounted.append(source)
    assert set(mounted) == set(found["volumes"])
    assert len(set(mounted)) == len(found["services"]) == {"single": 1, "cluster": 3}[name]


def test_the_cluster_is_begun_by_one_node_and_joined_by_two_over_a_port_that_is_not_published():
    services = compose("cluster")["services"]
    joined = []
    for name, service in services.items():
        command = service["command"]
        assert command[command.index("--uri") + 1] == f"http://{name}:6335"
        assert service["environment"]["QDRANT__CLUSTER__ENABLED"] == "true"
        assert not any("6335" in port for port in service["ports"])
        if "--bootstrap" in command:
            joined.append(command[command.index("--bootstrap") + 1])
            assert "qdrant-1" in service["depends_on"]
    assert joined == ["http://qdrant-1:6335"] * 2


def test_the_sizes_the_page_shows_are_those_its_function_computes():
    (block,) = re.findall(r"```python\n(def sizes.*?)```", SCALE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(block, "scale.md", "exec"), names)  # noqa: S102
    table = re.findall(r"^\| ([a-z][^|]*) \| ([\d.]+) \| ([\d.]+) \|$", SCALE, re.MULTILINE)
    expected = [(name, str(names["ten"][name]), str(names["hundred"][name])) for name in names["ten"]]
    assert table == expected
    assert names["ten"]["rule, all in memory"] == round(10e6 * 768 * 4 * 1.5 / 1e9, 1)
