"""The day and the moment in a statement: asked for when it runs, not when it was made.

So a statement can be made once and kept.
"""

from datetime import date, datetime

from sqlalchemy import BindParameter, Date, DateTime, bindparam

from goals_core import clock
from goals_core.actor import Tenant


def today(tenant: Tenant) -> BindParameter[date]:
    """The day it is where the tenant is."""
    return bindparam(None, callable_=lambda: tenant.today, type_=Date())


def now() -> BindParameter[datetime]:
    return bindparam(None, callable_=_now, type_=DateTime(timezone=True))


def _now() -> datetime:
    return clock.now()  # as it goes when it is asked for: it can be set
