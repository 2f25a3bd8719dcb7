"""Draws small pictures of text."""

from PIL import Image, ImageDraw, ImageFont

FONT = ImageFont.load_default(28)


def drawn(*lines: str, width: int = 700, spacing: int = 44) -> Image.Image:
    """Lines of dark text on white, under each other; a tab jumps to the next 220 pixels."""
    image = Image.new("RGB", (width, spacing * len(lines) + 40), "white")
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        for column, cell in enumerate(line.split("\t")):
            pen.text((20 + 220 * column, 20 + spacing * number), cell, "black", FONT)
    return image
