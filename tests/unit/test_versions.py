"""Versions of a document: one is found at a time, and one can go back."""

from collections.abc import Iterator

import pytest

from kb.bootstrap import App
from kb.domain.documents import DocumentState, Page
from kb.domain.errors import InvalidInputError
from kb.domain.jobs import JobKind
from kb.services.versions import Changes, changes
from tests.fake_reader import PICTURE
from tests.house import BRIDGE, GARDEN, SCANNED, House, in_house, many_paragraphs
from tests.open_apps import work_off

QUEUED, SEARCHABLE, READY = DocumentState.QUEUED, DocumentState.SEARCHABLE, DocumentState.READY
SUPERSEDED = DocumentState.SUPERSEDED


@pytest.fixture
def house(app: App) -> House:
    return in_house(app)


def pages(*texts: str) -> list[Page]:
    return [Page(number=number, text=text) for number, text in enumerate(texts, 1)]


def steps(house: House) -> Iterator[None]:
    """Every stage of the queued work, with what is found checked after each."""
    while house.step():
        yield


class TestChanges:
    def test_pages_are_counted_where_there_are_any(self) -> None:
        older, newer = pages("one", "two", "three"), pages("one", "2", "three", "four")
        assert changes(older, newer, paged=True) == Changes(
            unit="page", added=1, removed=0, altered=1
        )

    def test_paragraphs_are_counted_elsewhere_and_white_space_is_no_change(self) -> None:
        older, newer = pages("One  line.\n\nTwo.\n\nThree."), pages("One line.\n\nThree.")
        assert changes(older, newer, paged=False) == Changes(
            unit="paragraph", added=0, removed=1, altered=0
        )

    def test_the_first_version_has_changed_nothing(self, house: House) -> None:
        first = house.add(BRIDGE)
        work_off(house.app)
        assert house.workspace.versions.changes(first) is None
        second = house.add(f"{BRIDGE}\f{GARDEN}")
        work_off(house.app)
        told = house.workspace.versions.changes(second)
        assert told == Changes(unit="page", added=1, removed=0, altered=0)


class TestReplacing:
    def test_at_every_stage_exactly_one_version_is_found(self, house: House) -> None:
        house.reader.said = {1: SCANNED}
        house.add(many_paragraphs(40))
        work_off(house.app)
        new = house.add(f"{PICTURE}\f{GARDEN}")
        texts = set(many_paragraphs(40).split("\f"))
        for _ in steps(house):
            seen = set(house.found("bridge built of larch number"))
            assert seen <= texts or seen <= {SCANNED, GARDEN}
            assert seen
        assert set(house.found()) == {SCANNED, GARDEN}
        assert house.state(new) is READY
        assert house.agrees()

    def test_an_old_scan_that_ocr_is_slow_over_does_not_stand_beside_the_new_version(
        self, house: House
    ) -> None:
        house.reader.said = {1: SCANNED}
        old = house.add(PICTURE)
        house.step(JobKind.READ)
        new = house.add(GARDEN)
        house.step(JobKind.READ)
        assert house.state(new) is SEARCHABLE
        house.step(JobKind.OCR)
        house.step(JobKind.READ)
        assert house.state(old) is QUEUED
        assert house.found() == [GARDEN]
        work_off(house.app)
        assert house.found() == [GARDEN]
        assert house.agrees()

    def test_a_version_that_was_never_ready_is_gone_once_a_newer_one_is(self, house: House) -> None:
        old = house.add(BRIDGE)
        house.step(JobKind.READ)
        house.workspace.jobs.pause([old])
        new = house.add(GARDEN)
        work_off(house.app)
        assert [version.id for version in house.workspace.versions.of(new)] == [new]
        assert "basalt" not in house.kept()
        assert house.agrees()

    def test_a_new_version_that_is_cancelled_leaves_the_old_one(self, house: House) -> None:
        house.add(BRIDGE)
        work_off(house.app)
        new = house.add(GARDEN)
        house.step(JobKind.READ)
        house.workspace.jobs.cancel([new])
        work_off(house.app)
        assert house.found() == [BRIDGE]
        assert house.agrees()

    def test_the_content_added_last_is_the_one_that_stays(self, house: House) -> None:
        house.add(BRIDGE)
        work_off(house.app)
        house.add(GARDEN)
        last = house.add(BRIDGE)
        work_off(house.app)
        assert house.found() == [BRIDGE]
        assert house.get(last).version == 3
        assert house.add(BRIDGE) == last
        assert house.agrees()

    def test_a_failed_version_is_not_read_in_place_of_the_one_after_it(self, house: House) -> None:
        house.add(" ")
        work_off(house.app)
        house.add(GARDEN)
        work_off(house.app)
        again = house.add(" ")
        assert house.get(again).version == 3
        work_off(house.app)
        assert house.found() == [GARDEN]


