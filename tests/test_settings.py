from __future__ import annotations

import os

import pytest

from norm_aware import Settings
from norm_aware.errors import SettingsError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_defaults_need_nothing():
    settings = Settings()
    assert (settings.encoder, settings.similarity, settings.qdrant_url) == ("offline", None, None)


def test_arguments_win_over_the_environment_over_dotenv_over_toml_over_defaults(empty_folder, monkeypatch):
    (empty_folder / "norm-aware.toml").write_text(
        "similarity_top_k = 1\ncontext_k = 1\nseed = 1\nbatch_size = 1\n"
    )
    (empty_folder / ".env").write_text(
        "NORM_AWARE_SIMILARITY_TOP_K=2\nNORM_AWARE_CONTEXT_K=2\nNORM_AWARE_SEED=2\n"
    )
    monkeypatch.setenv("NORM_AWARE_SIMILARITY_TOP_K", "3")
    monkeypatch.setenv("NORM_AWARE_CONTEXT_K", "3")
    settings = Settings(similarity_top_k=4)
    assert (settings.similarity_top_k, settings.context_k, settings.seed, settings.batch_size) == (4, 3, 2, 1)
    assert settings.answer_tokens == 48


def test_another_toml_file_may_be_named_and_must_exist(empty_folder, monkeypatch):
    other = empty_folder / "other.toml"
    other.write_text('similarity = "dot"\n')
    monkeypatch.setenv("NORM_AWARE_CONFIG", str(other))
    assert Settings().similarity == "dot"
    other.unlink()
    with pytest.raises(SettingsError, match="other.toml', which is not a file"):
        Settings()


def test_an_unknown_name_is_refused_wherever_it_stands(empty_folder, monkeypatch):
    with pytest.raises(SettingsError, match="similarty is no setting; the settings are encoder,"):
        Settings(similarty="dot")
    (empty_folder / "norm-aware.toml").write_text("top_k = 3\n")
    with pytest.raises(SettingsError, match="top_k is no setting"):
        Settings()
    (empty_folder / "norm-aware.toml").unlink()
    (empty_folder / ".env").write_text("NORM_AWARE_TOPK=3\n")
    with pytest.raises(SettingsError, match="topk is no setting"):
        Settings()
    (empty_folder / ".env").write_text("OTHER_TOOL=3\n")
    Settings()
    monkeypatch.setenv("NORM_AWARE_SIMILARTY", "dot")
    with pytest.raises(SettingsError, match="NORM_AWARE_SIMILARTY is no setting"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("similarity_top_k", 0), ("similarity", "cosin"), ("timeout", -1), ("seed", "x"), ("collection", "")],
)
def test_a_bad_value_is_refused_by_the_settings_name(name, value):
    with pytest.raises(SettingsError, match=f"^{name}: "):
        Settings(**{name: value})


def test_broken_toml_is_refused_by_its_file(empty_folder):
    (empty_folder / "norm-aware.toml").write_text("similarity = \n")
    with pytest.raises(SettingsError, match="norm-aware.toml is not valid TOML"):
        Settings()


def test_secrets_are_never_shown(monkeypatch):
    monkeypatch.setenv("NORM_AWARE_LLM_API_KEY", "sk-very-secret")
    settings = Settings()
    assert settings.llm_api_key is not None
    assert settings.llm_api_key.get_secret_value() == "sk-very-secret"
    assert "sk-very-secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    with pytest.raises(SettingsError) as caught:
        Settings(qdrant_api_key=["sk-very-secret"])
    assert "sk-very-secret" not in str(caught.value)


def test_settings_do_not_change_once_made():
    with pytest.raises(ValueError, match="frozen"):
        Settings().seed = 3  # type: ignore[misc]


def test_the_data_folders_variable_is_no_setting(monkeypatch):
    monkeypatch.setenv("NORM_AWARE_DATA", os.devnull)
    Settings()
