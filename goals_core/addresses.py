"""Addresses that a setting can name: of hosts, of the app itself, of a mail server, of a sender."""

import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, unquote, urlsplit

_NAME = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# The scheme says how a mail server is spoken to: its usual port, and who begins with TLS.
_MAIL_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}

METADATA = "/.well-known/openid-configuration"

_MAIL_FORM = (
    "must be smtp://user:password@host:port, with signs such as / and @ written as %2F, %40"
)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed over, and as whom."""

    scheme: str  # smtp: STARTTLS, required; smtps: TLS from the start; smtp+plain: none
    host: str
    port: int
    user: str = field(repr=False)
    password: str = field(repr=False)


def host_pattern(name: str) -> str:
    """A host as a Host header writes it, without port; `*.` in front stands for any below it."""
    name = name.strip().lower()
    if (address := _ipv6(name)) is not None:
        return f"[{address.compressed}]"
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a host; write it without scheme, port and path")
    return name


def web_address(url: str) -> str:
    """The address that people reach the app at, without a slash at its end."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be an address such as https://goals.example.com")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must end after the host, as the app lives at the top of its address")
    _ = parts.port  # raises when it is no number
    return f"{parts.scheme}://{parts.netloc}"


def is_own_machine(url: str) -> bool:
    """Whether an address leads nowhere but to the machine itself, so that it needs no TLS."""
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


def issuer(text: str) -> str:
    """The name of a provider of sign-ins, to the letter: an address over TLS without query."""
    parts = urlsplit(text)
    _ = parts.port  # raises when it is no number
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_own_machine(text))
    if not is_safe or not parts.hostname or "@" in parts.netloc or not _is_plain(text):
        raise ValueError("must be an address such as https://login.example.com")
    if "?" in text or "#" in text:
        raise ValueError("must end after its path")
    return text


def metadata_address(url: str) -> str:
    """Where a provider describes itself; before the fixed ending stands its name."""
    name = url.removesuffix(METADATA)
    if name == url:
        raise ValueError(f"must end with {METADATA}")
    return issuer(name) + METADATA


def mail_server(url: str) -> MailServer:
    """Read `smtp://user:password@host:port`; what it says stays out of every message."""
    parts = _split_quietly(url)
    if parts.scheme not in _MAIL_PORTS:
        raise ValueError("must start with smtp:// (STARTTLS), smtps:// (TLS) or smtp+plain://")
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(_MAIL_FORM)
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have both a user and a password, or neither")
    return MailServer(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port or _MAIL_PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def mailbox(text: str) -> str:
    """One e-mail address, without a name beside it."""
    try:
        return Address(addr_spec=text.strip()).addr_spec
    except (ValueError, IndexError):
        raise ValueError("must be one e-mail address") from None


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text and "\\" not in text


def _split_quietly(url: str) -> SplitResult:
    """The library's errors cite what they stumbled over, which may be half of a password."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # raises when it is no number
    except ValueError:
        raise ValueError(_MAIL_FORM) from None
    return parts


def _ipv6(name: str) -> IPv6Address | None:
    try:
        found = ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return found if isinstance(found, IPv6Address) else None
