"""What a provider of sign-ins says about a person: taken only when it is new and meant for us.

Its signature, nonce and expiry were verified when it arrived. But a browser keeps the claims for
weeks and can bring them again, so whom they are from, for whom and when counts at every use.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from goals_core.errors import N_, Conflict, NotAllowed

LIFE = timedelta(minutes=10)
SKEW = timedelta(minutes=1)  # by which a provider's clock may be ahead
LONGEST_ISSUER, LONGEST_SUBJECT, LONGEST_EMAIL = 500, 255, 254

# What tells one sign-in of a person from the next: the nonce is made anew for each.
_SIGN_IN = ("iss", "sub", "iat", "nonce", "jti", "at_hash")
_GOOGLE = "https://accounts.google.com"


class Why(StrEnum):
    """What is wrong with a word; the log tells it, the browser does not."""

    ISSUER = "another issuer"
    AUDIENCE = "meant for another app"
    INCOMPLETE = "names no person or no sign-in"
    FUTURE = "of the future"
    UNVERIFIED = "no verified e-mail"
    UNKNOWN = "no account has the e-mail"
    INACTIVE = "the account is inactive"
    UNTRUSTED = "the company does not trust the issuer"
    DOMAIN = "the company does not take the issuer's word on the domain"
    ANOTHER = "the account is linked to another person of the issuer"
    UNLINKED = "no longer linked"


class NotWelcome(NotAllowed):
    """One sentence for every reason, so that nobody learns who has an account."""

    message = N_("Your company's sign-in does not open an account here; ask your administrator.")

    def __init__(self, why: Why, **ids: object) -> None:
        self.why, self.ids = why, ids
        super().__init__()


class WordOver(Conflict):
    message = N_("This sign-in is over; please sign in again.")


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose word an installation listens to, and what it is called there."""

    issuer: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Word:
    """Who somebody is, in the words of a provider."""

    issuer: str
    subject: str
    email: str | None  # none: it does not vouch for it
    sha256: bytes  # of this one sign-in

    @property
    def domain(self) -> str:
        return (self.email or "").rpartition("@")[2]


def read(claims: Mapping[str, object], provider: Provider, *, now: datetime) -> Word:
    """The word in the claims; `NotWelcome` or `WordOver` when they are not to be taken."""
    if claims.get("iss") != provider.issuer:
        raise NotWelcome(Why.ISSUER)
    if not _is_for(claims, provider.client_id):
        raise NotWelcome(Why.AUDIENCE)
    subject = _text(claims.get("sub"), LONGEST_SUBJECT)
    if not (subject and _text(claims.get("nonce"), 500)):
        raise NotWelcome(Why.INCOMPLETE)
    _need_fresh(claims.get("iat"), now)
    return Word(provider.issuer, subject, _verified_email(claims), _digest(claims))


def _is_for(claims: Mapping[str, object], client_id: str) -> bool:
    """Whether the claims are meant for this app, and were asked for by it."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    asked_by = claims.get("azp", client_id if audiences == [client_id] else None)
    return client_id in audiences and asked_by == client_id


def _need_fresh(issued_at: object, now: datetime) -> None:
    if not isinstance(issued_at, int | float) or isinstance(issued_at, bool):
        raise NotWelcome(Why.INCOMPLETE)
    if not issued_at <= now.timestamp() + SKEW.total_seconds():  # what is no number is not either
        raise NotWelcome(Why.FUTURE)
    if issued_at < now.timestamp() - LIFE.total_seconds():
        raise WordOver


def _verified_email(claims: Mapping[str, object]) -> str | None:
    """The address that the provider vouches for, in small letters.

    ASCII only: letters that merely look alike, or that become others in small, are no one's proof.
    """
    email = _text(claims.get("email"), LONGEST_EMAIL)
    if claims.get("email_verified") is not True or not email.isascii() or email.count("@") != 1:
        return None
    email = email.lower()
    return email if _is_authority(claims, email.rpartition("@")[2]) else None


def _is_authority(claims: Mapping[str, object], domain: str) -> bool:
    """Google verifies an address of another's domain once: only a Workspace (hd) keeps it so."""
    return claims.get("iss") != _GOOGLE or domain in {claims.get("hd"), "gmail.com"}


def _digest(claims: Mapping[str, object]) -> bytes:
    told = {name: claims[name] for name in _SIGN_IN if name in claims}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()


def _text(value: object, longest: int) -> str:
    """A text that can be stored and compared; otherwise none."""
    is_fit = isinstance(value, str) and len(value) <= longest and value.isprintable()
    return str(value) if is_fit else ""
