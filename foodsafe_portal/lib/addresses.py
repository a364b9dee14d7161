"""Where a request comes from, as told by the proxies in front of the portal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
SOCKET_FILE = "unix"
IPV6_HOME_BITS = 64


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text, strict=False) for text in trusted if text != SOCKET_FILE)


def parsed(text: str) -> Address | None:
    """The address in ``text``, without port and brackets; None when it is no address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def client_address(peer: str, forwarded: str, trusted: Sequence[str]) -> tuple[str, bool]:
    """The client's address, and whether the peer is a proxy of ours.

    ``peer`` is who opened the connection ('' = over a socket file), ``forwarded`` the header ``X-Forwarded-For``, ``trusted`` the
    addresses and networks of our proxies (``unix`` = whoever reaches the socket file). The header is read from its end, as long as
    the one who wrote an entry is trusted; what a client wrote into it stands before that and counts for nothing.
    """
    networks = _networks(tuple(trusted))

    def ours(address: Address | None) -> bool:
        if address is None:
            return SOCKET_FILE in trusted
        return any(address in network for network in networks)

    current = parsed(peer)
    by_proxy = ours(current)
    entries = forwarded.split(",") if forwarded else []
    while entries and ours(current):
        before = parsed(entries.pop())
        if before is None:
            break
        current = before
    return (str(current) if current else ""), by_proxy


def place_of(text: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 network of an IPv6 address, which one subscriber has to himself."""
    address = parsed(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, IPV6_HOME_BITS), strict=False).network_address)
    return str(address) if address else ""
