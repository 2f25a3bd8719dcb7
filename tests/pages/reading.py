"""What a page shows to be read, without a browser."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest


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
    return [run for run in runs(page) if "open" in run]
