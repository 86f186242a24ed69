"""Where attempts are made: the two companies in a database of their own, at a fixed moment."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import bcrypt
import pytest
from sqlalchemy import create_engine

from goals_core import clock, db, imports, services
from goals_core.engine import errands
from goals_core.services import tracking
from tests.conftest import NOW, Database
from tests.walls.companies import ATTEMPTED_AT, World, build


@contextmanager
def world(database: Database) -> Iterator[World]:
    """Both companies; the pool is open as the application's role, the clock stands still."""
    know_operations()
    gensalt, owner = bcrypt.gensalt, create_engine(database.owner_url)
    db.connect(database.app_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "gensalt", lambda *_: gensalt(4))
        # what is done after the answer, in threads of its own, is no part of it
        patch.setattr(errands, "send", lambda _errand: None)
        set_clock(patch, NOW)
        made = build(owner, database.app_url)
        set_clock(patch, ATTEMPTED_AT)
        tracking.sync(made.mine.cast.system)  # so that a later one changes nothing
        try:
            yield made
        finally:
            db.disconnect()
            owner.dispose()


def set_clock(patch: pytest.MonkeyPatch, moment: datetime) -> None:
    patch.setattr(clock, "now", lambda: moment)


def know_operations() -> None:
    """Import every module that has operations, so that `OPERATIONS` holds them all."""
    for package in (services, imports):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
