"""The one way to show foreign text: names, document text, and what a model wrote.

Streamlit draws labels and notes as Markdown, in which text can become a link, an image, a
formula, a directive such as :red[…] or an emoji. `plain` makes a text show as it is. Longer
texts go to `kb.ui.reading`, which hands them to the browser as text and never as markup.
"""

import re

JOINER = "\N{WORD JOINER}"
"""Invisible, and keeps apart what Streamlit would replace after Markdown is parsed."""

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=\"'@/%])")
_REPLACED_LATER = re.compile(r"(:(?=\S)|@|\bwww(?=\.)|[-<>=~](?=[-<>=~]))", re.IGNORECASE)
_SIZES = ("bytes", "KB", "MB", "GB", "TB")


def plain(text: str) -> str:
    """Markdown that shows the text as it is, on one line."""
    apart = _REPLACED_LATER.sub(rf"\1{JOINER}", visible(" ".join(text.split())))
    return _PUNCTUATION.sub(r"\\\1", apart)


def visible(text: str) -> str:
    """The text with characters that would hide or turn round others made visible."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def short(text: str, length: int) -> str:
    """The text on one line, its end cut off where it is longer."""
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= length else one_line[: length - 1].rstrip() + "…"


def size(count: int) -> str:
    """A number of bytes as people say it."""
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(_SIZES) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {_SIZES[unit]}" if unit < 2 else f"{amount:.1f} {_SIZES[unit]}"


def duration(seconds: float) -> str:
    """A length of time as people say it: 40 s, 3 min, 1 h 20 min."""
    if seconds < 60:
        return f"{max(10, round(seconds, -1)):.0f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return " ".join([f"{hours:,} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))
