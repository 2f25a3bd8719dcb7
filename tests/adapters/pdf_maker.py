"""Makes small PDFs by hand: text and pictures at places and sizes, with a correct xref."""

from dataclasses import dataclass, field

from PIL import Image

FONTS = {
    "F1": b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    "F2": b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
}


@dataclass(frozen=True)
class Text:
    """One line, its baseline `top` points under the page's upper edge."""

    text: str
    left: float = 72.0
    top: float = 100.0
    size: float = 11.0
    bold: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture, its upper left corner `left` and `top` points from the page's."""

    image: Image.Image
    left: float
    top: float
    width: float
    height: float


@dataclass
class PdfPage:
    """A page and what stands on it."""

    lines: list[Text] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    width: float = 612.0
    height: float = 792.0
    rotate: int = 0
    crop: tuple[float, float, float, float] | None = None


def paragraph(*lines: str, top: float, left: float = 72.0, size: float = 11.0) -> list[Text]:
    """Lines under each other at the usual distance."""
    return [
        Text(line, left=left, top=top + number * 1.2 * size, size=size)
        for number, line in enumerate(lines)
    ]


def make_pdf(*pages: PdfPage, title: str = "", labels: str = "") -> bytes:
    """The bytes of a PDF."""
    objects: list[bytes] = [b"", b""]  # catalogue and page tree come to stand here
    fonts = " ".join(f"/{name} {_add(objects, font)} 0 R" for name, font in sorted(FONTS.items()))
    kids = [_add_page(objects, page, fonts) for page in pages]
    label_tree = f" /PageLabels << /Nums [{labels}] >>" if labels else ""
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R{label_tree} >>".encode()
    refs = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Kids [{refs}] /Count {len(kids)} >>".encode()
    info = _add(objects, b"<< /Title (" + _escaped(title) + b") >>")
    return _file(objects, info)


def _add(objects: list[bytes], body: bytes) -> int:
    objects.append(body)
    return len(objects)


def _add_page(objects: list[bytes], page: PdfPage, fonts: str) -> int:
    names = {f"Im{_add(objects, _xobject(one.image))}": one for one in page.pictures}
    xobjects = " ".join(f"/{name} {name[2:]} 0 R" for name in names)
    content = b"\n".join(
        [_placed(name, one, page) for name, one in names.items()]
        + [_shown(line, page) for line in page.lines]
    )
    stream = _add(objects, b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream")
    crop = f" /CropBox [{' '.join(map(str, page.crop))}]" if page.crop else ""
    return _add(
        objects,
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page.width} {page.height}]{crop} "
        f"/Rotate {page.rotate} /Resources << /Font << {fonts} >> /XObject << {xobjects} >> >> "
        f"/Contents {stream} 0 R >>".encode(),
    )


def _shown(line: Text, page: PdfPage) -> bytes:
    font = "F2" if line.bold else "F1"
    place = f"BT /{font} {line.size} Tf {line.left} {page.height - line.top} Td (".encode()
    return place + _escaped(line.text) + b") Tj ET"


def _placed(name: str, one: Picture, page: PdfPage) -> bytes:
    bottom = page.height - one.top - one.height
    return f"q {one.width} 0 0 {one.height} {one.left} {bottom} cm /{name} Do Q".encode()


def _xobject(image: Image.Image) -> bytes:
    data = image.convert("L").tobytes()
    return (
        (
            f"<< /Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} "
            f"/ColorSpace /DeviceGray /BitsPerComponent 8 /Length {len(data)} >>\nstream\n"
        ).encode()
        + data
        + b"\nendstream"
    )


def _escaped(text: str) -> bytes:
    data = text.encode("cp1252")
    for sign in (b"\\", b"(", b")"):
        data = data.replace(sign, b"\\" + sign)
    return data


def _file(objects: list[bytes], info: int) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, info)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % xref)
