from __future__ import annotations

import subprocess
import sys

import pytest

import norm_aware


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in out.stdout.split()}


def third_party(modules: set[str]) -> set[str]:
    return {name for name in modules if name not in sys.stdlib_module_names and not name.startswith("_")}


def test_importing_the_package_loads_nothing_heavier_than_numpy():
    assert third_party(loaded_after("import norm_aware")) <= {"norm_aware", "numpy"}
    assert third_party(loaded_after("from norm_aware import COSINE, PowerSimilarity")) <= {
        "norm_aware",
        "numpy",
    }


def test_helping_on_the_command_line_loads_no_model_library():
    heavy = {"torch", "llama_index", "qdrant_client", "ragas", "sentence_transformers"}
    assert not heavy & loaded_after("import norm_aware.cli")


def test_every_public_name_is_there():
    for name in norm_aware.__all__:
        assert getattr(norm_aware, name) is not None
    assert set(norm_aware.__all__) <= set(dir(norm_aware))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        norm_aware.absent  # noqa: B018


def test_every_error_is_a_norm_aware_error():
    from norm_aware import errors

    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    assert len(classes) > 10
    assert all(issubclass(error, norm_aware.NormAwareError) for error in classes)
