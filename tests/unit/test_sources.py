"""Watched folders keep a knowledge base in step; sites are taken in once, if the web is allowed."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kb.bootstrap import App
from kb.domain.documents import DocumentState
from kb.domain.errors import InvalidInputError, NotAllowedError, QuireError, WebPageError
from kb.domain.sources import Source, SourceState
from kb.ports import FetchedPage
from kb.services import collecting, folder_files
from kb.services.sources import page_name
from tests.house import BRIDGE, GARDEN, SCANNED, House, in_house, zipped
from tests.open_apps import DirectReader, work_off

SITE = "https://bridges.invalid/all/"


@pytest.fixture
def house(app: App) -> House:
    return in_house(app)


@dataclass
class Folder:
    """A watched folder, and what the knowledge base has of it."""

    house: House
    path: Path
    source: Source

    def write(self, name: str, text: str, *, age: float = 60) -> Path:
        """A file that was changed `age` seconds ago."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        changed = time.time() - age
        os.utime(path, (changed, changed))
        return path

    def look(self) -> Source:
        """Look at it once and do what is to do; the source as it is then."""
        self.house.app.collector.look()
        work_off(self.house.app)
        (source,) = (
            s for s in self.house.workspace.sources.of(self.house.base_id) if s.id == self.source.id
        )
        return source

    def names(self) -> list[str]:
        """The documents that are ready."""
        listed = self.house.workspace.documents.listed(self.house.base_id)
        return [one.document.name for one in listed if one.document.state is DocumentState.READY]


@pytest.fixture
def folder(house: House, tmp_path: Path) -> Folder:
    return watched(house, tmp_path / "folder")


def watched(house: House, path: Path) -> Folder:
    path.mkdir(parents=True, exist_ok=True)
    return Folder(house, path, house.workspace.sources.watch(house.base_id, str(path)))


