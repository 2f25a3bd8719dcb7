"""Work on many documents at once; what becomes of one at each stage is in test_stages."""

import pytest

from kb.bootstrap import App
from kb.domain.documents import DocumentState
from kb.domain.jobs import JobKind
from tests.fake_reader import PICTURE
from tests.house import BRIDGE, GARDEN, SCANNED, House, in_house
from tests.open_apps import work_off


@pytest.fixture
def house(app: App) -> House:
    return in_house(app)


class TestMany:
    def test_many_documents_are_stopped_and_repeated_at_once(self, house: House) -> None:
        house.reader.said = {2: SCANNED}
        ready = house.add(f"{BRIDGE}\f{PICTURE}", "ready.txt")
        house.step(JobKind.READ)
        house.step(JobKind.EMBED)
        waiting, failed = house.add(GARDEN, "waiting.txt"), house.add(" ", "failed.txt")
        house.workspace.jobs.pause([failed, waiting])
        house.workspace.jobs.resume([failed])
        house.step(JobKind.READ)
        assert house.state(failed) is DocumentState.FAILED
        ids = [ready, waiting, failed]
        house.workspace.jobs.cancel(ids)
        states = [house.state(id) for id in ids]
        assert states == [DocumentState.READY, DocumentState.CANCELLED, DocumentState.FAILED]
        assert not house.step()
        house.workspace.jobs.retry(ids)
        work_off(house.app)
        assert house.state(waiting) is DocumentState.READY
        assert house.agrees()

    def test_a_paused_document_is_listed_as_such(self, house: House) -> None:
        id = house.add(BRIDGE)
        house.workspace.jobs.pause([id])
        (listed,) = house.workspace.documents.listed(house.base_id)
        assert listed.paused
        assert listed.progress
        assert listed.started_at is None

    def test_a_cancelled_file_that_is_added_again_is_taken_in(self, house: House) -> None:
        id = house.add(BRIDGE)
        house.workspace.jobs.cancel([id])
        assert house.add(BRIDGE) == id
        work_off(house.app)
        assert house.found() == [BRIDGE]
