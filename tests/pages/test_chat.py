"""The chat page: first steps, asking, citations and their evidence, conversations."""

import io
from time import monotonic

from streamlit.testing.v1 import AppTest

from kb.bootstrap import App
from kb.domain.conversations import MessageState
from kb.domain.documents import DocumentId
from kb.domain.errors import ModelUnreachableError
from kb.domain.jobs import JobKind
from kb.ui import model_status
from tests.fake_models import FakeChatModel, FakeModelServer, PausingModel
from tests.open_apps import take_in, work_off
from tests.pages.conftest import OpenPage
from tests.pages.reading import blocks, choose, citations, read, runs, told
from tests.pages.scans import step

LEAVE = "Full-time staff have 29 days of paid leave a year. Leave lapses on 31 March."
QUESTION = "How many days of paid leave do full-time staff have?"


def with_a_document(app: App, name: str = "leave.txt", text: str = LEAVE) -> str:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    return take_in(app, workspace, base.id, name, text).id


def with_a_model(app: App, *pieces: str, trouble: ModelUnreachableError | None = None) -> None:
    app.model_server = FakeModelServer(model=FakeChatModel(pieces=pieces, trouble=trouble))
    app.chat_model = "fake"
    model_status.ask_anew()


def ask(page: AppTest, question: str = QUESTION) -> AppTest:
    page.chat_input(key="question").set_value(question).run()
    return once_answered(page)


def once_answered(page: AppTest) -> AppTest:
    """The page once no answer is being written; a browser draws it again by itself."""
    until = monotonic() + 20
    while any(button.key.startswith("stop-") for button in page.button if button.key):
        assert monotonic() < until
        page.run()
    assert not page.exception
    return page


def test_an_empty_knowledge_base_says_the_next_step_and_offers_it(open_page: OpenPage) -> None:
    page = open_page()
    assert "Add a few files, then ask." in told(page)
    assert page.file_uploader
    assert page.button(key="add-samples")


def test_the_samples_are_added_and_questions_about_them_suggested(
    app: App, open_page: OpenPage
) -> None:
    page = open_page()
    page.button(key="add-samples").click().run()
    assert len(app.workspace().documents.listed(app.workspace().knowledge_bases.first().id)) == 4
    work_off(app)
    page.run()
    assert "4 documents ready" in told(page)
    page.button(key="suggestion-0").click().run()
    assert page.query_params["c"]
    ask(page, "Do full-time staff have 29 days of paid leave a year?")
    assert citations(page)[-1]["label"] == "Larkfield handbook.pdf, page 3"


def test_a_file_dropped_on_the_question_is_added(app: App, open_page: OpenPage) -> None:
    page = open_page()
    page.chat_input(key="question").set_value("").upload("a.txt", b"Ducks swim.", "text/plain")
    page.run()
    listed = app.workspace().documents.listed(app.workspace().knowledge_bases.first().id)
    assert [each.document.name for each in listed] == ["a.txt"]


def test_where_nothing_is_ready_no_closest_passages_are_offered(open_page: OpenPage) -> None:
    page = ask(open_page())
    assert "no document is ready" in read(page)
    assert not page.expander


def test_an_answer_says_what_is_still_being_read_and_lets_one_ask_again(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app, "ducks.txt", "Ducks swim on ponds.")
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    workspace.documents.add(base.id, "leave.txt", io.BytesIO(LEAVE.encode()))
    page = ask(open_page())
    assert "still being read: 1 document" in told(page)
    work_off(app)
    again = next(button for button in page.button if button.label == "Ask again")
    again.click().run()
    once_answered(page)
    assert citations(page)[0]["label"] == "leave.txt"


def test_a_question_too_long_to_be_asked_is_told_and_begins_no_conversation(
    app: App, open_page: OpenPage
) -> None:
    page = ask(open_page(), "word " * 8000)
    assert "longer than 32,000 characters" in page.toast[0].value
    assert not app.workspace().conversations.recent(app.workspace().knowledge_bases.first().id)


def test_without_a_model_the_answer_is_quotes_and_says_so(app: App, open_page: OpenPage) -> None:
    with_a_document(app)
    page = ask(open_page())
    shown = read(page)
    assert "No language model is connected: these are your documents' own sentences." in shown
    assert "Full-time staff have 29 days of paid leave a year." in shown
    assert [b["runs"][0]["text"] for b in blocks(page) if b["kind"] == "heading"] == ["leave.txt"]
    assert citations(page)[0]["label"] == "leave.txt"


