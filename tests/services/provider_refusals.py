"""What a sign-in by a provider is refused for, one case of each refusal."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from goals_core.db import tenant_session
from goals_core.engine.provider_words import NotWelcome, WordOver
from goals_core.models.core import User
from goals_core.services import sso
from goals_core.services.signin import UsedAlready
from tests.conftest import NOW
from tests.services.test_sso import PROVIDER, claims, linked, trust


def not_welcome(cast: Any, at: Any) -> tuple[Any, Any]:
    return cast.rep, lambda _db: sso.enter(claims(cast.rep), provider=PROVIDER)


def word_over(cast: Any, at: Any) -> tuple[Any, Any]:
    said = claims(cast.rep)
    at(NOW + timedelta(hours=1))
    return cast.rep, lambda _db: sso.enter(said, provider=PROVIDER)


def word_used(cast: Any, at: Any) -> tuple[Any, Any]:
    said = claims(cast.rep)
    trust(cast.admin)
    sso.enter(said, provider=PROVIDER)
    return cast.rep, lambda _db: sso.enter(said, provider=PROVIDER)


def last_way_in(cast: Any, at: Any) -> tuple[Any, Any]:
    trust(cast.admin)
    sso.enter(claims(cast.rep), provider=PROVIDER)
    with tenant_session(cast.admin) as db:
        mine = User.id == cast.rep.user_id
        db.execute(update(User).where(mine).values(password_hash=None))
    (identity,) = linked(cast.rep, cast.rep)
    return cast.rep, lambda db: sso.unlink(db, identity_id=identity.id)


PROVIDER_CASES: list[Any] = [
    (NotWelcome, "Your company's sign-in does not open an account here", not_welcome),
    (WordOver, "This sign-in is over", word_over),
    (UsedAlready, "This sign-in has been used already", word_used),
    (sso.LastWayIn, "You have no password", last_way_in),
]
