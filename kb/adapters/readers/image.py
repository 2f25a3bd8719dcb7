"""Pictures: pages whose text only OCR can read.

Not covered: further frames of animations; only a TIFF has pages.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from kb.domain.documents import Page, ParsedDocument, TextSource
from kb.domain.errors import DamagedFileError, InvalidInputError, LimitError

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "HEIF")
"""Pillow's others stay closed to foreign files: some start programs."""
MAX_PIXELS = 100_000_000
MAX_PAGES = 5000
ORIENTATION = 0x0112
ON_THEIR_SIDE = (5, 6, 7, 8)
"""EXIF's tag and the values of it under which width and height change places."""


def read(path: Path) -> ParsedDocument:
    """The pages of a picture, without text; more than one only in a TIFF."""
    with _opened(path) as image:
        sizes = [_turned_size(page) for page in _pages(image)]
    frame(path, 1, MAX_PIXELS)  # a damaged picture is told at once
    return ParsedDocument(
        pages=tuple(
            Page(
                number=number,
                text="",
                width=width,
                height=height,
                text_source=TextSource.EMPTY,
                ocr_wanted=True,
            )
            for number, (width, height) in enumerate(sizes, start=1)
        ),
        elements=(),
        paged=len(sizes) > 1,
    )


def frame(path: Path, number: int, most_pixels: int) -> tuple[Image.Image, tuple[float, float]]:
    """A page as RGB, upright by its EXIF data and of at most so many pixels; and its own size."""
    with _opened(path) as image:
        if not 1 <= number <= _page_count(image):
            raise InvalidInputError(f"The file has no page {number}.")
        image.seek(number - 1)
        size = _turned_size(image)
        scale = min(1.0, sqrt(most_pixels / (size[0] * size[1])))
        if image.format == "JPEG":
            image.draft(None, (round(image.width * scale), round(image.height * scale)))
        if image.width * image.height > MAX_PIXELS:
            raise LimitError(f"The picture has more than {MAX_PIXELS // 10**6} million pixels.")
        shown = _on_white(ImageOps.exif_transpose(image))
        if scale < 1.0:
            wanted = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
            shown = shown.resize(wanted, reducing_gap=2.0)
        return shown, size


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """An open picture. Raises DamagedFileError or LimitError."""
    import pi_heif

    Image.init()
    pi_heif.register_heif_opener()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                yield image
    except Image.DecompressionBombError as error:
        raise LimitError("The picture has too many pixels.") from error
    except UnidentifiedImageError as error:
        raise DamagedFileError("The picture is damaged or of another kind.") from error
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError) as error:
        raise DamagedFileError("The picture is damaged or cut short.") from error


def _page_count(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def _pages(image: Image.Image) -> Iterator[Image.Image]:
    count = _page_count(image)
    if count > MAX_PAGES:
        raise LimitError(f"The picture has more than {MAX_PAGES:,} pages.")
    for index in range(count):
        image.seek(index)
        yield image


def _turned_size(image: Image.Image) -> tuple[float, float]:
    """Width and height as the picture is seen."""
    width, height = float(image.width), float(image.height)
    turned = image.getexif().get(ORIENTATION, 1) in ON_THEIR_SIDE
    return (height, width) if turned else (width, height)


def _on_white(image: Image.Image) -> Image.Image:
    """A picture as RGB; what is transparent becomes white, 16 bits become 8."""
    if image.mode.startswith(("I", "F")):
        low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
        span = max(high - low, 1.0)
        image = image.convert("F").point(lambda value: (value - low) * (255.0 / span)).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image.convert("RGBA"))
    return ground.convert("RGB")
