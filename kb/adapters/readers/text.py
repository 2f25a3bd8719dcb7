"""Clean text, and a page's text built up from its elements."""

import re
from dataclasses import dataclass, field

from kb.domain.documents import Element, ElementKind, Page, ParsedDocument

ELEMENT_SEPARATOR = "\n\n"
MAX_TITLE = 300
EMPTY = "The file holds no text."

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")
_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SOFT_HYPHEN = "\u00ad"
_SPACE_RUN = re.compile(r"[^\S\n]+")


def clean(text: str) -> str:
    """Text without control characters, lone surrogates and soft hyphens; line ends are \\n."""
    text = _LINE_ENDS.sub("\n", text).replace(_SOFT_HYPHEN, "")
    return _CONTROL.sub("", text)


def one_line(text: str) -> str:
    """Clean text with every run of white space made one space."""
    return " ".join(clean(text).split())


def tidy(text: str) -> str:
    """Clean text with single spaces; its lines are kept, empty ones dropped."""
    lines = (_SPACE_RUN.sub(" ", line).strip() for line in clean(text).split("\n"))
    return "\n".join(line for line in lines if line)


def table_row(cells: list[str]) -> str:
    """One line of a table."""
    return " | ".join(one_line(cell) for cell in cells).strip()


@dataclass(slots=True)
class TextBuilder:
    """Collects elements of a format without pages, and the text that they slice."""

    title: str = ""
    _parts: list[str] = field(default_factory=list)
    _elements: list[Element] = field(default_factory=list)
    length: int = 0

    def add(self, kind: ElementKind, text: str, level: int = 0) -> None:
        """Append an element; blank text is passed over."""
        text = text.strip()
        if not text:
            return
        separator = self._separator(kind)
        start = self.length + len(separator)
        self._parts += [separator, text]
        self.length = start + len(text)
        self._elements.append(Element(kind=kind, page=1, start=start, end=self.length, level=level))

    def heading(self) -> str:
        """The first heading of the highest level; empty where there is none yet."""
        for element in self._elements:
            if element.kind is ElementKind.TITLE and element.level == 1:
                return "".join(self._parts)[element.start : element.end]
        return ""

    def document(self) -> ParsedDocument:
        """All that was added, as one page."""
        return ParsedDocument(
            pages=(Page(number=1, text="".join(self._parts)),),
            elements=tuple(self._elements),
            title=one_line(self.title)[:MAX_TITLE],
            paged=False,
            warnings=() if self._elements else (EMPTY,),
        )

    def _separator(self, kind: ElementKind) -> str:
        if not self._elements:
            return ""
        both_items = kind is self._elements[-1].kind is ElementKind.LIST_ITEM
        return "\n" if both_items else ELEMENT_SEPARATOR
