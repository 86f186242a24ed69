"""What every page's test would otherwise pay for again, and what several files begin with."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache

import bcrypt
import pytest
from streamlit.components.v2 import manifest_scanner

from goals_core import clock
from goals_core.db import tenant_session
from goals_core.kinds import Period
from goals_core.services import progress
from tests import makers
from tests.conftest import NOW, Cast, Database, new_cast, use_pool
from tests.makers import TODAY, assign
from tests.pages.drawer import make
from tests.pages.forms import open_page, type_in
from tests.pages.goal_form import new


@pytest.fixture(scope="package", autouse=True)
def _one_look_for_components() -> Iterator[None]:
    """Each AppTest would read the metadata of all installed packages to find components there."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(scope="module")
def company(database: Database) -> Iterator[Cast]:
    """One cast for all tests of a file, for those that leave nothing behind which others read.

    Its day holds for the whole file, so that what is made beside it is of that day too.
    """
    gensalt = bcrypt.gensalt
    use_pool(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW)
        patch.setattr(bcrypt, "gensalt", lambda *_: gensalt(4))
        yield new_cast()


@pytest.fixture
def deals(cast):
    """Two won deals of the rep and a lost one, and one of the other rep, this month."""
    makers.add_deals(
        cast.tenant,
        makers.deal(cast.rep, 1200, attributes={"region": "north", "seats": 5, "vip": True}),
        makers.deal(cast.rep, 800, on=date(2026, 5, 4)),
        makers.deal(cast.rep, 5000, stage="closed_lost"),
        makers.deal(cast.second_rep, 300),
        makers.deal(cast.rep, 999, on=date(2026, 1, 31)),
    )


@pytest.fixture
def at_new(cast, deals):
    """The manager's new goal, typed far enough to be saved."""
    at = open_page(cast.manager, "new_goal")
    type_in(at, **new(name="Won deals", target_value="1,000"))
    return type_in(at, **new(period=Period.MONTHLY, starts_at=date(2026, 1, 1)))


@pytest.fixture
def goal(cast):
    """The manager's 100 calls a month, active and assigned to nobody."""
    return make(cast.manager)


@pytest.fixture
def recorded(cast, goal):
    """The goal's assignment to the rep, with progress."""
    with tenant_session(cast.manager) as db:
        assignment = assign(db, goal, cast.rep)
    with tenant_session(cast.rep) as db:
        progress.record(db, assignment_id=assignment, value=Decimal(40), on=TODAY)
    return assignment


@pytest.fixture
def files(monkeypatch):
    """The buttons that make files, by their keys."""
    made = {}
    monkeypatch.setattr(
        "streamlit.download_button",
        lambda _label, data, **more: made.update({more["key"]: (data, more["file_name"])}),
    )
    return made
