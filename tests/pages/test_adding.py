"""The library page's ways to add: files, folders, a text, web pages, watched folders."""

import os
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from kb.bootstrap import App
from kb.domain.documents import Document
from kb.domain.errors import WebPageError
from kb.domain.sources import Source, SourceState
from kb.ports import FetchedPage
from kb.ui.uploads import HELP
from tests.open_apps import work_off
from tests.pages.conftest import OpenPage
from tests.pages.reading import told

PAGE = "https://example.org/guide/start"


class Web:
    """One page of the web."""

    def fetch(self, url: str, follow: Callable[[str], bool] = bool) -> FetchedPage:
        """The page, under its own address only."""
        if url != PAGE:
            raise WebPageError("There is no such page.", subject=url)
        return FetchedPage(url=PAGE, content=b"<html><body><p>The guide begins.</p></body></html>")


def choose(page: AppTest, way: str) -> AppTest:
    page.segmented_control(key="adding-way").set_value(way).run()
    assert not page.exception
    return page


def submit(page: AppTest, label: str, **fields: str) -> None:
    for name, value in fields.items():
        field = next(f for f in (*page.text_input, *page.text_area) if f.label.lower() == name)
        field.set_value(value)
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception


def documents(app: App) -> dict[str, Document]:
    base = app.workspace().knowledge_bases.first()
    return {each.document.name: each.document for each in app.workspace().documents.listed(base.id)}


def sources(app: App) -> list[Source]:
    return app.workspace().sources.of(app.workspace().knowledge_bases.first().id)


def test_files_come_first_and_the_help_names_what_is_read(open_page: OpenPage) -> None:
    page = open_page("library")
    assert page.file_uploader[0].help == HELP
    assert all(kind in HELP for kind in ("PDF", "Word", "Excel", "PowerPoint", "mail"))


def test_a_folder_is_added_with_the_names_of_its_files_in_it(app: App, open_page: OpenPage) -> None:
    page = choose(open_page("library"), "Folder")
    files = [
        ("letters/one.txt", b"One.", "text/plain"),
        ("letters/old/two.txt", b"Two.", "text/plain"),
    ]
    page.file_uploader[0].set_value(files).run()
    assert sorted(documents(app)) == ["letters/old/two.txt", "letters/one.txt"]
    assert page.file_uploader[0].value == []


def test_many_files_that_are_there_already_are_told_of_in_one_sentence(
    app: App, open_page: OpenPage
) -> None:
    files = [(f"{number}.txt", f"Text {number}.".encode(), "text/plain") for number in range(9)]
    page = open_page("library")
    page.file_uploader[0].set_value(files).run()
    page.file_uploader[0].set_value(files).run()
    assert [toast.value for toast in page.toast] == ["9 files were already there\\."]


def test_a_text_becomes_a_document_and_the_same_title_again_a_version(
    app: App, open_page: OpenPage
) -> None:
    page = choose(open_page("library"), "Text")
    submit(page, "Add", title="Minutes", text="We met in May.")
    work_off(app)
    assert documents(app)["Minutes.txt"].version == 1
    submit(page, "Add", title="Minutes", text="We met in June.")
    work_off(app)
    assert documents(app)["Minutes.txt"].version == 2
    submit(page, "Add", title="Plan.md", text="# Plan\n\nWalk.")
    assert "Plan.md" in documents(app)


def test_a_text_needs_a_title_and_words(app: App, open_page: OpenPage) -> None:
    page = choose(open_page("library"), "Text")
    submit(page, "Add", title=" ", text="Words.")
    assert "Give it a title and a text." in told(page)
    assert not documents(app)


def test_the_web_is_switched_off_at_first_and_the_way_to_settings_shown(
    app: App, open_page: OpenPage
) -> None:
    page = choose(open_page("library"), "Web pages")
    assert "until you allow it in Settings" in told(page)
    assert [link.proto.page for link in page.get("page_link")] == ["settings"]
    assert not page.text_input(key="library-search") if documents(app) else True


def test_a_page_is_added_by_its_address(app: App, open_page: OpenPage) -> None:
    app.web_pages = Web()
    app.workspace().sources.switch_web(on=True)
    page = choose(open_page("library"), "Web pages")
    submit(page, "Add", address=PAGE)
    assert list(documents(app)) == ["example.org/guide/start"]


def test_a_page_that_cannot_be_had_is_told_in_its_sentence(app: App, open_page: OpenPage) -> None:
    app.web_pages = Web()
    app.workspace().sources.switch_web(on=True)
    page = choose(open_page("library"), "Web pages")
    submit(page, "Add", address="https://example.org/none")
    assert "There is no such page" in told(page)
    assert not documents(app)


def test_a_section_of_a_site_is_added_as_a_source(app: App, open_page: OpenPage) -> None:
    app.workspace().sources.switch_web(on=True)
    page = choose(open_page("library"), "Web pages")
    next(s for s in page.selectbox if s.label == "How much").set_value(2)
    submit(page, "Add", address=PAGE)
    assert [(source.address, source.depth) for source in sources(app)] == [(PAGE, 2)]
    assert "1 web site" in [box.label for box in page.expander]


def test_a_folder_is_watched_stopped_resumed_and_forgotten(
    app: App, open_page: OpenPage, tmp_path: Path
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    page = choose(open_page("library"), "Watched folder")
    submit(page, "Watch", folder=str(folder))
    (source,) = sources(app)
    assert "Watching" in told(page)
    page.button(key=f"source-Stop-{source.id}").click().run()
    assert sources(app)[0].state is SourceState.STOPPED
    assert "Stopped" in told(page)
    page.button(key=f"source-Resume-{source.id}").click().run()
    assert sources(app)[0].state is SourceState.ACTIVE
    page.button(key=f"source-Remove-{source.id}").click().run()
    assert not sources(app)
    assert not page.expander


def test_a_folder_that_is_not_there_is_refused_in_a_sentence(open_page: OpenPage) -> None:
    page = choose(open_page("library"), "Watched folder")
    submit(page, "Watch", folder="/there/is/none")
    assert "There is no such folder" in told(page)


def test_a_watched_folder_that_went_away_shows_its_problem(
    app: App, open_page: OpenPage, tmp_path: Path
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    base = app.workspace().knowledge_bases.first()
    (folder / "a.txt").write_text("Ants.")
    os.utime(folder / "a.txt", (1, 1))
    app.workspace().sources.watch(base.id, str(folder))
    app.collector.look()
    (folder / "a.txt").rename(tmp_path / "a.txt")
    app.collector.look()
    page = open_page("library")
    assert "1 watched folder, 1 with a problem" in [box.label for box in page.expander]
    assert ":red[" in told(page)
