"""The text of charts and SmartArt, whose parts look alike in Word and PowerPoint."""

from collections.abc import Iterator
from typing import Any

from kb.adapters.readers.text import one_line, table_row

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"

MOST_POINTS = 1000
"""Of a chart: more are a curve, which nobody asks for by its figures."""


def paragraph_text(paragraph: Any) -> str:
    """What a paragraph of a drawing says, with its formulas and line breaks."""
    pieces = []
    for node in paragraph.iter(f"{A}t", f"{M}t", f"{A}br"):
        pieces.append("\n" if node.tag == f"{A}br" else node.text or "")
    return "".join(pieces)


def diagram_lines(root: Any) -> Iterator[str]:
    """The entries of SmartArt, in the order in which they are stored."""
    for point in root.iter(f"{DGM}t"):
        for paragraph in point.iter(f"{A}p"):
            if line := one_line(paragraph_text(paragraph)):
                yield line


def chart_titles(root: Any) -> Iterator[str]:
    """The titles of a chart and of its axes."""
    for title in root.iter(f"{C}title"):
        if line := one_line(" ".join(map(paragraph_text, title.iter(f"{A}p")))):
            yield line


def chart_rows(root: Any) -> list[str]:
    """The figures of a chart as rows of a table: a category and its value in each series."""
    series = [
        (_points(one, "tx"), _points(one, "cat", "xVal"), _points(one, "val", "yVal"))
        for one in root.iter(f"{C}ser")
    ]
    categories: dict[int, str] = {}
    for _, names, _ in series:
        categories |= {at: name for at, name in names.items() if at not in categories}
    places = sorted({*categories, *(at for *_, values in series for at in values)})
    if not places or len(places) > MOST_POINTS:
        return []
    head = table_row(["", *(" ".join(names.values()) for names, _, _ in series)])
    rows = (
        [categories.get(at, ""), *(values.get(at, "") for _, _, values in series)] for at in places
    )
    return [line for line in (head, *map(table_row, rows)) if line.strip(" |")]


def _points(series: Any, *tags: str) -> dict[int, str]:
    """The cached values of one side of a series, by their place."""
    found: dict[int, str] = {}
    for tag in tags:
        for side in series.findall(f"{C}{tag}"):
            for order, point in enumerate(side.iter(f"{C}pt")):
                place = str(point.get("idx", order))
                at = int(place) if place.isdecimal() else order
                value = one_line("".join(node.text or "" for node in point.iter(f"{C}v")))
                found[at] = f"{found[at]} {value}" if at in found else value
            if not found and (text := side.findtext(f"{C}v")):
                found[0] = one_line(text)
    return found
