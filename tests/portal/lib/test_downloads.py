"""A file for the asking is sent whole or not at all, and its storage is given back either way."""

from __future__ import annotations

import pytest

from foodsafe_portal.lib.downloads import download


def test_what_was_written_is_sent_under_its_name():
    answer = download("周报.csv", "text/csv", lambda target: target.write(b"1,2"))
    assert (b"".join(answer.streaming_content), answer.headers["Content-Type"]) == (b"1,2", "text/csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''%E5%91%A8%E6%8A%A5.csv"
    answer.file_to_stream.close()


def test_a_file_that_breaks_halfway_is_closed_at_once():
    opened = []

    def breaks(target):
        opened.append(target)
        target.write(b"half a workbook")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        download("台账.xlsx", "application/octet-stream", breaks)
    assert [target.closed for target in opened] == [True]
