"""What a page shows to be read, without a browser."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import MenuButton


def blocks(page: AppTest) -> list[dict[str, Any]]:
    """All blocks on the page, in order."""
    drawn = [json.loads(element.proto.json) for element in page.get("bidi_component")]
    return [block for each in drawn for block in each["blocks"]]


def runs(page: AppTest) -> list[dict[str, Any]]:
    """All stretches of text and citation marks on the page, in order."""
    return [run for block in blocks(page) for run in block["runs"]]


def read(page: AppTest) -> str:
    """All text to be read."""
    return "\n".join("".join(run.get("text", "") for run in b["runs"]) for b in blocks(page))


def told(page: AppTest) -> str:
    """All other text: Markdown, captions, warnings, errors, notes."""
    kinds = (page.title, page.markdown, page.caption, page.warning, page.error, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def citations(page: AppTest) -> list[dict[str, Any]]:
    """The citation marks on the page."""
    return [run for run in runs(page) if "number" in run]


def choose(page: AppTest, menu: str, option: str, submit: str, typed: str | None = None) -> None:
    """Choose from a menu and answer the dialog that it opens.

    AppTest draws the whole page where a browser draws only the dialog, so that the menu
    has to be chosen once more for the dialog to be there when its button is clicked.
    """
    _menu(page, menu).set_value(option).run()
    if typed is not None:
        page.text_input[-1].set_value(typed)
    button = next(b for b in reversed(page.button) if b.label == submit)
    _menu(page, menu).set_value(option)
    button.click().run()
    assert not page.exception


def confirm(page: AppTest, opener: str, button: str) -> None:
    """Click a button and then one in the dialog that it opens; see `choose`."""
    page.button(key=opener).click().run()
    page.button(key=opener).click()
    page.button(key=button).click().run()
    assert not page.exception


def _menu(page: AppTest, key: str) -> MenuButton[Any]:
    menus = [each for each in page.get("menu_button") if isinstance(each, MenuButton)]
    return next(menu for menu in menus if menu.key == key)