def test_a_citation_opens_its_evidence_and_the_address_keeps_it(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app)
    page = ask(open_page())
    target = citations(page)[0]["open"]
    again = open_page(c=page.query_params["c"], evidence=target)
    marked = [run["text"] for run in runs(again) if run.get("mark")]
    assert marked == ["Full-time staff have 29 days of paid leave a year."]
    again.button(key="close-evidence").click().run()
    assert "evidence" not in again.query_params


def test_the_evidence_of_a_removed_document_is_gone_and_says_so(
    app: App, open_page: OpenPage
) -> None:
    document_id = with_a_document(app)
    page = ask(open_page())
    target = citations(page)[0]["open"]
    app.workspace().documents.remove(app.workspace().documents.get(document_id).id)  # type: ignore[arg-type]
    again = open_page(c=page.query_params["c"], evidence=target)
    assert "29 days" not in read(again)
    assert "no longer there" in told(again)


def test_sentences_that_are_not_borne_out_are_marked_and_others_are_not(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app)
    with_a_model(
        app, "Full-time staff have **29 days** of paid leave a year [1]. Dragons guard gold [1]."
    )
    page = ask(open_page())
    support = {run["text"].strip(): run.get("support", "") for run in runs(page) if "text" in run}
    assert support["29 days"] == ""
    assert support["Dragons guard gold."] == "unsupported"
    assert "1 of 2 sentences supported by your documents." in read(page)
    assert [run["number"] for run in citations(page)] == [1]
    assert {"text": "29 days", "bold": True} in runs(page)


def test_a_models_answer_shows_markup_links_and_images_as_text(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app)
    with_a_model(app, "See [here](http://evil.example/x) ![p](http://evil.example/p.png) <b>x</b>")
    shown = read(ask(open_page()))
    assert "here (evil.example)" in shown
    assert "Image: p (evil.example)" in shown
    assert "<b>x</b>" in shown
    assert "http://" not in shown


def test_an_answer_without_any_source_says_so(app: App, open_page: OpenPage) -> None:
    with_a_document(app)
    with_a_model(app, "Yes?")
    assert "The model named no source" in read(ask(open_page()))


def test_an_error_is_one_sentence_with_a_way_out(app: App, open_page: OpenPage) -> None:
    with_a_document(app)
    with_a_model(app, trouble=ModelUnreachableError("Ollama went away.", advice="Start it."))
    page = ask(open_page())
    assert "Ollama went away. Start it." in read(page)
    next(b for b in page.button if b.label == "Answer with quotes").click().run()
    once_answered(page)
    assert "Full-time staff have 29 days of paid leave a year." in read(page)


def test_a_question_without_an_answer_shows_the_closest_passages(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app)
    page = ask(open_page(), "Wherefore zebras?")
    assert "do not seem to answer this" in read(page)
    assert [b["label"] for b in blocks(page) if b["kind"] == "source"] == ["leave.txt"]


def test_a_stopped_answer_says_that_it_was_stopped(app: App, open_page: OpenPage) -> None:
    with_a_document(app)
    model = PausingModel("word ", "never")
    app.model_server, app.chat_model = FakeModelServer(model=model), model.name
    workspace = app.workspace()
    conversation = workspace.conversations.create(workspace.knowledge_bases.first().id)
    id = workspace.conversations.ask(conversation.id, QUESTION, "r1")
    assert model.waits.wait(20)
    workspace.conversations.stop(conversation.id, id)
    assert workspace.conversations.messages(conversation.id)[-1].state is MessageState.STOPPED
    assert "Stopped here." in read(open_page(c=conversation.id))


def test_hostile_names_and_texts_stand_as_they_are(app: App, open_page: OpenPage) -> None:
    name = "![x](http://evil.example/i.png) :red[a] $x$ <b>.txt"
    with_a_document(
        app, name, "The zebra says <script>alert(1)</script> and :red[boo] [l](http://e.example)."
    )
    page = ask(open_page(), "The zebra says alert and boo")
    assert "<script>alert(1)</script>" in read(page)
    assert citations(page)[0]["label"] == name
    assert not any("](http" in value for value in told(page).split("\n"))


def test_a_conversation_is_renamed_and_deleted_from_the_sidebar(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app)
    page = ask(open_page())
    id = page.query_params["c"]
    conversations = app.workspace().conversations
    assert page.button(key=f"open-{id}").label.startswith("How many days")
    choose(page, f"menu-{id}", "Rename", "Rename", "Leave *2026*")
    assert page.button(key=f"open-{id}").label == "Leave \\*2026\\*"
    choose(page, f"menu-{id}", "Delete", "Delete it")
    assert not conversations.recent(app.workspace().knowledge_bases.first().id)
    assert "c" not in page.query_params


