"""Small files for tests, built in memory."""

from __future__ import annotations

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def photo(name: str = "整改后.jpg") -> SimpleUploadedFile:
    """A picture of 8 × 8 pixels."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(stream, "JPEG")
    return SimpleUploadedFile(name, stream.getvalue(), content_type="image/jpeg")
