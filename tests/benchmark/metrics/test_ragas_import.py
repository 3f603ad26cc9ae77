"""RAGAS's import: what is missing is named, with what to install."""

import subprocess
import sys

import pytest

from norm_aware.benchmark.metrics.ragas_import import require_ragas
from norm_aware.errors import MissingExtraError


@pytest.mark.parametrize("package", ["ragas", "rapidfuzz", "rouge_score", "sacrebleu"])
def test_a_missing_package_names_the_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package}.*norm-aware\[benchmark\]"):
        require_ragas()


def test_a_langchain_that_ragas_does_not_work_with_names_the_one_that_does():
    program = """
import sys
sys.modules["langchain_community.chat_models.vertexai"] = None
from norm_aware.benchmark.metrics.ragas_import import require_ragas
require_ragas()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stderr.rstrip().endswith("install langchain-community==0.4.1 with pip.")
    assert "MissingExtraError" in done.stderr
