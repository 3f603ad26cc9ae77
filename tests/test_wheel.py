"""What is published, which is the wheel and not the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    package = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "norm_aware").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"norm_aware/py.typed", "norm_aware/benchmark/report/report.html.jinja"} <= package
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == package


def test_the_wheel_carries_its_licence_and_command_and_keeps_heavy_parts_in_extras(wheel):
    names = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    assert "LICENSE" in names
    assert "norm-aware = norm_aware.cli:main" in wheel.read(names["entry_points.txt"]).decode()
    metadata = Parser().parsestr(wheel.read(names["METADATA"]).decode())
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert not [line for line in required if line.startswith(("ragas", "xllamacpp", "gt-all", "pytest"))]
    assert {"benchmark", "offline", "dev"} <= set(metadata.get_all("Provides-Extra", []))
