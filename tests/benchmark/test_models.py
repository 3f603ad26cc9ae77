"""The models of a run: opened by their names, started by their first call, told from one another."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from norm_aware.benchmark.llms.llama_server import LlamaServer, packaged_smollm2
from norm_aware.benchmark.llms.usage import Price
from norm_aware.benchmark.models import ModelSpec, open_models
from norm_aware.errors import BenchmarkError, LLMError, MissingExtraError
from tests.benchmark.fake_openai import FakeOpenAI

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def smollm2():
    try:
        return packaged_smollm2()
    except MissingExtraError as error:
        pytest.skip(str(error))


def test_models_served_here_are_known_without_being_started(static, smollm2, monkeypatch):
    def never(_self):
        raise AssertionError("a server was started")

    monkeypatch.setattr(LlamaServer, "_start", never)
    again = ModelSpec(str(smollm2))
    with open_models(static, llm=ModelSpec("smollm2"), judge=again, same_judge=True) as (models, notes):
        assert models.llm.fingerprint
        assert models.judge.fingerprint
        assert notes["llm"] == notes["judge"] == smollm2.name


def test_models_answer_by_the_names_that_systems_call_them(static):
    with FakeOpenAI() as fake:
        spec = ModelSpec("large", fake.base_url, SecretStr(KEY), price=Price(1, 2))
        named = {"first": spec, "second": ModelSpec("small", fake.base_url, SecretStr(KEY))}
        with open_models(static, llm=spec, llms=named) as (models, notes):
            assert models.llms["first"] is models.llm  # one model by two names is one connection
            assert models.llms["second"].answer("Where?", []) == "Paris"
            assert models.llms["second"].fingerprint != models.llm.fingerprint
            assert notes["llms"] == {"first": "large", "second": "small"}
            assert KEY not in repr(notes) + repr(models)
    assert fake.requests[0]["model"] == "small"


def test_without_a_model_there_is_none(static):
    with open_models(static, llm=None) as (models, notes):
        assert (models.llm, dict(models.llms), models.judge) == (None, {}, None)
        assert (notes["llm"], notes["judge"]) == (None, None)


def test_no_model_judges_its_own_answers_unless_its_user_insists(static):
    with FakeOpenAI() as fake:
        one = ModelSpec("one", fake.base_url)
        same = ModelSpec("one", fake.base_url, SecretStr(KEY), temperature=0.7)
        other = ModelSpec("other", fake.base_url)
        for options in ({"llm": one}, {"llm": None, "llms": {"first": other, "second": one}}):
            refused = pytest.raises(BenchmarkError, match="one would judge answers that one wrote")
            with refused, open_models(static, judge=same, **options):
                pass
            with open_models(static, judge=same, same_judge=True, **options) as (models, _):
                assert models.judge is not None
        with open_models(static, llm=one, judge=other) as (models, _):
            assert models.judge is not None


def test_a_missing_key_shows_before_anything_is_done(static, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with FakeOpenAI() as fake:
        one = ModelSpec("one", fake.base_url)
        for options in ({"llm": ModelSpec("gpt-4o-mini")}, {"llm": one, "judge": ModelSpec("gpt-4o")}):
            with pytest.raises(LLMError, match="needs an API key"), open_models(static, **options):
                pass