class TestFolders:
    def test_files_that_are_added_changed_and_removed_are_followed(self, folder: Folder) -> None:
        folder.write("bridge.txt", BRIDGE)
        folder.write("deep/er/garden.txt", GARDEN)
        folder.write(".hidden.txt", SCANNED)
        folder.write(".git/config.txt", SCANNED)
        source = folder.look()
        assert (source.seen, source.error) == (2, "")
        assert folder.names() == ["bridge.txt", "deep/er/garden.txt"]

        folder.write("bridge.txt", SCANNED, age=30)
        folder.look()
        assert sorted(folder.house.found()) == sorted([GARDEN, SCANNED])

        (folder.path / "deep/er/garden.txt").unlink()
        assert folder.look().seen == 1
        assert (folder.names(), folder.house.found()) == (["bridge.txt"], [SCANNED])
        assert "larch" not in folder.house.kept()
        assert folder.house.agrees()

    def test_a_look_that_finds_nothing_new_reads_nothing(self, folder: Folder) -> None:
        folder.write("bridge.txt", BRIDGE)
        folder.look()
        first = folder.look()
        assert folder.look() == first
        assert folder.house.reader.read_names == ["bridge.txt"]

    def test_a_renamed_file_is_neither_read_nor_embedded_again(self, folder: Folder) -> None:
        folder.write("bridge.txt", BRIDGE)
        folder.look()
        folder.write("bridge.txt", GARDEN, age=50)
        folder.look()
        reads = len(folder.house.reader.read_names)
        (folder.path / "old").mkdir()
        (folder.path / "bridge.txt").rename(folder.path / "old/crossing.txt")
        folder.look()
        assert folder.names() == ["old/crossing.txt"]
        assert len(folder.house.reader.read_names) == reads
        (listed,) = folder.house.workspace.documents.listed(folder.house.base_id)
        versions = folder.house.workspace.versions.of(listed.document.id)
        assert [version.name for version in versions] == ["old/crossing.txt"] * 2
        (folder.path / "old/crossing.txt").rename(folder.path / "crossing.txt")
        folder.look()
        assert folder.names() == ["crossing.txt"]

    def test_a_file_moved_over_another_takes_its_place(self, folder: Folder) -> None:
        folder.write("a.txt", BRIDGE)
        folder.write("b.txt", GARDEN)
        folder.look()
        (folder.path / "a.txt").replace(folder.path / "b.txt")
        folder.look()
        assert (folder.names(), folder.house.found()) == (["b.txt"], [BRIDGE])
        assert folder.house.agrees()

    def test_of_two_files_of_one_content_either_can_go(self, folder: Folder) -> None:
        folder.write("a.txt", BRIDGE)
        folder.write("b.txt", BRIDGE)
        folder.look()
        assert folder.names() == ["a.txt"]
        (folder.path / "a.txt").unlink()
        folder.look()
        assert (folder.names(), folder.house.found()) == (["b.txt"], [BRIDGE])
        folder.write("b.txt", GARDEN, age=30)
        folder.look()
        assert (folder.names(), folder.house.found()) == (["b.txt"], [GARDEN])
        assert folder.house.agrees()

    def test_a_file_changed_to_what_another_one_says_leaves_nothing_old(
        self, folder: Folder
    ) -> None:
        folder.write("a.txt", BRIDGE)
        folder.write("b.txt", GARDEN)
        folder.look()
        folder.write("b.txt", BRIDGE, age=30)
        folder.look()
        assert folder.house.found() == [BRIDGE]
        folder.write("b.txt", SCANNED, age=20)
        folder.look()
        assert folder.names() == ["a.txt", "b.txt"]
        assert sorted(folder.house.found()) == sorted([BRIDGE, SCANNED])
        assert folder.house.agrees()

    def test_a_file_that_still_changes_waits(self, folder: Folder) -> None:
        folder.write("bridge.txt", BRIDGE, age=0)
        assert folder.look().seen == 1
        assert folder.names() == []
        folder.write("bridge.txt", BRIDGE, age=-3600)
        folder.look()
        assert folder.names() == ["bridge.txt"]

    @pytest.mark.parametrize("how", ["gone", "empty"])
    def test_where_the_folder_is_gone_nothing_is_removed(
        self, folder: Folder, tmp_path: Path, how: str
    ) -> None:
        folder.write("bridge.txt", BRIDGE)
        folder.look()
        folder.path.rename(tmp_path / "unmounted")
        if how == "empty":
            folder.path.mkdir()
        source = folder.look()
        assert (source.error, source.seen) == (collecting.NOTHING_THERE, 0)
        assert folder.names() == ["bridge.txt"]
        if how == "empty":
            folder.path.rmdir()
        (tmp_path / "unmounted").rename(folder.path)
        assert folder.look().error == ""
        assert folder.names() == ["bridge.txt"]

    def test_where_part_of_it_cannot_be_read_nothing_is_removed(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.write("bridge.txt", BRIDGE)
        folder.write("deep/garden.txt", GARDEN)
        folder.look()

        def walk(
            root: Path, onerror: Callable[[OSError], None]
        ) -> Iterator[tuple[str, list[str], Sequence[str]]]:
            yield str(root), ["deep"], ["bridge.txt"]
            onerror(PermissionError(13, "Permission denied", str(root / "deep")))

        with monkeypatch.context() as patch:
            patch.setattr(os, "walk", walk)
            told = folder.look().error
        assert told.startswith(folder_files.PARTLY)
        assert told.endswith("deep, Permission denied.")
        assert folder.names() == ["bridge.txt", "deep/garden.txt"]
        assert folder.look().error == ""

    def test_of_too_many_files_none_is_removed(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.write("b.txt", BRIDGE)
        folder.look()
        monkeypatch.setattr(folder_files, "MOST_FILES", 1)
        folder.write("a.txt", GARDEN)
        assert folder.look().error == folder_files.TOO_MANY
        assert folder.names() == ["a.txt", "b.txt"]

    def test_a_file_that_cannot_be_read_is_tried_again_and_others_are_taken_in(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.write("a.txt", BRIDGE)
        folder.write("b.txt", GARDEN)
        opens = Path.open

        def refuse(path: Path, *rest: Any, **named: Any) -> Any:
            if path.name == "a.txt":
                raise PermissionError(13, "Permission denied")
            return opens(path, *rest, **named)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refuse)
            folder.look()
        assert folder.names() == ["b.txt"]
        with folder.house.app.records.reading() as view:
            files = view.sources.files(folder.source.id)
        assert files["a.txt"].error == "a.txt: Permission denied"
        folder.look()
        assert folder.names() == ["a.txt", "b.txt"]

    def test_what_is_no_file_is_passed_over(self, folder: Folder) -> None:
        os.mkfifo(folder.path / "pipe.txt")
        folder.write("bridge.txt", BRIDGE)
        (folder.path / "link.txt").symlink_to(folder.path / "bridge.txt")
        assert folder.look().seen == 1

    def test_odd_names_are_taken_in_and_keep_nothing_else_out(self, folder: Folder) -> None:
        odd = os.fsdecode(os.fsencode(str(folder.path)) + b"/odd\xff.txt")
        Path(odd).write_text(BRIDGE)
        os.utime(odd, (1, 1))
        folder.write("   ", SCANNED)
        folder.write("zebra.txt", GARDEN)
        folder.look()
        assert folder.names() == ["odd?.txt", "zebra.txt"]

    def test_documents_added_by_hand_are_never_touched(self, folder: Folder) -> None:
        house = folder.house
        house.add(GARDEN, "same-name.txt")
        house.add(BRIDGE, "by-hand.txt")
        work_off(house.app)
        folder.write("copy.txt", BRIDGE)
        folder.write("same-name.txt", SCANNED)
        folder.look()
        assert folder.names() == ["by-hand.txt", "folder/same-name.txt", "same-name.txt"]
        folder.write("keeps.txt", "The folder is not empty.")
        (folder.path / "copy.txt").unlink()
        (folder.path / "same-name.txt").unlink()
        folder.look()
        assert folder.names() == ["by-hand.txt", "keeps.txt", "same-name.txt"]

    def test_a_document_that_a_person_adds_too_stays_when_its_file_goes(
        self, folder: Folder
    ) -> None:
        folder.write("bridge.txt", BRIDGE)
        folder.write("other.txt", GARDEN)
        folder.look()
        folder.house.add(BRIDGE, "mine.txt")
        (folder.path / "bridge.txt").unlink()
        folder.look()
        assert folder.names() == ["bridge.txt", "other.txt"]

    def test_two_folders_with_files_of_one_name_keep_both(
        self, folder: Folder, tmp_path: Path
    ) -> None:
        other = watched(folder.house, tmp_path / "other")
        folder.write("readme.txt", BRIDGE)
        other.write("readme.txt", GARDEN)
        folder.look()
        assert folder.names() == ["other/readme.txt", "readme.txt"]
        other.write("readme.txt", SCANNED, age=30)
        folder.look()
        assert folder.names() == ["other/readme.txt", "readme.txt"]
        assert sorted(folder.house.found()) == sorted([BRIDGE, SCANNED])

    def test_a_folder_watched_again_goes_on_with_its_documents(self, folder: Folder) -> None:
        house = folder.house
        folder.write("bridge.txt", BRIDGE)
        folder.write("garden.txt", GARDEN)
        folder.look()
        house.workspace.sources.remove(folder.source.id)
        assert folder.names() == ["bridge.txt", "garden.txt"]
        folder.write("bridge.txt", SCANNED, age=30)
        again = watched(house, folder.path)
        again.look()
        assert sorted(house.found()) == sorted([SCANNED, GARDEN])
        (folder.path / "garden.txt").unlink()
        again.look()
        assert again.names() == ["bridge.txt"]

    def test_a_stopped_folder_is_not_looked_at_until_it_goes_on(self, folder: Folder) -> None:
        sources = folder.house.workspace.sources
        sources.stop(folder.source.id)
        folder.write("bridge.txt", BRIDGE)
        assert folder.look().state is SourceState.STOPPED
        assert folder.names() == []
        sources.resume(folder.source.id)
        folder.look()
        assert folder.names() == ["bridge.txt"]

    def test_the_attachments_of_a_file_go_with_it(self, folder: Folder) -> None:
        folder.house.use(DirectReader())
        (folder.path / "all.zip").write_bytes(zipped(bridge_txt=BRIDGE, garden_txt=GARDEN))
        os.utime(folder.path / "all.zip", (1, 1))
        folder.write("bridge.txt", BRIDGE)
        folder.look()
        assert sorted(folder.house.found()) == sorted([BRIDGE, GARDEN])
        (folder.path / "all.zip").unlink()
        folder.look()
        assert folder.house.found() == [BRIDGE]
        assert folder.house.agrees()

    def test_what_is_no_folder_or_our_own_is_refused(self, house: House, tmp_path: Path) -> None:
        sources, base_id = house.workspace.sources, house.base_id
        (tmp_path / "file.txt").touch()
        for wrong in ("", "relative", "~nobody-of-that-name/x", str(tmp_path / "file.txt")):
            with pytest.raises(InvalidInputError):
                sources.watch(base_id, wrong)
        for ours in (house.app.settings.home, tmp_path, house.app.settings.home / "files"):
            with pytest.raises(InvalidInputError, match="own data"):
                sources.watch(base_id, str(ours))
        (tmp_path / "fine").mkdir()
        sources.watch(base_id, str(tmp_path / "fine"))
        with pytest.raises(InvalidInputError, match="already"):
            sources.watch(base_id, f"{tmp_path / 'fine'}/")


@dataclass
class FakeSite:
    """Gives its pages; `before` is called with the number of each."""

    pages: dict[str, str]
    trouble: QuireError | None = None
    before: Callable[[int], None] = lambda _: None
    crawls: list[str] = field(default_factory=list)

    def crawl(
        self,
        start_url: str,
        *,
        depth: int,
        most_pages: int,
        cancelled: Callable[[], bool] = lambda: False,
        missed: Callable[[QuireError], None] = lambda _: None,
    ) -> Iterator[FetchedPage]:
        """Its pages, and one that cannot be had."""
        self.crawls.append(start_url)
        if self.trouble:
            raise self.trouble
        for number, (url, text) in enumerate(self.pages.items()):
            self.before(number)
            if cancelled():
                return
            yield FetchedPage(url=url, content=text.encode(), media_type="text/plain")
        missed(WebPageError("The page is not there.", subject=f"{start_url}gone"))


class TestSites:
    @pytest.fixture
    def site(self, house: House) -> FakeSite:
        site = FakeSite({SITE: BRIDGE, f"{SITE}garden": GARDEN})
        house.app.web_sites, house.app.web_fetching = site, True
        return site

    def the_source(self, house: House) -> Source:
        (source,) = house.workspace.sources.of(house.base_id)
        return source

    def test_a_site_is_taken_in_once_and_what_was_missed_is_told(
        self, house: House, site: FakeSite
    ) -> None:
        house.workspace.sources.add_site(house.base_id, SITE, 2)
        house.app.collector.look()
        house.app.collector.look()
        work_off(house.app)
        assert site.crawls == [SITE]
        listed = house.workspace.documents.listed(house.base_id)
        names = [one.document.name for one in listed]
        assert names == ["bridges.invalid/all", "bridges.invalid/all/garden"]
        source = self.the_source(house)
        assert (source.state, source.seen) == (SourceState.DONE, 2)
        assert source.error.startswith("1 pages could not be had, the first: ")

    def test_a_site_that_is_taken_in_again_replaces_what_has_changed(
        self, house: House, site: FakeSite
    ) -> None:
        added = house.workspace.sources.add_site(house.base_id, SITE, 2)
        house.app.collector.look()
        work_off(house.app)
        site.pages[SITE] = SCANNED
        house.workspace.sources.resume(added.id)
        house.app.collector.look()
        work_off(house.app)
        assert sorted(house.found()) == sorted([SCANNED, GARDEN])

    def test_a_site_that_cannot_be_had_says_why(self, house: House, site: FakeSite) -> None:
        site.trouble = WebPageError("Nobody answers there.", subject=SITE)
        house.workspace.sources.add_site(house.base_id, SITE, 0)
        house.app.collector.look()
        source = self.the_source(house)
        assert source.state is SourceState.DONE
        assert source.error == f"{SITE}: Nobody answers there."

    def test_a_site_that_is_stopped_gives_no_more_pages(self, house: House, site: FakeSite) -> None:
        added = house.workspace.sources.add_site(house.base_id, SITE, 2)

        def stop(number: int) -> None:
            if number == 1:
                house.workspace.sources.stop(added.id)

        site.before = stop
        house.app.collector.look()
        source = self.the_source(house)
        assert (source.state, source.seen) == (SourceState.STOPPED, 1)

    def test_the_web_switched_off_in_the_midst_ends_it_and_on_again_it_begins_anew(
        self, house: House, site: FakeSite
    ) -> None:
        house.workspace.sources.add_site(house.base_id, SITE, 2)

        def switch_off(number: int) -> None:
            if number == 1:
                house.workspace.sources.switch_web(on=False)

        site.before = switch_off
        house.app.collector.look()
        house.app.collector.look()
        assert site.crawls == [SITE]
        assert self.the_source(house).state is SourceState.ACTIVE
        assert len(house.workspace.documents.listed(house.base_id)) == 1
        site.before = lambda _: None
        house.workspace.sources.switch_web(on=True)
        house.app.collector.look()
        assert self.the_source(house).state is SourceState.DONE
        assert len(house.workspace.documents.listed(house.base_id)) == 2

    def test_nothing_is_fetched_while_the_web_is_switched_off(
        self, house: House, site: FakeSite
    ) -> None:
        added = house.workspace.sources.add_site(house.base_id, SITE, 2)
        house.workspace.sources.switch_web(on=False)
        assert not house.workspace.sources.may_fetch()
        house.app.collector.look()
        assert site.crawls == []
        sources = house.workspace.sources
        for refused in (
            lambda: sources.add_site(house.base_id, f"{SITE}more", 0),
            lambda: sources.add_page(house.base_id, SITE),
            lambda: sources.resume(added.id),
        ):
            with pytest.raises(NotAllowedError):
                refused()

    def test_one_removed_while_it_is_taken_in_gives_no_more_pages(
        self, house: House, site: FakeSite
    ) -> None:
        added = house.workspace.sources.add_site(house.base_id, SITE, 2)

        def remove(number: int) -> None:
            if number == 1:
                house.workspace.sources.remove(added.id)

        site.before = remove
        house.app.collector.look()
        assert house.workspace.sources.of(house.base_id) == []
        assert len(house.workspace.documents.listed(house.base_id)) == 1

    @pytest.mark.parametrize("depth", [-1, 6])
    def test_a_depth_is_bounded(self, house: House, site: FakeSite, depth: int) -> None:
        with pytest.raises(InvalidInputError):
            house.workspace.sources.add_site(house.base_id, SITE, depth)

    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("https://example.org", "example.org"),
            ("https://example.org/a/", "example.org/a"),
            ("http://example.org/a%20b?q=1#part", "example.org/a b?q=1"),
        ],
    )
    def test_an_address_is_a_name_without_its_scheme(self, url: str, name: str) -> None:
        assert page_name(url) == name
