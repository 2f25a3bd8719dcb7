"""Draws what refusing costs: `python -m bench.refusals FILE.jsonl… [--svg OUT.svg]`.

The files are those of `python -m kb eval SET --save FILE.jsonl`. A curve has the share of
unanswerable questions refused against that of answerable ones wrongly refused, over every
threshold of the evidence score. The table has, for each file:

- `area`: the area under the curve
- `at 5 %`: share of the unanswerable refused where at most 5 % of the answerable are, and the
  score below which that refuses
- `as set`, `wrongly`: shares of both kinds refused at the product's own threshold

and below it, for each type of unanswerable question, its own shares at the same two thresholds.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.table import Table

from kb.domain.errors import InvalidInputError
from kb.domain.evaluation import Result
from kb.evaluation.metrics import area_under_curve, refusal_curve
from kb.evaluation.results import load
from kb.evaluation.runner import evidence_scores

WRONG_AT_MOST = 0.05
SIDE = 360
LEFT, TOP, LEGEND = 60, 40, 180
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#000000")

Runs = Mapping[str, Sequence[Result]]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table of some files, and draw their curves."""
    parser = argparse.ArgumentParser(prog="python -m bench.refusals", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--svg", type=Path, metavar="OUT.svg", help="draw the curves into this")
    args = parser.parse_args(argv)
    runs = {path.stem: load(path) for path in args.files}
    for name, results in runs.items():
        if not all(evidence_scores(results)):
            raise InvalidInputError(f"{name} lacks answerable or unanswerable questions.")
    Console(width=100).print(refusals(runs, title="Refusals"))
    if args.svg:
        draw(runs, args.svg, title="Refusals")
    return 0


def pooled(sets: Iterable[Mapping[str, list[Result]]]) -> dict[str, list[Result]]:
    """The results of all sets together, by variant."""
    together: dict[str, list[Result]] = {}
    for by_variant in sets:
        for variant, results in by_variant.items():
            together.setdefault(variant, []).extend(results)
    return together


def refusals(runs: Runs, *, title: str) -> Table:
    """The table of some runs, each with answerable and unanswerable questions."""
    table = Table("", "questions", "area", "at 5 %", "below", "as set", "wrongly", title=title)
    for name, results in runs.items():
        answerable, unanswerable = evidence_scores(results)
        threshold, _, refused = operating_point(results)
        table.add_row(
            name,
            str(len(results)),
            f"{area_under_curve(answerable, unanswerable):.3f}",
            f"{refused:.3f}",
            f"{threshold:.3f}",
            f"{_as_set(results, answerable=False):.3f}",
            f"{_as_set(results, answerable=True):.3f}",
        )
        for kind in sorted({one.kind for one in results if not one.answerable and one.kind}):
            of_kind = [one for one in results if one.kind == kind and not one.answerable]
            share = fmean(one.evidence < threshold for one in of_kind)
            as_set = _as_set(of_kind, answerable=False)
            table.add_row(f"  {kind}", str(len(of_kind)), "", f"{share:.3f}", "", f"{as_set:.3f}")
    return table


def operating_point(
    results: Sequence[Result], wrong_at_most: float = WRONG_AT_MOST
) -> tuple[float, float, float]:
    """The point of the curve that refuses most within this share of wrong refusals."""
    allowed = [
        point for point in refusal_curve(*evidence_scores(results)) if point[1] <= wrong_at_most
    ]
    return max(allowed, key=lambda point: (point[2], -point[1]))


def _as_set(results: Sequence[Result], *, answerable: bool) -> float:
    return fmean(one.refused for one in results if one.answerable is answerable)


def draw(runs: Runs, path: Path, *, title: str) -> None:
    """Write an SVG with a curve for each run, and a dot at the product's own threshold."""
    width, height = LEFT + SIDE + LEGEND, TOP + SIDE + 60
    svg = ET.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=str(width),
        height=str(height),
        attrib={"font-family": "sans-serif", "font-size": "12"},
    )
    ET.SubElement(svg, "rect", width="100%", height="100%", fill="white")
    _text(svg, LEFT, TOP - 16, title)
    _axes(svg)
    for number, (name, results) in enumerate(runs.items()):
        colour = COLOURS[number % len(COLOURS)]
        curve = refusal_curve(*evidence_scores(results))
        points = " ".join(_at(wrong, right) for _, wrong, right in curve)
        ET.SubElement(svg, "polyline", points=points, fill="none", stroke=colour)
        x, y = _at(_as_set(results, answerable=True), _as_set(results, answerable=False)).split(",")
        ET.SubElement(svg, "circle", cx=x, cy=y, r="4", fill=colour)
        _text(svg, LEFT + SIDE + 16, TOP + 12 + 18 * number, name, fill=colour)
    path.write_bytes(ET.tostring(svg, encoding="utf-8"))


def _axes(svg: ET.Element) -> None:
    for tenth in range(0, 11, 2):
        share = tenth / 10
        for start, end in (((share, 0), (share, 1)), ((0, share), (1, share))):
            points = f"{_at(*start)} {_at(*end)}"
            ET.SubElement(svg, "polyline", points=points, stroke="#dddddd")
        _text(svg, LEFT + SIDE * share, TOP + SIDE + 18, f"{share:.0%}", anchor="middle")
        _text(svg, LEFT - 8, TOP + SIDE * (1 - share) + 4, f"{share:.0%}", anchor="end")
    limit = f"{_at(WRONG_AT_MOST, 0)} {_at(WRONG_AT_MOST, 1)}"
    ET.SubElement(svg, "polyline", {"points": limit, "stroke": "#999", "stroke-dasharray": "4 3"})
    _text(svg, LEFT, TOP + SIDE + 40, "answerable questions wrongly refused")
    label = _text(svg, 0, 0, "unanswerable questions refused")
    label.set("transform", f"translate(14 {TOP + SIDE}) rotate(-90)")


def _at(wrong: float, right: float) -> str:
    return f"{LEFT + SIDE * wrong:.1f},{TOP + SIDE * (1 - right):.1f}"


def _text(
    svg: ET.Element, x: float, y: float, text: str, *, anchor: str = "start", fill: str = "#222"
) -> ET.Element:
    attributes = {"x": f"{x:.0f}", "y": f"{y:.0f}", "text-anchor": anchor, "fill": fill}
    element = ET.SubElement(svg, "text", attributes)
    element.text = text
    return element


if __name__ == "__main__":
    raise SystemExit(main())
