"""Draws text to be read: answers, quotes, passages.

The text goes to the browser as data and becomes text nodes there, so that nothing in it can
be taken for markup. A block is a paragraph, heading, list item, code or note; it is made of
runs: stretches of text of one kind, and citation marks that can be opened.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import streamlit as st

HERE = Path(__file__).parent

Kind = Literal[
    "paragraph",
    "heading",
    "item",
    "code",
    "note",
    "source",
    "place",
    "passage",
    "page",
    "said",
    "pages",
    "legend",
    "actions",
]
"""A `place` is a `source` whose words are shown whole. Of `pages`, each run is the cell of a page;
of a `legend`, what a kind of cell means; of `actions`, what can be done, or a word about it."""


class Run(TypedDict, total=False):
    """A stretch of text, or what can be clicked where `open` or `copy` is given: a citation's mark,
    an action. `copy` goes to the clipboard."""

    text: str
    bold: bool
    italic: bool
    code: bool
    mark: bool
    support: str
    state: str
    number: int
    open: str
    copy: str
    label: str
    pressed: bool


class Block(TypedDict):
    """What stands by itself. `lead` is an item's number or bullet, or a source's number."""

    kind: Kind
    runs: list[Run]
    lead: NotRequired[str]
    open: NotRequired[str]
    label: NotRequired[str]
    depth: NotRequired[int]


_reading = st.components.v2.component(
    "quire.reading",
    html='<div class="reading"></div>',
    css=(HERE / "reading.css").read_text(encoding="utf-8"),
    js=(HERE / "reading.js").read_text(encoding="utf-8"),
)


def read(
    blocks: Sequence[Block],
    key: str,
    *,
    on_open: Callable[[str], None] | None = None,
    current: str = "",
) -> None:
    """Draw the blocks; `on_open` is told the target of a mark that was clicked."""

    def opened() -> None:
        target = getattr(st.session_state.get(key), "open", None)
        if on_open and isinstance(target, str):
            on_open(target)

    data: dict[str, Any] = {"blocks": list(blocks), "current": current}
    _reading(data=data, key=key, on_open_change=opened)


def block(kind: Kind, text: str) -> Block:
    """A block of plain text."""
    return Block(kind=kind, runs=[Run(text=text)])
