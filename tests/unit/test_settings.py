"""Environment, then settings file, then default."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kb.domain.errors import InvalidInputError
from kb.settings import (
    SETTINGS_FILE,
    Settings,
    environment_name,
    load_settings,
    save_setting,
    setting_rows,
)


def kept(folder: Path, **values: Any) -> None:
    (folder / SETTINGS_FILE).write_text(json.dumps(values), encoding="utf-8")


def loaded(home: Path, **environment: str) -> Settings:
    return load_settings({"KB_HOME": str(home), **environment})


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert loaded(tmp_path) == Settings(home=tmp_path.resolve())


def test_the_file_comes_before_the_default(tmp_path: Path) -> None:
    kept(tmp_path, port=9000, chat_model="quotes")
    settings = loaded(tmp_path)
    assert (settings.port, settings.chat_model) == (9000, "quotes")


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    kept(tmp_path, port=9000, chat_model="quotes")
    settings = loaded(tmp_path, KB_PORT="9100")
    assert (settings.port, settings.chat_model) == (9100, "quotes")


def test_an_empty_variable_counts_as_none(tmp_path: Path) -> None:
    kept(tmp_path, port=9000)
    assert loaded(tmp_path, KB_PORT="").port == 9000


def test_a_home_that_is_given_comes_before_the_environment(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    kept(given, port=9000)
    settings = load_settings({"KB_HOME": str(tmp_path)}, home=given)
    assert (settings.home, settings.port) == (given.resolve(), 9000)


def test_the_file_cannot_move_the_home(tmp_path: Path) -> None:
    kept(tmp_path, home="elsewhere")
    assert loaded(tmp_path).home == tmp_path.resolve()


def test_a_home_under_the_users_folder_is_found() -> None:
    assert load_settings({"KB_HOME": "~/quire"}).home == (Path.home() / "quire").resolve()


def test_what_a_later_version_kept_is_passed_over(tmp_path: Path) -> None:
    kept(tmp_path, port=9000, unheard_of=[1])
    assert loaded(tmp_path).port == 9000


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe\x00", b"[1]", b"null"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(content)
    with pytest.raises(InvalidInputError) as raised:
        loaded(tmp_path)
    assert str(tmp_path / SETTINGS_FILE) in str(raised.value)
    assert "Mend or delete it." in str(raised.value)


@pytest.mark.parametrize("value", ["many", "8.5", 8.5, True, None, [8501], {"a": 1}])
def test_a_number_of_the_wrong_type_is_named(tmp_path: Path, value: object) -> None:
    kept(tmp_path, port=value)
    with pytest.raises(InvalidInputError, match=r"KB_PORT cannot be .* Give a whole number\."):
        loaded(tmp_path)


@pytest.mark.parametrize("value", [5, True, None, ["http://127.0.0.1"]])
def test_a_text_of_the_wrong_type_is_named(tmp_path: Path, value: object) -> None:
    kept(tmp_path, ollama_host=value)
    with pytest.raises(InvalidInputError, match=r"OLLAMA_HOST cannot be .* Give a text\."):
        loaded(tmp_path)


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="KB_EMBEDDING_THREADS cannot be 'all'"):
        loaded(tmp_path, KB_EMBEDDING_THREADS="all")


def test_saving_keeps_one_value_and_leaves_the_others(tmp_path: Path) -> None:
    home = tmp_path / "new"
    save_setting(home, "chat_model", "größer:4b")
    save_setting(home, "port", 9000)
    save_setting(home, "chat_model", "quotes")
    settings = loaded(home)
    assert (settings.chat_model, settings.port) == ("quotes", 9000)
    assert [path.name for path in home.iterdir()] == [SETTINGS_FILE]


def test_a_save_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    save_setting(tmp_path, "port", 9000)
    with pytest.raises(TypeError):
        save_setting(tmp_path, "chat_model", object())  # type: ignore[arg-type]
    assert loaded(tmp_path).port == 9000


def test_a_damaged_file_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(b"{")
    with pytest.raises(InvalidInputError):
        save_setting(tmp_path, "port", 9000)
    assert (tmp_path / SETTINGS_FILE).read_bytes() == b"{"


def test_every_setting_has_a_variable_and_a_meaning() -> None:
    rows = setting_rows()
    assert [env for env, _, _ in rows] == [environment_name(f.name) for f in fields(Settings)]
    assert len({env for env, _, _ in rows}) == len(rows)
    assert all(meaning.endswith(".") for _, _, meaning in rows)
    assert all(isinstance(getattr(Settings(), f.name), str | int | Path) for f in fields(Settings))
