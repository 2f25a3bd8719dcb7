"""Thoughts of a model on the chat page."""

from streamlit.testing.v1 import AppTest

from kb.bootstrap import App
from kb.domain.conversations import ConversationId, Thought
from kb.ui import model_status
from tests.fake_models import FakeChatModel, FakeModelServer, PausingModel
from tests.pages.conftest import OpenPage
from tests.pages.reading import read, told
from tests.pages.test_chat import LEAVE, QUESTION, ask, with_a_document

HOSTILE = "<script>alert(1)</script> ![x](http://evil.test/x.png) **29** $x$ \u202eabc"


def written_by(app: App, model: FakeChatModel) -> None:
    app.model_server, app.chat_model = FakeModelServer(model=model), "fake"
    model_status.ask_anew()


def texts(page: AppTest) -> list[str]:
    return [element.value for element in page.text]


def test_thoughts_are_folded_above_the_answer_and_shown_as_they_came(
    app: App, open_page: OpenPage
) -> None:
    with_a_document(app)
    written_by(app, FakeChatModel(pieces=[Thought(text=HOSTILE), f"{LEAVE} [1]"]))
    page = ask(open_page())
    assert [box.label for box in page.expander] == ["Thoughts"]
    assert "29 days" in read(page)
    assert "evil.test" not in read(page) + told(page)
    assert texts(page) == []
    message = app.workspace().conversations.messages(
        ConversationId("".join(page.query_params["c"]))
    )[-1]
    page.session_state[f"thoughts-{message.id}"] = True
    page.run()
    assert texts(page) == [HOSTILE.replace("\u202e", "\N{REPLACEMENT CHARACTER}")]


def test_an_answer_without_thoughts_has_no_fold(app: App, open_page: OpenPage) -> None:
    with_a_document(app)
    written_by(app, FakeChatModel(pieces=[f"{LEAVE} [1]"]))
    assert not ask(open_page()).expander


def test_thoughts_show_while_they_come(app: App, open_page: OpenPage) -> None:
    with_a_document(app)
    model = PausingModel(Thought(text="x" * 5000), "Thirty.", at=1)
    written_by(app, model)
    page = open_page()
    page.chat_input(key="question").set_value(QUESTION).run()
    assert model.waits.wait(20)
    page.run()
    assert [box.label for box in page.expander] == ["Thoughts"]
    assert texts(page) == ["…" + "x" * 4000]
    assert "The model thinks before it answers" in told(page)
    model.go_on.set()


def test_thinking_is_off_until_it_is_turned_on_beside_the_model(
    app: App, open_page: OpenPage
) -> None:
    assert not open_page().toggle
    written_by(app, FakeChatModel())
    page = open_page()
    (toggle,) = page.toggle
    assert (toggle.label, toggle.value) == ("Thinks before it answers", False)
    toggle.set_value(True).run()
    assert app.thinking
    assert page.toggle[0].value is True
