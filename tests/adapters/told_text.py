"""What the tests of readers ask of a document."""

from itertools import pairwise

from kb.domain.documents import ElementKind, ParsedDocument


def told(document: ParsedDocument) -> list[tuple[ElementKind, str]]:
    """Kinds and texts, once the document is found to be sound."""
    assert [page.number for page in document.pages] == [1]
    assert not document.paged
    text = document.pages[0].text
    text.encode("utf-8")
    for one, other in pairwise(document.elements):
        assert one.end <= other.start
    for element in document.elements:
        assert text[element.start : element.end].strip()
    return [(element.kind, text[element.start : element.end]) for element in document.elements]


def levels(document: ParsedDocument) -> list[int]:
    """The levels of the headings, in their order."""
    return [e.level for e in document.elements if e.kind is ElementKind.TITLE]
