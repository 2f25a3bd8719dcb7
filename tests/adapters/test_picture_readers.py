"""Files of pictures: their pages, and their kind by content."""

from pathlib import Path

import pytest
from PIL import Image

from kb.adapters.readers.image import MAX_PIXELS, frame, read
from kb.adapters.readers.pictures import page_png
from kb.domain.documents import TextSource
from kb.domain.errors import DamagedFileError, InvalidInputError, LimitError
from kb.domain.media_types import BMP, GIF, HEIC, JPEG, PNG, TIFF, WEBP
from kb.ingestion.detection import detect

TURNED_RIGHT = 6
"""The EXIF orientation of a camera held upright."""


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("ending", "media_type"),
    [(".png", PNG), (".jpg", JPEG), (".tif", TIFF), (".webp", WEBP), (".bmp", BMP), (".gif", GIF)],
)
def test_a_picture_is_a_page_that_wants_ocr(tmp_path: Path, ending: str, media_type: str) -> None:
    path = saved(tmp_path / f"picture{ending}", Image.new("RGB", (40, 30), "white"))
    assert detect(path, "no-ending") == media_type
    document = read(path)
    (page,) = document.pages
    assert (page.text, page.text_source, page.ocr_wanted) == ("", TextSource.EMPTY, True)
    assert (page.width, page.height) == (40, 30)
    assert document.elements == ()
    assert not document.paged


def test_a_heic_is_told_by_its_brand(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    assert detect(path, "photo.heic") == HEIC
    with pytest.raises(DamagedFileError):
        read(path)


def test_only_a_tiff_has_pages(tmp_path: Path) -> None:
    frames = [Image.new("L", (size, 20), size) for size in (30, 40, 50)]
    many = {"save_all": True, "append_images": frames[1:]}
    tiff = read(saved(tmp_path / "scan.tif", frames[0], **many))
    assert [page.width for page in tiff.pages] == [30, 40, 50]
    assert tiff.paged
    gif = read(saved(tmp_path / "moving.gif", frames[0], **many))
    assert len(gif.pages) == 1
    image, size = frame(tmp_path / "scan.tif", 3, MAX_PIXELS)
    assert [image.size, size] == [(50, 20), (50, 20)]
    with pytest.raises(InvalidInputError):
        frame(tmp_path / "scan.tif", 4, MAX_PIXELS)


def test_a_photo_taken_upright_stands_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 20), "white")
    image.putpixel((0, 19), (0, 0, 0))  # turned to the right, it comes to stand top left
    exif = Image.Exif()
    exif[0x0112] = TURNED_RIGHT
    path = saved(tmp_path / "photo.png", image, exif=exif)
    page = read(path).pages[0]
    assert (page.width, page.height) == (20, 60)
    upright, size = frame(path, 1, MAX_PIXELS)
    assert [upright.size, size] == [(20, 60), (20, 60)]
    assert upright.getpixel((0, 0)) == (0, 0, 0)


def test_a_large_picture_is_drawn_smaller(tmp_path: Path) -> None:
    path = saved(tmp_path / "large.jpg", Image.new("RGB", (2000, 1000), "white"))
    image, size = frame(path, 1, 20_000)
    assert (image.size, size) == ((200, 100), (2000, 1000))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_becomes_rgb(tmp_path: Path, mode: str) -> None:
    path = saved(tmp_path / "file.tif", Image.new(mode, (8, 8)))
    image, _ = frame(path, 1, MAX_PIXELS)
    assert (image.mode, image.size) == ("RGB", (8, 8))


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    path = saved(tmp_path / "file.png", Image.new("RGBA", (8, 8), (0, 0, 0, 0)))
    image, _ = frame(path, 1, MAX_PIXELS)
    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_a_picture_cut_short_is_damaged(tmp_path: Path) -> None:
    path = saved(tmp_path / "file.png", Image.effect_noise((200, 200), 90))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DamagedFileError):
        read(path)


def test_a_picture_of_too_many_pixels_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "file.png", Image.new("1", (20_000, 6_000)))
    with pytest.raises(LimitError):
        read(path)


def test_formats_that_start_programs_stay_closed(tmp_path: Path) -> None:
    path = tmp_path / "file.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    with pytest.raises(DamagedFileError):
        read(path)


def test_a_page_of_a_picture_is_drawn(tmp_path: Path) -> None:
    path = saved(tmp_path / "file.jpg", Image.new("RGB", (90, 60), "white"))
    assert page_png(path, 1, 0.5).startswith(b"\x89PNG")
    with pytest.raises(InvalidInputError):
        page_png(path, 2, 1.0)