class TestRestoring:
    def test_an_older_version_takes_the_newer_ones_place_without_any_work(
        self, house: House
    ) -> None:
        old = house.add(BRIDGE)
        work_off(house.app)
        new = house.add(GARDEN)
        work_off(house.app)
        embedded = list(house.embedder.embedded)
        house.workspace.versions.restore(old)
        assert (house.found(), house.state(old), house.state(new)) == ([BRIDGE], READY, SUPERSEDED)
        assert [v.version for v in house.workspace.versions.of(old)] == [2, 1]
        assert not house.step()
        assert house.embedder.embedded == embedded
        house.workspace.versions.restore(new)
        assert house.found() == [GARDEN]
        assert house.agrees()

    def test_only_an_older_version_can_be_restored(self, house: House) -> None:
        id = house.add(BRIDGE)
        work_off(house.app)
        with pytest.raises(InvalidInputError):
            house.workspace.versions.restore(id)

    def test_a_version_superseded_in_the_midst_of_its_ocr_goes_on_when_restored(
        self, house: House
    ) -> None:
        house.reader.said = {2: SCANNED}
        old = house.add(f"{BRIDGE}\f{PICTURE}")
        house.step(JobKind.READ)
        house.step(JobKind.EMBED)
        house.add(GARDEN)
        house.step(JobKind.READ)
        house.step(JobKind.EMBED)
        assert house.state(old) is SUPERSEDED
        assert not house.step()
        house.workspace.versions.restore(old)
        work_off(house.app)
        assert sorted(house.found()) == sorted([BRIDGE, SCANNED])
        assert house.state(old) is READY
        assert house.agrees()

    def test_a_version_superseded_while_it_was_embedded_anew_is_embedded_when_restored(
        self, house: House
    ) -> None:
        house.reader.said = {2: SCANNED}
        old = house.add(f"{BRIDGE}\f{PICTURE}")
        house.step(JobKind.READ)
        house.step(JobKind.EMBED)
        house.step(JobKind.OCR)
        house.step(JobKind.READ)
        assert house.state(old) is SEARCHABLE
        house.workspace.jobs.pause([old])
        house.add(GARDEN)
        work_off(house.app)
        assert house.state(old) is SUPERSEDED
        house.workspace.versions.restore(old)
        work_off(house.app)
        assert sorted(house.found()) == sorted([BRIDGE, SCANNED])
        assert house.agrees()


class TestRemoving:
    def test_the_versions_before_it_go_with_a_document(self, house: House) -> None:
        house.add(BRIDGE)
        work_off(house.app)
        new = house.add(GARDEN)
        work_off(house.app)
        house.workspace.documents.remove(new)
        assert "basalt" not in house.kept()
        assert house.app.files.all() == set()
        assert house.agrees()

    def test_an_older_version_is_removed_alone(self, house: House) -> None:
        old = house.add(BRIDGE)
        work_off(house.app)
        new = house.add(GARDEN)
        work_off(house.app)
        house.workspace.documents.remove(old)
        assert [version.id for version in house.workspace.versions.of(new)] == [new]
        assert house.found() == [GARDEN]
        assert "basalt" not in house.kept()
        assert house.agrees()

    def test_a_newer_version_that_is_not_ready_is_removed_alone(self, house: House) -> None:
        old = house.add(BRIDGE)
        work_off(house.app)
        house.workspace.documents.remove(house.add(" "))
        waiting = house.add(GARDEN)
        house.workspace.documents.remove(waiting)
        assert house.found() == [BRIDGE]
        assert [version.id for version in house.workspace.versions.of(old)] == [old]
        assert house.agrees()
