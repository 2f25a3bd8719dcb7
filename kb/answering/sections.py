"""Parts a document into the sections in which it is read whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

from kb.domain.documents import Document, Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Passages that follow each other in a document, under the headings they have in common."""

    document: Document
    passages: tuple[Passage, ...]

    @property
    def characters(self) -> int:
        """Of all its text."""
        return _characters(self.passages)

    @property
    def heading(self) -> str:
        """The lowest heading over all of it; of several beside each other the first and last."""
        paths = [passage.heading_path for passage in self.passages]
        levels = zip(*paths, strict=False)
        over = [names[0] for names in takewhile(lambda names: len(set(names)) == 1, levels)]
        below = [path[len(over)] for path in (paths[0], paths[-1]) if len(path) > len(over)]
        if len(below) == 2 and below[0] != below[1]:
            return f"{below[0]} – {below[1]}"
        return over[-1] if over else self._pages

    @property
    def _pages(self) -> str:
        if self.document.page_count is None:
            return self.document.title or self.document.name
        first, last = self.passages[0].page_first, self.passages[-1].page_last
        return f"Page {first}" if first == last else f"Pages {first}–{last}"


def sections(
    document: Document, passages: Sequence[Passage], most_characters: int
) -> list[Section]:
    """The document's passages in sections of at most so many characters, or of one passage.

    They end where headings do, the highest first; where those are of no use, where the room does.
    """
    parts = _joined(_divided(list(passages), 0, most_characters), most_characters)
    return [Section(document=document, passages=tuple(part)) for part in parts]


def _divided(passages: list[Passage], depth: int, most: int) -> Iterator[list[Passage]]:
    if not passages:
        return
    if _characters(passages) <= most:
        yield passages
    elif all(len(passage.heading_path) <= depth for passage in passages):
        yield from _in_runs(passages, most)
    else:
        for _, under in groupby(passages, key=lambda one: one.heading_path[: depth + 1]):
            yield from _joined(_divided(list(under), depth + 1, most), most)


def _in_runs(passages: list[Passage], most: int) -> Iterator[list[Passage]]:
    """In parts of about one size."""
    count = -(-_characters(passages) // most)
    even = _characters(passages) / count
    run: list[Passage] = []
    for passage in passages:
        size = _characters(run)
        if run and (size + len(passage.text) > most or size + len(passage.text) / 2 > even):
            yield run
            run = []
        run.append(passage)
    yield run


def _joined(parts: Iterator[list[Passage]], most: int) -> Iterator[list[Passage]]:
    """Short parts that follow each other as one."""
    joined: list[Passage] = []
    for part in parts:
        if joined and _characters(joined) + _characters(part) > most:
            yield joined
            joined = []
        joined = joined + part
    if joined:
        yield joined


def _characters(passages: Sequence[Passage]) -> int:
    return sum(len(passage.text) for passage in passages)
