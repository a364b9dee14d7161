"""Reads the directory and streams of an OLE2 compound file, the container of .xls and of encrypted workbooks."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END_OF_CHAIN = 0xFFFFFFFA
"""Sector numbers from here on are markers (free, end of chain, allocation tables)."""


class DamagedOle(Exception):
    """The file begins like an OLE2 compound file but its tables lead nowhere."""


@dataclass(frozen=True, slots=True)
class OleFile:
    """The streams of one compound file: name in lower case → (first sector, size in bytes)."""

    data: bytes = field(repr=False)
    sector: int
    table: tuple[int, ...] = field(repr=False)
    mini_table: tuple[int, ...] = field(repr=False)
    mini_stream: bytes = field(repr=False)
    mini_cutoff: int
    streams: dict[str, tuple[int, int]]
    storages: frozenset[str]

    def read(self, name: str, limit: int | None = None) -> bytes:
        """The bytes of a stream, at most ``limit`` of them; raises ``KeyError`` when there is none of that name."""
        start, size = self.streams[name.lower()]
        wanted = size if limit is None else min(size, limit)
        if size < self.mini_cutoff:
            pieces = (self.mini_stream[n * 64 : n * 64 + 64] for n in _chain(self.mini_table, start))
            return b"".join(pieces)[:wanted]
        return _read_chain(self.data, self.sector, self.table, start, wanted)


def open_ole(data: bytes) -> OleFile:
    """Read the tables of a compound file; raises ``DamagedOle`` when they are cut off or run in circles."""
    try:
        return _open(data)
    except (struct.error, IndexError, ValueError) as error:
        raise DamagedOle from error


def _open(data: bytes) -> OleFile:
    if not data.startswith(MAGIC) or len(data) < 512:
        raise DamagedOle
    sector_shift, mini_shift = struct.unpack_from("<HH", data, 30)
    if sector_shift not in (9, 12) or mini_shift != 6:
        raise DamagedOle
    sector = 1 << sector_shift
    fat_count, first_directory = struct.unpack_from("<I", data, 44)[0], struct.unpack_from("<I", data, 48)[0]
    cutoff, first_mini_fat, _, first_difat, _ = struct.unpack_from("<IIIII", data, 56)
    fat_sectors = [number for number in struct.unpack_from("<109I", data, 76) if number < _END_OF_CHAIN]
    seen: set[int] = set()
    while first_difat < _END_OF_CHAIN:
        if first_difat in seen:
            raise DamagedOle
        seen.add(first_difat)
        numbers = struct.unpack_from(f"<{sector // 4}I", data, (first_difat + 1) * sector)
        fat_sectors += [number for number in numbers[:-1] if number < _END_OF_CHAIN]
        first_difat = numbers[-1]
    table: list[int] = []
    for number in fat_sectors[:fat_count]:
        table += struct.unpack_from(f"<{sector // 4}I", data, (number + 1) * sector)
    allocation = tuple(table)
    directory = _read_chain(data, sector, allocation, first_directory, len(data))
    streams: dict[str, tuple[int, int]] = {}
    storages: set[str] = set()
    root = (_END_OF_CHAIN, 0)
    for at in range(0, len(directory) - 127, 128):
        name_size, kind = struct.unpack_from("<HB", directory, at + 64)
        if kind not in (1, 2, 5) or not 2 <= name_size <= 64:
            continue
        name = directory[at : at + name_size - 2].decode("utf-16-le", "replace").lower()
        start, size = struct.unpack_from("<II", directory, at + 116)
        if kind == 5:
            root = (start, size)
        elif kind == 2:
            streams.setdefault(name, (start, size))
        else:
            storages.add(name)
    mini_stream = _read_chain(data, sector, allocation, *root) if root[0] < _END_OF_CHAIN else b""
    mini_bytes = _read_chain(data, sector, allocation, first_mini_fat, len(data))
    mini_table = struct.unpack(f"<{len(mini_bytes) // 4}I", mini_bytes[: len(mini_bytes) // 4 * 4])
    return OleFile(data, sector, allocation, mini_table, mini_stream, cutoff, streams, frozenset(storages))


def _chain(table: tuple[int, ...], start: int) -> list[int]:
    numbers: list[int] = []
    while start < _END_OF_CHAIN:
        numbers.append(start)
        if len(numbers) > len(table) or start >= len(table):
            raise DamagedOle
        start = table[start]
    return numbers


def _read_chain(data: bytes, sector: int, table: tuple[int, ...], start: int, size: int) -> bytes:
    pieces = [data[(number + 1) * sector : (number + 2) * sector] for number in _chain(table, start)]
    return b"".join(pieces)[:size]
