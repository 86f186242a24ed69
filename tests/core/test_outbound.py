"""Where the app may connect to: the internet, and what the operator allows besides."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals_core import outbound
from goals_core.config import Settings
from goals_core.outbound import BadPort, InsideAddress, NoSuchHost, may_reach, resolve

PRIVATE = [
    "0.0.0.0",  # noqa: S104  (an address to refuse)
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # Alibaba's metadata
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # Azure's
    "169.254.169.254",  # of most clouds
    "169.254.170.2",  # of AWS's containers
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # Oracle's
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # IPv4-compatible
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:10.0.0.1",  # translated
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:0a00:0001::1",  # 6to4 of 10.0.0.1
    "2002:0808:0808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # AWS's metadata
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001::5",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]


@pytest.fixture
def names(monkeypatch):
    """Sets what names mean: `names(evil=["8.8.8.8", "10.0.0.1"])`."""

    def mean(**table: list[str]) -> None:
        def look_up(host, port, **_):
            if host not in table:
                raise socket.gaierror(socket.EAI_NONAME, "unknown")
            return [(0, socket.SOCK_STREAM, 6, "", (each, port)) for each in table[host]]

        monkeypatch.setattr(outbound.socket, "getaddrinfo", look_up)

    return mean


def allow(networks: str) -> Settings:
    """As GOALS_ALLOWED_NETWORKS gives it."""
    return Settings(allowed_networks=networks)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_inside_address_is_refused(address):
    assert not may_reach(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_fine(address):
    assert may_reach(ip_address(address))


@pytest.mark.parametrize(
    "spelling",
    ["localhost", "127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "0", "localhost."],
)
def test_no_spelling_of_this_machine_gets_through(spelling):
    with pytest.raises((InsideAddress, NoSuchHost)):
        resolve(spelling, 80)


@pytest.mark.parametrize("literal", ["::1", "fe80::1%lo", "::ffff:127.0.0.1"])
def test_no_literal_of_ipv6_gets_through(literal):
    with pytest.raises((InsideAddress, NoSuchHost)):
        resolve(literal, 80)


def test_a_name_brings_the_addresses_to_connect_to_each_once(names):
    names(x=["8.8.8.8", "2606:4700:4700::1111", "8.8.8.8"])
    assert resolve("x", 443) == ["8.8.8.8", "2606:4700:4700::1111"]


def test_one_inside_address_among_others_refuses_the_name(names):
    names(x=["8.8.8.8", "169.254.169.254"], y=["10.0.0.1", "8.8.8.8"])
    for name in ("x", "y"):
        with pytest.raises(InsideAddress):
            resolve(name, 443)


def test_a_name_is_asked_once_so_that_it_cannot_change_its_mind(names, monkeypatch):
    asked = []

    def look_up(host, port, **_):
        asked.append(host)
        at = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(0, socket.SOCK_STREAM, 6, "", (at, port))]

    monkeypatch.setattr(outbound.socket, "getaddrinfo", look_up)
    assert resolve("rebinding.example", 443) == ["8.8.8.8"]
    assert asked == ["rebinding.example"]


@pytest.mark.parametrize(
    "host", ["", ".", "no.such.host.invalid", "a" * 300, "a..b", "é" * 80, "\x00"]
)
def test_what_is_no_host_is_told(host):
    with pytest.raises(NoSuchHost):
        resolve(host, 80)


def test_a_name_without_addresses_is_no_host(names):
    names(x=[])
    with pytest.raises(NoSuchHost):
        resolve("x", 80)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_what_is_no_port_is_told(port):
    with pytest.raises(BadPort):
        resolve("localhost", port)


def test_the_operator_can_allow_a_network(monkeypatch, names):
    names(x=["10.1.2.3"], y=["10.2.0.1"], z=["8.8.8.8"], mapped=["::ffff:10.1.2.3"])
    monkeypatch.setattr(outbound, "settings", lambda: allow("10.1.0.0/16, fd00::/64"))
    assert resolve("x", 80) == ["10.1.2.3"]
    assert resolve("mapped", 80) == ["::ffff:a01:203"]
    assert resolve("z", 80) == ["8.8.8.8"]
    with pytest.raises(InsideAddress):
        resolve("y", 80)
    assert may_reach(ip_address("fd00::1"))
    assert not may_reach(ip_address("fd00:0:0:1::1"))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_however_it_is_wrapped(address: IPv4Address):
    for wrapped in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert may_reach(ip_address(wrapped)) is may_reach(address)


@given(st.ip_addresses(v=4))
def test_what_is_reached_is_global_for_the_standard_library_too(address: IPv4Address):
    if may_reach(address):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_private
        assert not address.is_reserved


@given(st.ip_addresses(v=6))
def test_of_ipv6_only_what_is_given_to_anybody_is_reached(address: IPv6Address):
    wrapped = address.ipv4_mapped or address in ip_network("64:ff9b::/96")
    if may_reach(address) and not wrapped:
        assert address in ip_network("2000::/3")
        assert address.is_global


@given(st.ip_addresses(v=4), st.binary(min_size=10, max_size=10))
def test_no_address_of_6to4_is_reached_whatever_it_carries(address: IPv4Address, rest: bytes):
    assert not may_reach(IPv6Address(b"\x20\x02" + address.packed + rest))


@given(
    st.sampled_from(
        ["10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
    ).map(ip_network),
    st.data(),
)
def test_nothing_of_a_private_network_is_reached_until_it_is_allowed(network, data):
    inside = data.draw(st.integers(0, network.num_addresses - 1).map(network.__getitem__))
    assert not may_reach(inside)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "settings", lambda: allow(str(network)))
        assert may_reach(inside)


def test_the_default_allows_no_network(monkeypatch):
    monkeypatch.delenv("GOALS_ALLOWED_NETWORKS", raising=False)
    assert Settings().allowed_networks == ()
