"""The settings page downloads, shows and deletes language models."""

from dataclasses import dataclass, replace

import pytest

from kb.bootstrap import App
from kb.domain.errors import ModelError
from kb.domain.models import InstalledModel, ServerStatus
from kb.ui import model_list, model_status
from kb.ui.text import plain
from tests.fake_models import FakeModelServer, FakeModelStore
from tests.pages.conftest import OpenPage
from tests.pages.reading import confirm, told
from tests.unit.test_pulls import awaited, ended

OLLAMA = "http://127.0.0.1:11434"
SMALL = InstalledModel(
    name="small:1b",
    size_bytes=815_000_000,
    parameters="1B",
    remote=False,
    server=OLLAMA,
    trained_tokens=40_960,
    window_tokens=8192,
    loaded=True,
)
ELSEWHERE = InstalledModel(
    name="big@box.local:8080",
    known_as="big",
    size_bytes=None,
    parameters="",
    remote=False,
    server="http://box.local:8080",
    window_tokens=4096,
)
CLOUD = InstalledModel(name="kimi:cloud", size_bytes=None, parameters="", remote=True)


@dataclass(kw_only=True)
class KnownServer(FakeModelServer):
    """Says what it was given."""

    known: ServerStatus

    def status(self) -> ServerStatus:
        """That."""
        return self.known


def ollama(*models: InstalledModel) -> ServerStatus:
    return ServerStatus(address=OLLAMA, answers=True, version="0.31.2", models=models)


def use(app: App, status: ServerStatus) -> None:
    app.model_server = KnownServer(known=status)
    model_status.ask_anew()


def store(app: App) -> FakeModelStore:
    assert isinstance(app.pulls.store, FakeModelStore)
    return app.pulls.store


def test_each_model_is_shown_with_size_window_and_whether_it_is_loaded(
    app: App, open_page: OpenPage
) -> None:
    use(app, ollama(SMALL, CLOUD))
    shown = told(open_page("settings"))
    assert plain("Ollama 0.31.2") in shown
    assert (
        plain("1B parameters · 815.0 MB · window of 8,192 tokens, made for 40,960 · loaded")
        in shown
    )
    assert plain("on the internet: not used") in shown


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (replace(SMALL, loaded=False, trained_tokens=8192), "window of 8,192 tokens"),
        (replace(SMALL, loaded=False), "not loaded"),
        (ELSEWHERE, "at box.local"),
    ],
)
def test_what_is_known_of_a_model_is_told(model: InstalledModel, expected: str) -> None:
    assert expected in model_list.facts(model)


def test_two_servers_are_told_of_and_the_absence_of_ollama_in_passing(
    app: App, open_page: OpenPage
) -> None:
    away = ServerStatus(address=OLLAMA, problem="Ollama is not running.")
    second = ServerStatus(
        address="http://box.local:8080", kind="vLLM", answers=True, models=(ELSEWHERE,)
    )
    use(app, replace(second, servers=(away, second)))
    page = open_page("settings")
    assert plain("Ollama is not running.") in [each.value for each in page.caption]
    assert not page.warning
    assert f"vLLM answers at {plain('http://box.local:8080')}" in told(page)
    picker = next(s for s in page.selectbox if s.label == "Answers written by")
    assert picker.options == ["big", "Quotes only"]
    assert not any(button.label == "Download" for button in page.button)
    assert not any(button.label == "Delete" for button in page.button)


def test_a_model_is_downloaded_with_progress_that_another_tab_sees_too(
    app: App, open_page: OpenPage
) -> None:
    use(app, ollama())
    page = open_page("settings")
    assert page.text_input(key="pull-name-False").value == "qwen3:4b"
    next(b for b in page.button if b.label == "Download").click().run()
    assert store(app).names == ["qwen3:4b"]
    store(app).pulls[0].tell(10_000_000, 2_600_000_000)
    store(app).pulls[0].tell(1_300_000_000, 2_600_000_000)
    awaited(app.pulls, lambda pull: pull.progress.share == 0.5)
    for tab in (page.run(), open_page("settings")):
        bar = tab.get("progress")[0].proto
        assert bar.value == 50
        assert bar.text.startswith(f"{plain('qwen3:4b')}: 1,300 of 2,600 MB")
        assert not any(button.label == "Download" for button in tab.button)
    store(app).pulls[0].end()
    ended(app.pulls)
    page.run()
    assert f"{plain('qwen3:4b')} is installed." in page.success[0].value
    page.button(key="forget-pull").click().run()
    assert not page.success


def test_a_download_is_cancelled_and_gone_on_with(app: App, open_page: OpenPage) -> None:
    use(app, ollama())
    app.pulls.start("small:1b")
    store(app).pulls[0].tell(25, 100)
    awaited(app.pulls, lambda pull: pull.progress.share == 0.25)
    page = open_page("settings")
    page.button(key="cancel-pull").click().run()
    assert store(app).pulls[0].closed.is_set()
    assert "was cancelled at 25%" in told(page)
    page.button(key="pull-again").click().run()
    assert store(app).names == ["small:1b", "small:1b"]
    assert page.get("progress")


def test_a_download_that_fails_is_told_with_a_way_out(app: App, open_page: OpenPage) -> None:
    use(app, ollama())
    app.pulls.start("small:1b")
    store(app).pulls[0].fail(ModelError("It [stopped](http://x).", advice="Again."))
    ended(app.pulls)
    page = open_page("settings")
    assert page.error[0].value == plain("It [stopped](http://x). Again.")
    assert page.button(key="pull-again")


def test_what_cannot_be_downloaded_is_told(app: App, open_page: OpenPage) -> None:
    use(app, ollama())
    store(app).trouble = ModelError("That is no name.")
    page = open_page("settings")
    next(b for b in page.button if b.label == "Download").click().run()
    assert page.error[0].value == plain("That is no name.")


def test_a_model_is_deleted_only_after_it_was_confirmed(app: App, open_page: OpenPage) -> None:
    use(app, ollama(SMALL))
    page = open_page("settings")
    confirm(page, "delete-model-0", "keep-model")
    assert store(app).deleted == []
    confirm(page, "delete-model-0", "confirm-delete-model")
    assert store(app).deleted == ["small:1b"]