def test_a_new_conversation_begins_empty_and_the_old_one_opens_again(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app)
    page = ask(open_page())
    id = page.query_params["c"]
    page.button(key="new-conversation").click().run()
    assert QUESTION not in read(page)
    page.button(key=f"open-{id}").click().run()
    assert QUESTION in read(page)


def test_an_answer_from_a_replaced_version_says_so_beside_its_citation(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app)
    page = ask(open_page())
    target = citations(page)[0]["open"]
    with_a_document(app, text=LEAVE.replace("29", "31"))
    again = open_page(c=page.query_params["c"], evidence=target)
    assert citations(again)[0]["label"] == "From a replaced version of leave.txt"
    (source,) = [block for block in blocks(again) if block["kind"] == "source"]
    assert source["label"] == "From a replaced version of leave.txt"
    assert "This is from version 1 of the document, which was replaced." in read(again)
    assert "29 days" in read(again)


def test_a_document_that_is_searchable_by_its_words_can_be_asked(
    app: App, open_page: OpenPage
) -> None:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    workspace.documents.add(base.id, "leave.txt", io.BytesIO(LEAVE.encode()))
    step(app, JobKind.READ)
    page = open_page()
    assert "1 document ready to be asked." in told(page)
    ask(page)
    assert citations(page)[0]["label"] == "leave.txt"
    assert "Searched by words only, as yet: 1 document." in told(page)


def test_a_question_for_every_place_is_answered_by_a_counted_list_without_a_model(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app)
    with_a_document(app, "more.txt", "Paid leave is [12] not paid twice. **Leave** early.")
    with_a_model(app, "A model was asked.")
    page = ask(open_page(), "Find every place that says leave")
    assert "4 places in 2 documents say “leave”." in read(page)
    assert "A model was asked." not in read(page)
    assert "Paid leave is (12) not paid twice. **Leave** early." in read(page)
    assert [mark["number"] for mark in citations(page)] == [1, 1, 2, 2]
    evidence = open_page(evidence=citations(page)[2]["open"], c=page.query_params["c"])
    assert "more.txt" in read(evidence)


def test_where_no_page_says_it_the_answer_says_so(app: App, open_page: OpenPage) -> None:
    with_a_document(app)
    page = ask(open_page(), 'find "sabbatical"')
    assert "No page of your documents says “sabbatical”." in read(page)


def test_a_question_is_put_to_the_chosen_documents_only(app: App, open_page: OpenPage) -> None:
    with_a_document(app)
    other = with_a_document(app, "old.txt", "In 2019 full-time staff had 20 days of paid leave.")
    page = open_page()
    page.multiselect[0].set_value([other])
    ask(page)
    assert {run["label"] for run in citations(page)} == {"old.txt"}
    assert "Asked only of old.txt." in read(page)
    page.multiselect[0].set_value([])
    ask(page, "And how many days of paid leave now?")
    assert "leave.txt" in {run["label"] for run in citations(page)}


def test_what_documents_say_differently_stands_below_the_answer_and_opens(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app, "policy-2021.txt", "Full-time staff have 25 days of paid leave a year.")
    newest = with_a_document(
        app, "policy-2024.txt", "Full-time staff have 29 days of paid leave a year."
    )
    page = ask(open_page())
    line = "policy-2024.txt (newest, 2024) says 29 days; policy-2021.txt (2021) says 25 days."
    assert line in read(page).splitlines()
    first = next(
        run for run in runs(page) if run.get("text") == "policy-2024.txt" and "open" in run
    )
    assert first["open"].startswith(f"p.{newest}.")
    app.workspace().documents.remove(DocumentId(newest))
    page.run()
    assert "says 29 days" not in read(page)


def test_a_chosen_document_that_is_removed_is_chosen_no_more(app: App, open_page: OpenPage) -> None:
    with_a_document(app)
    other = with_a_document(app, "old.txt", "In 2019 full-time staff had 20 days of paid leave.")
    page = open_page()
    page.multiselect[0].set_value([other]).run()
    workspace = app.workspace()
    (old,) = [
        each.document
        for each in workspace.documents.listed(workspace.knowledge_bases.first().id)
        if each.document.id == other
    ]
    workspace.documents.remove(old.id)
    page.run()
    assert page.multiselect[0].value == []
    assert "29 days" in read(ask(page))
