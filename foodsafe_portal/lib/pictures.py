"""Reads pictures from outside whole and makes the copies that others may see: smaller, and telling nothing but what they show."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import IO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

# What Pillow calls a picture's kind → the kind it is kept as. Phones write several pictures into one jpg and call it MPO.
KINDS: Final = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP"}
SUFFIXES: Final = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
SHOWN_SIDE, THUMBNAIL_SIDE = 2048, 320
"""The longest side, in pixels, of the copy to look at and of the one for lists."""


class NoPicture(Exception):
    """The file is no picture that can be kept."""


class BrokenPicture(Exception):
    """The file begins as a picture and does not hold all of it."""


class TooManyPixels(Exception):
    """The picture would fill the memory; ``width`` and ``height`` in pixels."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(f"{width} × {height}")
        self.width, self.height = width, height


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was read to its last pixel: the kind of its copies, its own size in pixels, and the copies' bytes."""

    kind: str
    width: int
    height: int
    shown: bytes
    thumbnail: bytes

    @property
    def suffix(self) -> str:
        """The end of its file's name."""
        return SUFFIXES[self.kind]

    @property
    def content_type(self) -> str:
        """What a browser is told that it is."""
        return TYPES[self.kind]


def read_picture(stream: IO[bytes], *, most_pixels: int) -> Picture:
    """Decode a picture whole and make its copies; the stream stands at its beginning afterwards.

    The size is looked at before anything is decoded. Raises ``NoPicture``, ``TooManyPixels`` or ``BrokenPicture``.
    """
    stream.seek(0)
    try:
        with _opened(stream) as image:
            if image.width * image.height > most_pixels:
                raise TooManyPixels(image.width, image.height)
            return _copied(image)
    finally:
        stream.seek(0)


def _opened(stream: IO[bytes]) -> Image.Image:
    try:
        image = Image.open(stream, formats=tuple(SUFFIXES))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels(0, 0) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise NoPicture from None
    if image.format not in KINDS:
        raise NoPicture
    return image


def _copied(image: Image.Image) -> Picture:
    """The copies of an open picture; a jpg of many pixels is read at the scale that its copy needs."""
    kind, (width, height) = KINDS[image.format or ""], image.size
    try:
        image.draft(None, (SHOWN_SIDE, SHOWN_SIDE))
        image.load()
        upright = ImageOps.exif_transpose(image)
        bare = _without_words(upright, transparent=kind != "JPEG")
        bare.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        small = _on_white(bare)
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError, ArithmeticError):
        raise BrokenPicture from None
    return Picture(kind, width, height, _bytes(bare, kind), _bytes(small, "JPEG"))


def _without_words(image: Image.Image, *, transparent: bool) -> Image.Image:
    """The pixels alone: no place, device, serial number, comment, profile or preview goes along."""
    clear = transparent and ("A" in image.getbands() or "transparency" in image.info)
    bare = image.convert("RGBA" if clear else "RGB")
    return Image.frombytes(bare.mode, bare.size, bare.tobytes())


def _on_white(image: Image.Image) -> Image.Image:
    """The picture as paper shows it: nothing shines through."""
    if image.mode == "RGB":
        return image.copy()
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page


def _bytes(image: Image.Image, kind: str) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **({"optimize": True} if kind == "PNG" else {"quality": 82}))
    return target.getvalue()
