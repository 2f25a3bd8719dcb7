"""What a text to be read is made of: blocks of runs, whatever draws or writes them."""

from typing import Literal, NotRequired, TypedDict

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
    an action. `copy` goes to the clipboard. A `verdict` stands after a sentence that is not fully
    borne out, and says so."""

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
    verdict: str


class Block(TypedDict):
    """What stands by itself. `lead` is an item's number or bullet, or a source's number."""

    kind: Kind
    runs: list[Run]
    lead: NotRequired[str]
    open: NotRequired[str]
    label: NotRequired[str]
    depth: NotRequired[int]


def block(kind: Kind, text: str) -> Block:
    """A block of plain text."""
    return Block(kind=kind, runs=[Run(text=text)])
