"""Exports from the chat: the conversation's dialog, and the menu of one answer."""

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import MenuButton

from kb.bootstrap import App
from kb.ui.server import use_app
from tests.open_apps import take_in
from tests.pages.conftest import OpenPage


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
    assert page.radio(key="export-format").options == ["Markdown", "Word", "PDF"]
    (button,) = page.get("download_button")
    assert button.proto.label == "Download"


def test_one_answer_has_a_menu_of_its_own(app: App, open_page: OpenPage) -> None:
    use_app(app)
    talked(app)
    page = AppTest.from_function(_menu_of_the_last).run()
    assert not page.exception
    labels = [each.proto.label for each in page.get("download_button")]
    assert labels == ["Markdown", "Word", "PDF"]


def _menu_of_the_last() -> None:
    from kb.ui import exporting, session

    workspace = session.workspace()
    (conversation,) = workspace.conversations.recent(workspace.knowledge_bases.first().id)
    exporting.menu(workspace.conversations.messages(conversation.id)[-1])
