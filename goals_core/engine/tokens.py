"""Secrets that browsers bring: made here, kept as their SHA-256 only, each in its tenant."""

import hashlib
import re
import secrets
from uuid import UUID

_TOKEN = re.compile(r"([0-9a-f]{32})\.[A-Za-z0-9_-]{43}")


def make(tenant_id: UUID) -> str:
    """A new one, which carries its tenant: no directory is needed to find it again."""
    return f"{tenant_id.hex}.{secrets.token_urlsafe(32)}"


def tenant_of(token: str) -> UUID | None:
    """The tenant that a token is of; None for what cannot be one."""
    found = _TOKEN.fullmatch(token)
    return UUID(hex=found[1]) if found else None


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
