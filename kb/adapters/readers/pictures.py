"""A page of a PDF or picture file as a picture."""

import io
from pathlib import Path

from PIL import Image

from kb.adapters.readers.image import MAX_PIXELS, frame
from kb.adapters.readers.pdf import open_pdf
from kb.domain.errors import InvalidInputError

MAX_SIDE = 4000
MIN_SCALE = 0.05
PDF_HEADER_WITHIN = 1024


def page_png(path: Path, page: int, scale: float) -> bytes:
    """PNG of a page, counted from 1; `scale` 1 is 72 dots per inch of a PDF, or a picture's own
    size; at most MAX_SIDE pixels a side."""
    drawn = _pdf_page(path, page, scale) if _is_pdf(path) else _frame(path, page, scale)
    picture = io.BytesIO()
    drawn.save(picture, "PNG")
    return picture.getvalue()


def _is_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        return b"%PDF-" in file.read(PDF_HEADER_WITHIN)


def _pdf_page(path: Path, page: int, scale: float) -> Image.Image:
    with open_pdf(path) as pdf:
        if not 1 <= page <= len(pdf):
            raise InvalidInputError(f"The file has no page {page}.")
        sheet = pdf[page - 1]
        bitmap = sheet.render(scale=_bounded(scale, *sheet.get_size()), may_draw_forms=False)
        image: Image.Image = bitmap.to_pil()
        return image


def _frame(path: Path, page: int, scale: float) -> Image.Image:
    image, (width, height) = frame(path, page, MAX_PIXELS)
    bounded = _bounded(min(scale, 1.0), width, height)
    wanted = max(1, round(width * bounded)), max(1, round(height * bounded))
    return image.resize(wanted, reducing_gap=2.0)


def _bounded(scale: float, width: float, height: float) -> float:
    return min(max(scale, MIN_SCALE), MAX_SIDE / max(width, height, 1.0))
