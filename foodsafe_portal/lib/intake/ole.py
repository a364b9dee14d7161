"""Names and reads the streams of an OLE2 compound file, the container of .xls and of encrypted workbooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import olefile

MAGIC = olefile.MAGIC


class DamagedOle(Exception):
    """The file begins like an OLE2 compound file but its tables lead nowhere."""


@contextmanager
def _damage() -> Iterator[None]:
    """Say in one word what the reader says in many ways."""
    try:
        yield
    except (OSError, ValueError, IndexError, TypeError, AttributeError, MemoryError, RecursionError) as error:
        raise DamagedOle from error


@dataclass(frozen=True, slots=True)
class Compound:
    """The streams of one compound file by the last part of their name, and its storages, all in lower case."""

    file: olefile.OleFileIO = field(repr=False)
    streams: dict[str, list[str]]
    storages: frozenset[str]

    def read(self, name: str) -> bytes:
        """The bytes of a stream; raises ``KeyError`` when there is none of that name, ``DamagedOle`` when it is cut off."""
        path = self.streams[name.lower()]
        with _damage():
            return bytes(self.file.openstream(path).read())


def open_ole(data: bytes) -> Compound:
    """Read the tables of a compound file; raises ``DamagedOle`` when they are cut off or run in circles."""
    with _damage():
        file = olefile.OleFileIO(data, raise_defects=olefile.DEFECT_INCORRECT)
        streams: dict[str, list[str]] = {}
        storages: set[str] = set()
        for path in file.listdir(streams=True, storages=True):
            if file.get_type(path) == olefile.STGTY_STREAM:
                streams.setdefault(path[-1].lower(), path)
            else:
                storages.add(path[-1].lower())
    return Compound(file, streams, frozenset(storages))
