"""A page of a PDF as a picture."""

import io
from pathlib import Path

from kb.adapters.readers.pdf import open_pdf
from kb.domain.errors import InvalidInputError

MAX_SIDE = 4000
MIN_SCALE = 0.05


def page_png(path: Path, page: int, scale: float) -> bytes:
    """PNG of a page, counted from 1; `scale` 1 is 72 dots per inch, less for huge pages."""
    with open_pdf(path) as pdf:
        if not 1 <= page <= len(pdf):
            raise InvalidInputError(f"The file has no page {page}.")
        sheet = pdf[page - 1]
        side = max(*sheet.get_size(), 1.0)
        bounded = min(max(scale, MIN_SCALE), MAX_SIDE / side)
        bitmap = sheet.render(scale=bounded, may_draw_forms=False)
        picture = io.BytesIO()
        bitmap.to_pil().save(picture, "PNG")
        return picture.getvalue()
