"""The library page: adding, states, search, removing, a document's own view."""

from streamlit.testing.v1 import AppTest

from kb.bootstrap import App
from kb.domain.documents import Document, DocumentState
from tests.adapters.pdf_maker import PdfPage, make_pdf, paragraph
from tests.open_apps import take_in, work_off
from tests.pages.conftest import OpenPage
from tests.pages.reading import choose, confirm, read, told


def names(app: App) -> list[str]:
    base = app.workspace().knowledge_bases.first()
    return [each.document.name for each in app.workspace().documents.listed(base.id)]


def with_texts(app: App, **texts: str) -> dict[str, str]:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    return {n: take_in(app, workspace, base.id, f"{n}.txt", text).id for n, text in texts.items()}


def rows(page: AppTest) -> list[str]:
    return [b.label for b in page.button if (b.key or "").startswith("view-")]


def test_an_empty_library_says_the_next_step(open_page: OpenPage) -> None:
    assert "There are no documents here yet." in told(open_page("library"))


def test_uploaded_files_become_ready_and_the_field_is_emptied(
    app: App, open_page: OpenPage
) -> None:
    page = open_page("library")
    files = [
        ("ducks.txt", b"Ducks swim on the pond.", "text/plain"),
        ("b.txt", b"Bees.", "text/plain"),
    ]
    page.file_uploader[0].set_value(files).run()
    assert names(app) == ["b.txt", "ducks.txt"]
    assert page.file_uploader[0].value == []
    work_off(app)
    page.run()
    assert sorted(rows(page)) == ["b\\.txt", "ducks\\.txt"]
    assert "1 passage" in told(page)


def test_a_file_that_cannot_be_read_shows_its_sentence_and_two_ways_out(
    app: App, open_page: OpenPage
) -> None:
    page = open_page("library")
    page.file_uploader[0].set_value(
        [
            ("broken.pdf", b"%PDF-1.4 nonsense", "application/pdf"),
            ("good.txt", b"Good words.", "text/plain"),
        ]
    ).run()
    work_off(app)
    page.run()
    assert ":red[broken\\.pdf" in told(page)
    assert sorted(rows(page)) == ["broken\\.pdf", "good\\.txt"]
    failed = _document(app, "broken.pdf")
    page.button(key=f"retry-{failed.id}").click().run()
    assert _document(app, "broken.pdf").state is DocumentState.QUEUED
    work_off(app)
    page.run()
    confirm(page, f"remove-{failed.id}", "remove-documents")
    assert names(app) == ["good.txt"]


def test_the_same_file_again_is_told_and_not_added(app: App, open_page: OpenPage) -> None:
    with_texts(app, a="Ants march.")
    page = open_page("library")
    page.file_uploader[0].set_value([("a.txt", b"Ants march.", "text/plain")]).run()
    assert names(app) == ["a.txt"]
    assert any("already there" in toast.value for toast in page.toast)


def test_the_list_is_searched_and_sorted(app: App, open_page: OpenPage) -> None:
    with_texts(app, alpha="One.", beta="Two and more words.", gamma="Three.")
    page = open_page("library")
    page.selectbox(key="library-order").set_value("Name").run()
    assert rows(page) == ["alpha\\.txt", "beta\\.txt", "gamma\\.txt"]
    page.selectbox(key="library-order").set_value("Largest first").run()
    assert rows(page)[0] == "beta\\.txt"
    page.text_input(key="library-search").set_value("GAM").run()
    assert rows(page) == ["gamma\\.txt"]
    assert "1 of 3 documents" in told(page)


def test_several_documents_are_removed_at_once(app: App, open_page: OpenPage) -> None:
    ids = with_texts(app, a="One.", b="Two.", c="Three.")
    page = open_page("library")
    for name in ("a", "c"):
        page.checkbox(key=f"pick-0-{ids[name]}").check().run()
    confirm(page, "remove-picked", "remove-documents")
    assert names(app) == ["b.txt"]


def test_a_document_is_read_page_by_page(app: App, open_page: OpenPage) -> None:
    pages = [
        PdfPage(lines=paragraph(f"Page {word} speaks here.", top=100)) for word in ("one", "two")
    ]
    page = open_page("library")
    page.file_uploader[0].set_value([("two.pdf", make_pdf(*pages), "application/pdf")]).run()
    work_off(app)
    page.run()
    page.button(key=f"view-{_document(app, 'two.pdf').id}").click().run()
    assert page.query_params["document"]
    assert "Page one speaks here." in read(page)
    page.button(key="view-next").click().run()
    assert "Page two speaks here." in read(page)
    assert page.get("image")


def test_an_address_of_a_removed_document_says_so(open_page: OpenPage) -> None:
    assert "does not exist" in told(open_page("library", document="nothing"))


def test_hostile_names_stand_as_they_are(app: App, open_page: OpenPage) -> None:
    with_texts(app, **{"![x](http://evil.example/i.png) :red[a] $x$ <b> www.e.example": "Words."})
    label = rows(open_page("library"))[0]
    assert "](" not in label.replace("\\]\\(", "")
    assert "http://" not in label
    assert ":red[" not in label


def test_bases_are_made_renamed_switched_and_deleted(app: App, open_page: OpenPage) -> None:
    page = open_page("library")
    bases = app.workspace().knowledge_bases
    choose(page, "base-menu", "New knowledge base", "Create", "Contracts")
    contracts = bases.named("Contracts")
    assert page.query_params["kb"] == contracts.id
    choose(page, "base-menu", "Rename", "Rename", "Leases")
    assert bases.get(contracts.id).name == "Leases"
    choose(page, "base-menu", "Delete", "Delete it")
    assert [base.name for base in bases.all()] == ["My documents"]


def test_a_name_that_is_taken_is_refused_in_a_sentence(open_page: OpenPage) -> None:
    page = open_page("library")
    choose(page, "base-menu", "New knowledge base", "Create", "My documents")
    assert "There is already a knowledge base called My documents" in told(page)


def _document(app: App, name: str) -> Document:
    base = app.workspace().knowledge_bases.first()
    listed = app.workspace().documents.listed(base.id)
    return next(each.document for each in listed if each.document.name == name)
