"""Exports from the chat: the conversation's dialog, and that of one answer."""

from streamlit.testing.v1.element_tree import MenuButton

from kb.bootstrap import App
from kb.domain.conversations import ConversationId
from kb.ui import session
from tests.open_apps import take_in
from tests.pages.conftest import OpenPage
from tests.pages.reading import told


def talked(app: App) -> str:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    take_in(app, workspace, base.id, "leave.txt", "Staff have 29 days of paid leave a year.")
    conversation = workspace.conversations.create(base.id)
    answer = workspace.conversations.ask(conversation.id, "How many days of paid leave?", "1")
    workspace.conversations.wait(conversation.id, answer, 30)
    return conversation.id


def test_a_conversation_can_be_exported_in_each_format(app: App, open_page: OpenPage) -> None:
    id = talked(app)
    page = open_page(c=id)
    menus = [each for each in page.get("menu_button") if isinstance(each, MenuButton)]
    menu = next(each for each in menus if each.key == f"menu-{id}")
    menu.set_value("Export").run()
    assert not page.exception
    labels = [each.proto.label for each in page.get("download_button")]
    assert labels == ["Markdown", "Word", "PDF"]


def test_one_answer_can_be_exported(app: App, open_page: OpenPage) -> None:
    id = talked(app)
    page = open_page(c=id)
    answer = app.workspace().conversations.messages(ConversationId(id))[-1]
    page.session_state[session.MESSAGE_DIALOG] = ("export", answer.id)
    page.run()
    assert "This answer and its question" in told(page)
    assert len(page.get("download_button")) == 3
