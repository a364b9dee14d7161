"""Pages travel compressed, files as they are; and a compressed page tells nothing by its length."""

from __future__ import annotations

import gzip
from io import BytesIO

import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import reverse

from foodsafe_portal.middleware import PageCompressionMiddleware

PACKED = {"Accept-Encoding": "gzip"}
LONG = "督导" * 400


def answer_of(response):
    request = RequestFactory().get("/", headers=PACKED)
    return PageCompressionMiddleware(lambda _request: response)(request)


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json"])
def test_pages_and_documents_are_compressed(kind):
    answer = answer_of(HttpResponse(LONG, content_type=kind))
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).decode() == LONG


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(FileResponse(BytesIO(LONG.encode()), content_type="text/html"), id="a file"),
        pytest.param(StreamingHttpResponse([LONG], content_type="text/html"), id="a stream"),
        pytest.param(HttpResponse(LONG, content_type="image/jpeg"), id="a photo"),
        pytest.param(HttpResponse("短", content_type="text/html"), id="a few words"),
    ],
)
def test_what_is_packed_streamed_or_short_goes_as_it_is(response):
    assert "Content-Encoding" not in answer_of(response).headers


def test_the_same_page_has_many_lengths(login):
    """BREACH reads secrets from the length of compressed answers: the token is masked and the length is blurred each time."""
    client = login(role="officer", region="990102")
    answers = [client.get(reverse("my-visits"), headers=PACKED) for _ in range(8)]
    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    assert len({len(answer.content) for answer in answers}) > 1
