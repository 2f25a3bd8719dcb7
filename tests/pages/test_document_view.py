"""A document's own view: how its pages were read, what came with it, its versions."""

import io
import zipfile

from streamlit.testing.v1 import AppTest

from kb.bootstrap import App
from kb.domain.documents import Document, DocumentId, DocumentState
from kb.domain.jobs import JobKind
from kb.services.versions import Changes
from kb.ui import document_view, versions
from tests.adapters.pdf_maker import PdfPage, make_pdf, paragraph
from tests.open_apps import found, take_in, work_off
from tests.pages.conftest import OpenPage
from tests.pages.reading import blocks, read, told
from tests.pages.scans import BY_OCR, add_scan, step


def listed(app: App) -> dict[str, Document]:
    base = app.workspace().knowledge_bases.first()
    return {each.document.name: each.document for each in app.workspace().documents.listed(base.id)}


def two_versions(app: App) -> tuple[DocumentId, DocumentId]:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    ids = []
    for words in (("Rent is 900.", "Pets are welcome."), ("Rent is 950.", "Pets are welcome.")):
        pages = [PdfPage(lines=paragraph(each, top=100)) for each in words]
        file = io.BytesIO(make_pdf(*pages))
        ids.append(workspace.documents.add(base.id, "lease.pdf", file).document.id)
        work_off(app)
    return ids[0], ids[1]


def opened(page: AppTest, key: str) -> AppTest:
    """The page with a folded part of it unfolded."""
    page.session_state[key] = True
    page.run()
    assert not page.exception
    return page


def test_each_page_shows_how_it_was_read(app: App, open_page: OpenPage) -> None:
    id = add_scan(app, app.workspace())
    work_off(app)
    page = opened(open_page("library", document=id), "page-map")
    (cells,) = [block for block in blocks(page) if block["kind"] == "pages"]
    assert [cell["state"] for cell in cells["runs"]] == ["digital", "ocr", "failed", "empty"]
    assert cells["runs"][1]["label"] == "Page 2 (ii): read by OCR"
    shown = told(page).replace("\\", "")
    assert "4 pages: 1 text, 1 by OCR, 1 without text, 1 could not be read" in shown
    assert "A stamp on page 1 was not read" in shown


def test_a_page_read_by_ocr_says_so_above_its_text(app: App, open_page: OpenPage) -> None:
    id = add_scan(app, app.workspace())
    step(app, JobKind.READ)
    assert document_view.WAITS in read(open_page("library", document=id, page="2"))
    work_off(app)
    shown = read(open_page("library", document=id, page="2"))
    assert document_view.BY_OCR in shown
    assert BY_OCR in shown
    assert document_view.BROKEN in read(open_page("library", document=id, page="3"))
    assert document_view.EMPTY in read(open_page("library", document=id, page="4"))


def test_a_document_that_waits_shows_its_stage_and_can_be_cancelled_and_retried(
    app: App, open_page: OpenPage
) -> None:
    base = app.workspace().knowledge_bases.first()
    id = app.workspace().documents.add(base.id, "a.txt", io.BytesIO(b"Ants.")).document.id
    page = open_page("library", document=id)
    assert [bar.proto.text for bar in page.get("progress")] == ["Waiting"]
    page.button(key=f"cancel-{id}").click().run()
    assert "Taking it in was cancelled." in told(page)
    page.button(key=f"retry-{id}").click().run()
    work_off(app)
    page.run()
    assert "Ants." in read(page)


def test_what_came_in_an_archive_is_linked_both_ways(app: App, open_page: OpenPage) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("offer.txt", "We offer forty chairs.")
        packed.writestr("terms.txt", "Payment is due in thirty days.")
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    archive.seek(0)
    id = workspace.documents.add(base.id, "mail.zip", archive).document.id
    work_off(app)
    page = open_page("library", document=id)
    assert "2 files came in it" in [box.label for box in page.expander]
    offer = listed(app)["mail.zip/offer.txt"]
    page.button(key=f"open-{offer.id}").click().run()
    assert "We offer forty chairs." in read(page)
    page.button(key=f"open-{id}").click().run()
    assert page.query_params["document"] == id
    labels = [button.label for button in open_page("library").button]
    assert "offer\\.txt" in labels


def test_versions_tell_what_changed_and_an_older_one_is_restored(
    app: App, open_page: OpenPage
) -> None:
    first, second = two_versions(app)
    page = opened(open_page("library", document=second), "versions")
    assert "searched now · 1 page altered" in told(page).replace("\\", "")
    page.button(key=f"open-version-Open-{first}").click().run()
    assert "This is version 1, which was replaced." in told(page)
    assert "Rent is 900." in read(page)
    page.button(key=f"restore-notice-{first}").click().run()
    assert "which was replaced" not in told(page)
    base = app.workspace().knowledge_bases.first()
    assert app.workspace().documents.get(second).state is DocumentState.SUPERSEDED
    assert found(app.workspace(), base.id, "Rent")[0].startswith("Rent is 900.")
    assert "Questions are answered by version 1." in told(open_page("library", document=second))


def test_a_change_is_told_in_words() -> None:
    page = Changes(unit="page", altered=2, added=1, removed=0)
    assert versions.told(page) == "2 pages altered, 1 added"
    one = Changes(unit="paragraph", altered=0, added=0, removed=1)
    assert versions.told(one) == "1 paragraph removed"
    assert versions.told(Changes(unit="page", altered=0, added=0, removed=0)) == "the same text"
    assert versions.told(None) == ""


def test_a_page_is_called_as_its_document_calls_it(app: App, open_page: OpenPage) -> None:
    id = add_scan(app, app.workspace())
    step(app, JobKind.READ)
    page = open_page("library", document=id, page="2")
    assert "Page 2 of 4 (ii)" in told(page)


def test_a_failed_document_shows_why_in_its_own_view(app: App, open_page: OpenPage) -> None:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    document = take_in(app, workspace, base.id, "broken.pdf", "%PDF-1.4 nonsense")
    page = open_page("library", document=document.id)
    assert ":red[broken\\.pdf" in told(page)
    assert page.button(key=f"retry-{document.id}")
