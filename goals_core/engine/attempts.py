"""Failed tries to sign in, counted by name and address, whether the name exists or not."""

import hashlib
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import text

from goals_core import clock
from goals_core.db import at_once

MOST, LOCK = 5, timedelta(minutes=15)
_TAKE = text("SELECT core.take_attempt(:key, :at, :most, :lock)")
_FORGET = text("SELECT core.forget_attempts(:key)")


def take(name: str, address: str) -> bool:
    """Count a try before it is judged, so that many at once are at most five; False: locked."""
    bound = {"key": _key(name, address), "at": clock.now(), "most": MOST, "lock": LOCK}
    with at_once() as connection:
        return bool(connection.scalar(_TAKE, bound))


def forget(name: str, address: str) -> None:
    """The try went well: the ones before it count no more."""
    with at_once() as connection:
        connection.execute(_FORGET, {"key": _key(name, address)})


def network_of(address: str) -> str:
    """What is counted as one visitor: an IPv4 address, the /64 that an IPv6 customer has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)


def _key(name: str, address: str) -> bytes:
    """Neither who was tried nor from where can be read from the table."""
    named = name.encode(errors="surrogatepass")
    return hashlib.sha256(named + b"\0" + network_of(address).encode()).digest()
