"""Where the app may connect to on somebody's behalf: the internet, and what the operator allows.

An address that people can set must not lead to what only this machine or its network can reach.
A name is resolved once, and the caller connects to the addresses that were checked: whoever owns
the name cannot have it mean another one a moment later.
"""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from goals_core.config import Network, settings
from goals_core.errors import N_, GoalsError

IPAddress = IPv4Address | IPv6Address

# Beyond what the standard library knows as not global: clouds tell secrets to whoever asks there
# (AWS, Azure, Google and others at 169.254.169.254, which is link-local anyway), and networks that
# were set aside.
_NEVER: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "100.64.0.0/10",  # shared by providers; Alibaba's metadata are at 100.100.100.200
            "168.63.129.16/32",  # Azure's own services, at an address of the internet
            "192.0.0.0/24",  # Oracle's metadata are at 192.0.0.192
            "192.88.99.0/24",  # relays of 6to4, as
            "2002::/16",  # 6to4 itself: any IPv4 address inside
            "2001::/23",  # protocols of the net, Teredo among them: the same
            "3fff::/20",  # for books, as 2001:db8::/32, which every Python knows
        ),
    )
)
_UNICAST = IPv6Network("2000::/3")  # all of IPv6 that is given to anybody
_NAT64 = IPv6Network("64:ff9b::/96")


class NotReachable(GoalsError):
    """The app does not connect there; nothing was sent."""

    message = N_("{host} cannot be reached from here.")


class NoSuchHost(NotReachable):
    message = N_("There is no host of the name {host}.")


class InsideAddress(NotReachable):
    """The name leads to an address that is nobody's on the internet."""

    message = N_(
        "{host} is an address inside a private network. An operator can allow it"
        " (GOALS_ALLOWED_NETWORKS)."
    )


class BadPort(NotReachable):
    message = N_("{port} is no port of {host}.")


def resolve(host: str, port: int) -> list[str]:
    """The checked addresses of a host, for connecting to just those; one bad one refuses all."""
    if not 0 < port < 65536:
        raise BadPort(host=host, port=port)
    found = list(dict.fromkeys(_look_up(host, port)))
    if not found:
        raise NoSuchHost(host=host)
    if not all(may_reach(address) for address in found):
        raise InsideAddress(host=host)
    return [str(address) for address in found]


def may_reach(address: IPAddress) -> bool:
    """Whether an address is on the internet, or inside a network that the operator allows."""
    meant = _meant(address)
    return any(meant in network for network in settings().allowed_networks) or _is_public(meant)


def _look_up(host: str, port: int) -> Iterator[IPAddress]:
    try:
        entries = socket.getaddrinfo(
            host.rstrip("."), port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError, ValueError):
        raise NoSuchHost(host=host) from None
    for *_, where in entries:
        # The scope of a link-local address is no part of it; it is refused either way.
        yield ip_address(str(where[0]).partition("%")[0])


def _meant(address: IPAddress) -> IPAddress:
    """What is connected to in the end: the IPv4 address that a mapped or NAT64 one stands for."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: IPAddress) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and (isinstance(address, IPv4Address) or address in _UNICAST)
        and not any(address in network for network in _NEVER)
    )
