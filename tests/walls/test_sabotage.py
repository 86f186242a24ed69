"""The check can fail: with a hole in a wall, an attempt gets through and is noticed."""

from random import Random
from uuid import UUID

import pytest
from sqlalchemy import text, true

from goals_core.db import TenantSession
from goals_core.engine import visibility
from goals_core.permissions import OPERATIONS, Operation, Permission
from migrations.tenancy import CURRENT_TENANT
from tests.walls import rows
from tests.walls.arguments import NoMaker
from tests.walls.in_sql import Catalogue
from tests.walls.sql_attempts import session
from tests.walls.tally import ACROSS, REACHED, WITHIN

_MINE = f"tenant_id = {CURRENT_TENANT}"
# Where a hole is, what makes it and what mends it.
HOLES = {
    "goals.definitions": (
        "ALTER TABLE goals.definitions DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE goals.definitions ENABLE ROW LEVEL SECURITY",
    ),
    "goals.outbox": (
        "ALTER POLICY outbox_tenant_isolation ON goals.outbox WITH CHECK (true)",
        f"ALTER POLICY outbox_tenant_isolation ON goals.outbox WITH CHECK ({_MINE})",
    ),
    "core.sessions": (
        "CREATE POLICY for_all ON core.sessions FOR SELECT USING (true)",
        "DROP POLICY for_all ON core.sessions",
    ),
    "core.lookup": (
        "CREATE FUNCTION core.lookup(u uuid) RETURNS text LANGUAGE sql SECURITY DEFINER"
        " AS 'SELECT name FROM core.users WHERE id = u'",
        "DROP FUNCTION core.lookup(uuid)",
    ),
}


@pytest.mark.parametrize("place", HOLES)
def test_a_hole_in_the_database_is_found(world, place):
    make, mend = HOLES[place]
    _as_owner(world, make)
    try:
        with session(world, tenant_id=world.mine.cast.tenant.id, met=set()) as attacker:
            tried = (each for each in Catalogue(world).everything(1) if each.target == place)
            assert any(attacker.findings(each) for each in tried)
    finally:
        _as_owner(world, mend)


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("assignments.get", WITHIN),
        ("progress.history", WITHIN),
        ("dashboard.at_risk", WITHIN),
        ("dashboard.achieved", WITHIN),
        ("history.moves", WITHIN),
        ("progress.record", REACHED),
    ],
)
def test_an_operation_without_its_rule_of_visibility_is_found(everyone, monkeypatch, title, level):
    for rule in ("readable_assignments", "progressable_assignments"):
        monkeypatch.setattr(visibility, rule, lambda _db: true())
    monkeypatch.setattr(visibility, "readable_assignees", lambda _db: None)
    monkeypatch.setattr(visibility, "progressable", lambda _db, assignees: assignees)
    assert found(everyone, OPERATIONS[title], "rep", level)


def test_an_operation_that_looks_past_the_wall_is_found(world, everyone):
    def peek(db: TenantSession, definition_id: UUID) -> str | None:
        with world.owner.connect() as owner:
            query = "SELECT name FROM goals.definitions WHERE id = :id"
            return owner.scalar(text(query), {"id": definition_id})

    assert found(everyone, Operation("sabotage", "peek", Permission.READ, peek), "rep", ACROSS)


def test_an_operation_that_only_takes_longer_is_found(world, everyone):
    def count(db: TenantSession, definition_id: UUID) -> None:
        with world.owner.connect() as owner:
            query = "SELECT 1 FROM goals.definitions WHERE id = :id"
            if owner.scalar(text(query), {"id": definition_id}):
                db.scalar(text("SELECT 1"))

    assert found(everyone, Operation("sabotage", "count", Permission.READ, count), "rep", ACROSS)


def test_an_argument_that_nobody_can_make_is_an_error(everyone):
    def new(db: TenantSession, what: complex) -> None: ...

    operation = Operation("sabotage", "new", Permission.READ, new)
    with pytest.raises(NoMaker, match=r"sabotage.new: .* what"):
        everyone.attempt(operation, "rep", ACROSS, Random(1))


def test_a_table_without_a_row_is_an_error(world):
    with world.owner.connect() as owner:  # never committed
        owner.execute(text("CREATE TABLE goals.later (tenant_id uuid, id uuid)"))
        assert rows.empty_tables(owner, world.mine.cast.tenant.id) == ["goals.later"]


def found(everyone, operation, who, level):
    """What some attempts with the operation find."""
    attempts = (everyone.attempt(operation, who, level, Random(n)) for n in range(20))
    return [finding for attempt in attempts for finding in attempt.findings()]


def _as_owner(world, statement):
    with world.owner.begin() as owner:
        owner.execute(text(statement))
