"""Secrets that are kept for later use, sealed with the key of GOALS_CHANNEL_KEY.

What is sealed for one thing cannot be opened as another's: a copied row is of no use.
"""

import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from goals_core.config import settings
from goals_core.errors import N_, GoalsError

_NONCE = 12  # bytes, as AES-GCM wants them


class NoKey(GoalsError):
    message = N_("Chat channels are off: an operator has to set GOALS_CHANNEL_KEY.")


class CannotOpen(GoalsError):
    """Another key, or a row that was tampered with."""

    message = N_("Its address cannot be read with today's key; please enter it anew.")


def is_possible() -> bool:
    return settings().channel_key is not None


def seal(secret: str, *, of: str) -> bytes:
    """The secret of a thing, encrypted."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher().encrypt(nonce, secret.encode(), of.encode())


def open_(sealed: bytes, *, of: str) -> str:
    """The secret that was sealed for this very thing."""
    try:
        return _cipher().decrypt(sealed[:_NONCE], sealed[_NONCE:], of.encode()).decode()
    except InvalidTag:
        raise CannotOpen from None


def _cipher() -> AESGCM:
    if (key := settings().channel_key) is None:
        raise NoKey
    return AESGCM(_derived(key.get_secret_value()))


@cache
def _derived(key: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"goals channels").derive(key.encode())
