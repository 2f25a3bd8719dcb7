"""The library page while documents are being taken in: stages, pausing, cancelling, retrying."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from kb.bootstrap import App
from kb.domain.documents import (
    Document,
    DocumentId,
    DocumentState,
    KnowledgeBaseId,
    PageLedger,
)
from kb.domain.jobs import JobKind, Progress
from kb.services.documents import ListedDocument
from kb.services.jobs import remaining
from kb.ui import facts, progress, work
from kb.ui.text import duration
from tests.open_apps import take_in, work_off
from tests.pages.conftest import OpenPage
from tests.pages.reading import confirm, told
from tests.pages.scans import add_scan, step

NOW = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


def queue(app: App, *names: str) -> list[DocumentId]:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    return [
        workspace.documents.add(base.id, name, io.BytesIO(f"Words of {name}.".encode())).document.id
        for name in names
    ]


def state(app: App, id: DocumentId) -> DocumentState:
    return app.workspace().documents.get(id).state


def bars(page: AppTest) -> list[str]:
    return [bar.proto.text for bar in page.get("progress")]


def test_a_document_goes_from_waiting_to_searchable_to_ready(app: App, open_page: OpenPage) -> None:
    (id,) = queue(app, "a.txt")
    page = open_page("library")
    assert bars(page) == ["Waiting"]
    step(app, JobKind.READ)
    page.run()
    assert bars(page) == ["Searchable by words, waiting to be indexed"]
    step(app, JobKind.EMBED)
    page.run()
    assert bars(page) == []
    assert state(app, id) is DocumentState.READY


def test_one_is_paused_resumed_cancelled_and_taken_in_again(app: App, open_page: OpenPage) -> None:
    (id,) = queue(app, "a.txt")
    page = open_page("library")
    page.button(key=f"pause-{id}").click().run()
    assert bars(page) == ["Paused"]
    work_off(app)
    assert state(app, id) is DocumentState.QUEUED
    page.button(key=f"resume-{id}").click().run()
    assert bars(page) == ["Waiting"]
    page.button(key=f"cancel-{id}").click().run()
    assert state(app, id) is DocumentState.CANCELLED
    assert "Cancelled · " in told(page).replace("\\", "")
    page.button(key=f"retry-{id}").click().run()
    work_off(app)
    page.run()
    assert state(app, id) is DocumentState.READY


def test_all_are_paused_resumed_and_cancelled_at_once(app: App, open_page: OpenPage) -> None:
    ids = queue(app, "a.txt", "b.txt", "c.txt")
    page = open_page("library")
    assert "Taking in 3 documents" in told(page)
    page.button(key="pause-all").click().run()
    assert "3 documents paused." in told(page)
    page.button(key="resume-all").click().run()
    assert "Taking in 3 documents" in told(page)
    confirm(page, "cancel-all", "cancel-documents")
    assert {state(app, id) for id in ids} == {DocumentState.CANCELLED}


def test_the_list_is_filtered_by_state(app: App, open_page: OpenPage) -> None:
    take_in(app, app.workspace(), app.workspace().knowledge_bases.first().id, "r.txt", "Ready.")
    cancelled, _ = queue(app, "c.txt", "q.txt")
    app.workspace().jobs.cancel([cancelled])
    page = open_page("library")
    shown = {}
    for name in ("Ready", "Being taken in", "Failed", "Cancelled"):
        page.selectbox(key="library-state").set_value(name).run()
        shown[name] = [b.label for b in page.button if (b.key or "").startswith("view-")]
    assert shown == {
        "Ready": ["r\\.txt"],
        "Being taken in": ["q\\.txt"],
        "Failed": [],
        "Cancelled": ["c\\.txt"],
    }


def test_picked_ones_are_cancelled_and_retried_together(app: App, open_page: OpenPage) -> None:
    ids = queue(app, "a.txt", "b.txt", "c.txt")
    page = open_page("library")
    page.checkbox(key=f"pick-0-{ids[0]}").check().run()
    page.button(key="pick-all").click().run()
    assert "3 picked" in told(page)
    page.button(key="cancel-picked").click().run()
    assert {state(app, id) for id in ids} == {DocumentState.CANCELLED}
    page.button(key="retry-picked").click().run()
    assert {state(app, id) for id in ids} == {DocumentState.QUEUED}
    page.button(key="pick-none").click().run()
    assert "picked" not in told(page)


def test_a_pick_outlives_the_turning_of_the_list(app: App, open_page: OpenPage) -> None:
    ids = queue(app, *[f"{number:02}.txt" for number in range(30)])
    page = open_page("library")
    page.selectbox(key="library-order").set_value("Name").run()
    page.checkbox(key=f"pick-0-{ids[0]}").check().run()
    next(button for button in page.button if button.label == "Next").click().run()
    assert "1 picked" in told(page)
    next(button for button in page.button if button.label == "Previous").click().run()
    assert page.checkbox(key=f"pick-0-{ids[0]}").value


def test_picked_ones_are_added_to_another_knowledge_base(app: App, open_page: OpenPage) -> None:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    other = workspace.knowledge_bases.create("Contracts")
    id = take_in(app, workspace, base.id, "a.txt", "Ants.").id
    page = open_page("library", kb=base.id)
    page.checkbox(key=f"pick-0-{id}").check().run()
    confirm(page, "add-picked", "add-documents")
    assert [each.document.name for each in workspace.documents.listed(other.id)] == ["a.txt"]
    assert len(workspace.documents.listed(base.id)) == 1


def test_the_list_shows_how_pages_were_read_while_others_wait_for_ocr(
    app: App, open_page: OpenPage
) -> None:
    id = DocumentId(add_scan(app, app.workspace()))
    step(app, JobKind.READ, JobKind.EMBED)
    page = open_page("library")
    assert "4 pages: 1 text, 2 wait for OCR" in told(page).replace("\\", "")
    assert bars(page) == ["Ready, its pictures wait to be read"]
    step(app, JobKind.OCR)
    page.run()
    assert bars(page) == ["Reading pictures, 0 of 2 pages"]
    page.button(key=f"cancel-{id}").click().run()
    assert state(app, id) is DocumentState.READY
    assert bars(page) == []


@pytest.mark.parametrize(
    ("ledger", "told"),
    [
        (PageLedger(digital=37), "37 pages"),
        (PageLedger(digital=35, ocr=2), "37 pages: 35 text, 2 by OCR"),
        (PageLedger(digital=34, empty=3), "37 pages: 34 text, 3 without text"),
        (PageLedger(digital=32, empty=5, waiting=5), "37 pages: 32 text, 5 wait for OCR"),
        (PageLedger(digital=36, failed=1), "37 pages: 36 text, 1 could not be read"),
    ],
)
def test_the_ledger_of_pages_is_told_in_words(ledger: PageLedger, told: str) -> None:
    assert facts.ledger(_document(page_count=37, ledger=ledger)) == told


def test_a_picture_without_pages_tells_that_ocr_read_it() -> None:
    assert facts.ledger(_document(ledger=PageLedger(ocr=1))) == "read by OCR"
    assert facts.ledger(_document(ledger=PageLedger(empty=1, waiting=1))) == "waits for OCR"
    assert facts.ledger(_document(ledger=PageLedger(digital=1))) == ""


def test_facts_name_the_version_the_mail_and_how_long_it_took() -> None:
    document = _document(
        version=2,
        passage_count=3,
        state=DocumentState.READY,
        finished_at=NOW + timedelta(minutes=4),
    )
    shown = facts.facts(document, "offer.eml")
    assert shown[0] == "version 2"
    assert "in offer.eml" in shown
    assert shown[-1] == "ready after 4 min"
    at_once = replace(document, finished_at=NOW + timedelta(seconds=5))
    assert not any("ready after" in fact for fact in facts.facts(at_once))


def test_a_stage_names_its_measure_or_how_long_it_has_taken() -> None:
    embedding = Progress(step="embedding", done=40, total=120, unit="passages")
    reading = ListedDocument(
        document=_document(), progress=Progress(step="reading"), started_at=NOW
    )
    assert progress.told(ListedDocument(document=_document(), progress=embedding), NOW) == (
        "Indexing 40 of 120 passages"
    )
    paused = ListedDocument(document=_document(), progress=embedding, paused=True)
    assert progress.told(paused, NOW) == "Paused. Indexing 40 of 120 passages"
    assert progress.told(reading, NOW) == "Reading"
    assert progress.told(reading, NOW + timedelta(minutes=2)) == "Reading, for 2 min"


def test_what_is_left_is_told_by_the_rate_so_far() -> None:
    done = _document(state=DocumentState.READY, finished_at=NOW + timedelta(minutes=1))
    waiting = [ListedDocument(document=_document(size_bytes=300)) for _ in range(2)]
    listed = [ListedDocument(document=done), *waiting]
    left = remaining(listed, NOW + timedelta(minutes=1))
    assert left.seconds == 360
    assert work.told(left, 2, 0) == "Taking in 2 documents, about 6 min left."


def test_a_lone_document_tells_what_is_left_by_its_own_progress() -> None:
    half = Progress(step="embedding", done=60, total=120, unit="passages")
    listed = [ListedDocument(document=_document(), progress=half)]
    assert remaining(listed, NOW + timedelta(minutes=2)).seconds == 120


def test_work_that_was_retried_after_a_week_is_not_thought_to_take_weeks() -> None:
    old = replace(_document(), created_at=NOW - timedelta(days=7))
    done = _document(state=DocumentState.READY, finished_at=NOW)
    listed = [ListedDocument(document=old), ListedDocument(document=done)]
    seconds = remaining(listed, NOW + timedelta(minutes=1)).seconds
    assert seconds is not None
    assert seconds <= 600


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "10 s"), (44, "40 s"), (70, "1 min"), (3600, "1 h"), (4800, "1 h 20 min")],
)
def test_lengths_of_time_are_told_roundly(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def _document(
    *,
    page_count: int | None = None,
    ledger: PageLedger | None = None,
    version: int = 1,
    passage_count: int = 0,
    state: DocumentState = DocumentState.QUEUED,
    finished_at: datetime | None = None,
    size_bytes: int = 100,
) -> Document:
    return Document(
        id=DocumentId("d"),
        knowledge_base_id=KnowledgeBaseId("k"),
        name="d.pdf",
        media_type="",
        content_sha256="",
        size_bytes=size_bytes,
        created_at=NOW,
        page_count=page_count,
        ledger=ledger or PageLedger(),
        version=version,
        passage_count=passage_count,
        state=state,
        finished_at=finished_at,
    )
