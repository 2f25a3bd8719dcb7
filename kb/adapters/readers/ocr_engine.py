"""Text in a picture, by the PP-OCR models that come with RapidOCR; nothing is downloaded."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import atan2, hypot, sqrt, tan
from statistics import median
from typing import Any

from PIL import Image

from kb.adapters.readers.page_lines import Line
from kb.adapters.readers.text import one_line

MOST_PIXELS = 3_000_000
"""A page of letter size at 180 dots per inch; more take longer and are read no better."""
MOST_WIDTH = 4000
"""The models need memory by the length of a line."""
MOST_HEIGHT = 10_000
FINDING_SIDE = 960
"""Pixels of the long side at which lines are found; they are read at full size. Finding them there
as well takes twice the memory and half as long again, and finds no more."""
USUAL_SIDE = 736
"""Pixels of the short side up to which small pictures are enlarged, as the models expect."""
MOST_GROWTH = 4.0
LEAST_SIDE = 8
LONGEST = 100
"""Times as long as wide; what is longer holds no lines."""
MIN_SCORE = 0.5
LOW_SCORE = 0.8
"""Mean certainty below which the picture may stand on its head."""
LETTER_HEIGHT = 0.75
"""Font size as a part of the height of a found line."""
MARGIN = 0.12
"""White space at both ends of a found line, as a part of its height."""
SAME_SIZE = 0.25
"""Heights that differ by less are measured unsharply, and the same."""
MAX_SLANT = 0.3
"""Radians."""

TURNS = {
    1: Image.Transpose.ROTATE_90,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Lines of a picture after scaling and `turn` quarter turns to the left, in pixels.

    `width` and `height` are those of the scaled picture before it was turned. The lines are
    straight: `slant` is how much lower the page's lines end for each pixel that they run to
    the right.
    """

    lines: tuple[Line, ...]
    width: int
    height: int
    scale: float = 1.0
    turn: int = 0
    slant: float = 0.0

    def place(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[float, float, float, float]:
        """Where a box of the lines stands in the picture as it was given."""
        lower = self.slant * (left + right) / 2
        corners = [self._point(left, top + lower), self._point(right, bottom + lower)]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        points = (
            (x, y),
            (self.width - y, x),
            (self.width - x, self.height - y),
            (y, self.height - x),
        )
        x, y = points[self.turn]
        x, y = min(max(x, 0.0), self.width), min(max(y, 0.0), self.height)
        return x / self.scale, y / self.scale


@dataclass(frozen=True, slots=True)
class _Piece:
    """A found line: its corners from the top left on, clockwise."""

    text: str
    score: float
    corners: tuple[tuple[float, float], ...]

    @property
    def width(self) -> float:
        return _distance(self.corners[0], self.corners[1])

    @property
    def height(self) -> float:
        return _distance(self.corners[0], self.corners[3])

    @property
    def is_tall(self) -> bool:
        return self.height > 1.5 * self.width and len(self.text) > 1


def find_lines(image: Image.Image) -> Finding:
    """The lines of an RGB picture, which may stand on its side or head."""
    if min(image.size) < max(LEAST_SIDE, max(image.size) / LONGEST):
        return Finding(lines=(), width=image.width, height=image.height)
    scale = _scale(*image.size)
    if scale != 1.0:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    found = {0: _pieces(image)}
    for turn in _turns_to_try(found[0]):
        found[turn] = _pieces(image.transpose(TURNS[turn]))
    if _lie_on_their_side(found[0]):
        del found[0]  # lines on their side are read all the same, but in no order
    turn, pieces = max(found.items(), key=lambda item: _certainty(item[1]))
    good = [piece for piece in pieces if piece.score >= MIN_SCORE]
    slant = _slant(good)
    lines = tuple(_lines(good, slant))
    return Finding(
        lines=lines,
        width=image.width,
        height=image.height,
        scale=scale,
        turn=turn,
        slant=slant,
    )


def _scale(width: int, height: int) -> float:
    """How much larger a picture of this size is read best and in bounded memory."""
    growth = min(max(USUAL_SIDE / min(width, height), 1.0), MOST_GROWTH)
    room = sqrt(MOST_PIXELS / (width * height))
    return min(growth, room, MOST_WIDTH / width, MOST_HEIGHT / height)


def _turns_to_try(pieces: list[_Piece]) -> tuple[int, ...]:
    letters = sum(len(piece.text) for piece in pieces)
    if _lie_on_their_side(pieces):
        return (1, 3)
    return (2,) if letters and _certainty(pieces) < LOW_SCORE * letters else ()


def _lie_on_their_side(pieces: list[_Piece]) -> bool:
    letters = sum(len(piece.text) for piece in pieces)
    return 2 * sum(len(piece.text) for piece in pieces if piece.is_tall) > letters


def _certainty(pieces: list[_Piece]) -> float:
    """How many letters were read, each counted by how certain it is."""
    return sum(piece.score * len(piece.text) for piece in pieces)


def _pieces(image: Image.Image) -> list[_Piece]:
    import numpy as np

    found = _engine()(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]))
    if found.boxes is None or found.txts is None:
        return []
    return [
        _Piece(text, float(score), tuple((float(x), float(y)) for x, y in box))
        for box, raw_text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        if (text := one_line(raw_text))
    ]


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.text_score": 0.0,
            "Global.max_side_len": 100_000,  # pictures come in the right size
            "Det.limit_type": "max",
            "Det.limit_side_len": FINDING_SIDE,
            "Global.use_cls": False,  # it turns lines that are upright, and costs time
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _slant(pieces: list[_Piece]) -> float:
    """How much lower lines end for each pixel to the right; of most lines, and 0 if far off."""
    long = [piece for piece in pieces if piece.width > 4 * piece.height]
    if not long:
        return 0.0
    angles = [
        atan2(piece.corners[1][1] - piece.corners[0][1], piece.corners[1][0] - piece.corners[0][0])
        for piece in long
    ]
    angle = median(angles)
    return tan(angle) if abs(angle) < MAX_SLANT else 0.0


def _lines(pieces: list[_Piece], slant: float) -> Iterator[Line]:
    usual = median([piece.height for piece in pieces]) if pieces else 0.0
    for piece in pieces:
        xs, ys = zip(*piece.corners, strict=True)
        left, right = min(xs) + MARGIN * piece.height, max(xs) - MARGIN * piece.height
        middle = sum(ys) / 4 - slant * (left + right) / 2
        height = usual if abs(piece.height - usual) < SAME_SIZE * usual else piece.height
        yield Line(
            text=piece.text,
            left=min(left, right),
            top=middle - piece.height / 2,
            right=max(left, right),
            bottom=middle + piece.height / 2,
            baseline=middle + piece.height / 2,
            size=LETTER_HEIGHT * height,
        )


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])
