"""Answers with a file that is written for the asking and gone once it is sent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import BinaryIO

from django.http import FileResponse


def download(name: str, content_type: str, write: Callable[[BinaryIO], object]) -> FileResponse:
    """What ``write`` puts into a file, as an attachment called ``name``.

    The file is written whole before the first byte is sent: one that breaks is an error page, never half a workbook, and leaves
    nothing behind.
    """
    target = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it when it is sent)
    try:
        write(target)
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return FileResponse(target, as_attachment=True, filename=name, content_type=content_type)
