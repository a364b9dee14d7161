"""Where a request comes from: the proxy's word counts when it is one of ours, nobody else's does."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from foodsafe_portal.lib.addresses import client_address
from foodsafe_portal.middleware import ClientAddressMiddleware
from records.models import AuditEvent

PROXIES = ("172.29.13.0/24", "127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        pytest.param("203.0.113.7", "", PROXIES, "203.0.113.7", id="nobody in between"),
        pytest.param("203.0.113.7", "10.0.0.1", PROXIES, "203.0.113.7", id="a stranger speaks for another"),
        pytest.param("172.29.13.2", "203.0.113.7", PROXIES, "203.0.113.7", id="our proxy"),
        pytest.param(
            "172.29.13.2",
            "10.9.9.9, 203.0.113.7",
            PROXIES,
            "203.0.113.7",
            id="a client writes before our proxy",
        ),
        pytest.param(
            "127.0.0.1", "203.0.113.7, 172.29.13.2", PROXIES, "203.0.113.7", id="two proxies of ours"
        ),
        pytest.param("172.29.13.2", "172.29.13.9", PROXIES, "172.29.13.9", id="only proxies: the first"),
        pytest.param(
            "172.29.13.2", "rubbish", PROXIES, "172.29.13.2", id="what is no address counts for nothing"
        ),
        pytest.param(
            "172.29.13.2", "1.2.3.4, rubbish", PROXIES, "172.29.13.2", id="nor what stands before it"
        ),
        pytest.param("172.29.13.2", "[2001:db8::1]:443", PROXIES, "2001:db8::1", id="IPv6 with a port"),
        pytest.param("172.29.13.2", "203.0.113.7:51000", PROXIES, "203.0.113.7", id="IPv4 with a port"),
        pytest.param("::ffff:203.0.113.7", "", PROXIES, "203.0.113.7", id="IPv4 in IPv6 clothes"),
        pytest.param("", "203.0.113.7", ("unix",), "203.0.113.7", id="a socket file that is trusted"),
        pytest.param("", "203.0.113.7", PROXIES, "", id="a socket file that is not"),
        pytest.param("127.0.0.1", "203.0.113.7", (), "127.0.0.1", id="nobody is trusted"),
    ],
)
def test_the_clients_address_is_told_by_trusted_proxies_alone(peer, forwarded, trusted, client):
    assert client_address(peer, forwarded, trusted)[0] == client


def through(settings, trusted: list[str], **meta: str) -> HttpRequest:
    settings.TRUSTED_PROXIES = trusted
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    ClientAddressMiddleware(answer)(RequestFactory().get("/", **meta))
    return seen[0]


def test_a_stranger_cannot_claim_to_come_by_https(settings):
    stranger = through(
        settings, ["172.29.13.0/24"], REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_FOR="10.0.0.1", HTTP_FORWARDED="for=10.0.0.1", HTTP_X_REAL_IP="10.0.0.1",
    )  # fmt: skip
    left = {name for name in stranger.META if "FORWARDED" in name or "REAL_IP" in name}
    assert (left, stranger.META["REMOTE_ADDR"]) == (set(), "203.0.113.7")
    ours = through(settings, ["172.29.13.0/24"], REMOTE_ADDR="172.29.13.2", HTTP_X_FORWARDED_PROTO="https")
    assert ours.META["HTTP_X_FORWARDED_PROTO"] == "https"


@pytest.mark.django_db
def test_the_trail_names_the_client_behind_the_proxy(settings):
    settings.TRUSTED_PROXIES = ["172.29.13.0/24"]
    behind = {"REMOTE_ADDR": "172.29.13.2", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}
    Client().post("/login/", {"login": "nobody", "password": "x"}, **behind)
    Client().post(
        "/api/v1/token/", {"username": "nobody", "password": "x"}, content_type="application/json", **behind
    )
    assert set(AuditEvent.objects.values_list("action", "address")) == {("login.refused", "203.0.113.7")}
