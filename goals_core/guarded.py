"""Requests of a library that knows nothing of where it may connect to: each is held to the rule.

Inside `requests_to_outside` whatever `requests` sends goes only to addresses that `outbound` has
checked, directly and over TLS, and no redirect is followed. Outside of it nothing is different.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import ip_address
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import requests.sessions
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection

from goals_core import outbound
from goals_core.config import settings

PATIENCE = (5.0, 10.0)  # seconds to connect, and between two bytes of the answer


class NotOverTls(outbound.NotReachable):
    message = "{host} would be sent to without encryption"


class Redirected(outbound.NotReachable):
    message = "{host} leads to another address"


@dataclass
class Exchange:
    """What was sent in a block, and what came back last."""

    key: str  # told to the receiver, who may know by it what came twice
    status: int | None = None
    error: Exception | None = field(default=None, repr=False)


_exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def requests_to_outside(key: str) -> Iterator[Exchange]:
    """Hold every request of this thread to the rule, and note how it ended."""
    exchange = Exchange(key)
    token = _exchange.set(exchange)
    try:
        yield exchange
    finally:
        _exchange.reset(token)


class _Checked(HTTPConnection):
    """Connects to the addresses that were checked; the certificate is still the name's."""

    def _new_conn(self) -> socket:
        found = outbound.resolve(self.host, self.port)
        for at in found[:-1]:
            try:
                return self._connect(at)
            except OSError:
                continue
        return self._connect(found[-1])

    def _connect(self, at: str) -> socket:
        return create_connection((at, self.port), self.timeout, socket_options=self.socket_options)


class _CheckedTls(_Checked, HTTPSConnection):
    """The same, with TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedTls


class _Adapter(HTTPAdapter):
    """The one that `requests` uses for every session that it makes."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  (its own)
        super().init_poolmanager(*args, **kwargs)
        if _exchange.get() is not None:
            self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401
        exchange = _exchange.get()
        if exchange is None:
            return super().send(request, *args, **kwargs)
        try:
            return self._sent(exchange, request, *args, **kwargs)
        except Exception as error:
            exchange.error = error
            raise

    def _sent(
        self,
        exchange: Exchange,
        request: PreparedRequest,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> Response:
        exchange.status = exchange.error = None
        host = _allowed(str(request.url))
        request.headers["Idempotency-Key"] = exchange.key
        kwargs |= {"proxies": {}, "timeout": PATIENCE, "verify": True}
        response = super().send(request, *args, **kwargs)
        exchange.status = response.status_code
        if response.is_redirect:
            response.close()
            raise Redirected(host=host)
        return response


def _allowed(url: str) -> str:
    """The host of an address: over TLS, or on a network that the operator allows."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        found = outbound.resolve(host, parts.port or 80)
        if not all(_is_inside(at) for at in found):
            raise NotOverTls(host=host)
    return host


def _is_inside(at: str) -> bool:
    return any(ip_address(at) in network for network in settings().allowed_networks)


# Each call of `requests.post` makes a session, and that an adapter by this name.
requests.sessions.HTTPAdapter = _Adapter  # type: ignore[attr-defined]
