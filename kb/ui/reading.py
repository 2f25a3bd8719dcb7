"""Draws text to be read: answers, quotes, passages.

The text goes to the browser as data and becomes text nodes there, so that nothing in it can
be taken for markup. A block is a paragraph, heading, list item, code or note; it is made of
runs: stretches of text of one kind, and citation marks that can be opened.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from kb.domain.blocks import Block, Run, block

__all__ = ["Block", "Run", "block", "read"]

HERE = Path(__file__).parent

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
