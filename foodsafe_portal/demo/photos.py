"""Small drawn photos of the demonstration city's problems: what was found, and the fix; the same for the same seed."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageDraw

from foodsafe_portal.demo.dice import dice
from inspections.models import ProblemEvent
from records.models import EvidenceFile

VARIANTS: Final = 8
SIZE: Final = (240, 180)
_WALLS: Final = ("#E7ECEF", "#EFE9DF", "#E4EDE6", "#E8E6EF")
_ROWS_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """One stored picture; many problems show the same one."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo that came with a step of a problem: ``after`` shows the fix."""

    event: int
    by: int
    at: datetime
    after: bool


def attach_photos(shots: Iterable[Shot], *, seed: int) -> int:
    """Write a photo for each shot and return how many; the pictures themselves are stored once."""
    random = dice(seed, "photos")
    pictures = {after: [_stored(after, number) for number in range(VARIANTS)] for after in (False, True)}
    rows = list(_rows(shots, pictures, random))
    EvidenceFile.objects.bulk_create(rows, batch_size=_ROWS_AT_ONCE)
    return len(rows)


def _rows(shots: Iterable[Shot], pictures: dict[bool, list[Drawn]], random: Random) -> Iterator[EvidenceFile]:
    for shot in shots:
        drawn = random.choice(pictures[shot.after])
        yield EvidenceFile(
            id=uuid.UUID(int=random.getrandbits(128), version=4),
            file=drawn.name,
            suffix=".jpg",
            original_name="整改后.jpg" if shot.after else "整改前.jpg",
            content_type="image/jpeg",
            size=drawn.size,
            digest=drawn.digest,
            target_type=ProblemEvent._meta.label_lower,
            target_id=str(shot.event),
            uploaded_by_id=shot.by,
            uploaded_at=shot.at,
        )


def _stored(after: bool, number: int) -> Drawn:
    """A picture in the store of evidence, drawn where it is not there yet."""
    picture = draw(after, number)
    name = f"evidence/demo/{'after' if after else 'before'}-{number}.jpg"
    if not default_storage.exists(name):
        name = default_storage.save(name, ContentFile(picture))
    return Drawn(name, len(picture), hashlib.sha256(picture).hexdigest())


def draw(after: bool, number: int) -> bytes:
    """A kitchen shelf as a JPEG of a few kilobytes: in disorder when found, in rows and labelled after the fix."""
    random = dice(number, "fixed" if after else "found")
    width, height = SIZE
    image = Image.new("RGB", SIZE, _WALLS[number % len(_WALLS)])
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height - 30, width, height), fill="#B9AFA2")
    for shelf in range(2):
        board = 70 + shelf * 60
        pen.rectangle((20, board, width - 20, board + 5), fill="#7C8894")
        for place in range(5):
            left, tall = 30 + place * 38, 30 if after else random.randint(16, 42)
            lean = 0 if after else random.randint(-6, 6)
            colour = "#3F7FB1" if after else random.choice(("#B07A3C", "#8C5A4A", "#6F7F4F", "#9A9A9A"))
            pen.polygon(
                (
                    (left, board),
                    (left + 26, board),
                    (left + 26 + lean, board - tall),
                    (left + lean, board - tall),
                ),
                fill=colour,
            )
            if after:
                pen.rectangle((left + 5, board - 20, left + 21, board - 10), fill="#FFFFFF")
    if not after:
        for _ in range(7):
            x, y = random.randint(10, width - 30), random.randint(height - 28, height - 10)
            pen.ellipse((x, y, x + random.randint(6, 18), y + 6), fill="#6B5B4B")
    told = io.BytesIO()
    image.save(told, "JPEG", quality=70)
    return told.getvalue()
