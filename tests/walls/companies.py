"""Two companies with a row of their own in every table: one that attacks, one that is attacked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import bcrypt
from sqlalchemy import Connection, Engine, text

from goals_core import db
from goals_core.actor import Actor
from goals_core.kinds import Period
from goals_core.services import corrections, events, progress, signin, tracking
from tests import makers
from tests.conftest import NOW, Cast, new_cast
from tests.db import catalogue
from tests.services.test_visibility import READS, WHOSE
from tests.walls import rows
from tests.walls.rows import Rows
from tests.walls.words import Secrets

# What of a company's goals has texts of people; inside of it the roles are tried by them.
ATTEMPTED_AT = NOW + timedelta(hours=1)
GOALS = ("goals.definitions", "goals.assignments", "goals.progress_log")


@dataclass(frozen=True)
class Company:
    """The people of a tenant and all its rows."""

    cast: Cast
    rows: Rows

    def texts(self, column: str = "") -> list[str]:
        """Its texts, those of one column if there are any."""
        cells = [
            (name, cell)
            for each in self.rows.values()
            for row in each
            for name, cell in row.items()
        ]
        found = [cell for _, cell in cells if isinstance(cell, str) and cell]
        return [cell for name, cell in cells if name == column and isinstance(cell, str)] or found


@dataclass(frozen=True)
class World:
    """Mine attacks theirs, whose rows are secret; the owner looks at both."""

    mine: Company
    theirs: Company
    secrets: Secrets
    owner: Engine
    app_url: str


def build(owner: Engine, app_url: str) -> World:
    """Make both companies, with what is theirs marked by words that stand nowhere else."""
    casts = [_company() for _ in range(2)]
    with owner.begin() as connection:
        for cast in casts:
            rows.fill(connection, cast.tenant.id)
        mine, theirs = (cast.tenant.id for cast in casts)
        rows.plant(connection, mine, only=GOALS)
        connection.execute(text(_BREAK), {"owner": casts[0].south_rep.user_id})
        rows.plant(connection, theirs)
        _give_other_passwords(connection, casts[1])
        for statement in _proof(catalogue.tables(connection)):
            connection.execute(text(statement))
    with owner.connect() as connection:
        mine, theirs = (Company(c, rows.rows_of(connection, c.tenant.id)) for c in casts)
    analyze(owner)
    secrets = Secrets.of(_all(theirs.rows)) - Secrets.of(_all(mine.rows))
    return World(mine, theirs, secrets, owner, app_url)


def hidden_from(world: World, name: str) -> Secrets:
    """The ids and texts of the goals of one's own company that somebody may not read."""
    hidden = _all(hidden_rows(world, READS[name]))
    ids = {row["id"] for row in hidden}
    opened = [r for t in GOALS for r in world.mine.rows[t] if r["id"] not in ids]
    texts = [{k: v for k, v in row.items() if k == "id" or isinstance(v, str)} for row in hidden]
    return Secrets.of(texts) - Secrets.of(opened)


def hidden_rows(world: World, marks: str) -> Rows:
    """The rows of the goals that a row of the table of `test_visibility` does not open."""
    mine, cast = world.mine.rows, world.mine.cast
    shut = {whose(cast, name) for name, mark in zip(WHOSE, marks, strict=True) if mark != "+"}
    assignments = [r for r in mine["goals.assignments"] if (r["user_id"] or r["team_id"]) in shut]
    ids = {row["id"] for row in assignments}
    opened = {r["definition_id"] for r in mine["goals.assignments"] if r["id"] not in ids}
    definitions = {row["definition_id"] for row in assignments} - opened
    return {
        "goals.definitions": [r for r in mine["goals.definitions"] if r["id"] in definitions],
        "goals.assignments": assignments,
        **{
            name: [r for r in mine[name] if r["assignment_id"] in ids]
            for name in ("goals.progress_log", "goals.milestone_notifications")
        },
    }


def whose(cast: Cast, name: str) -> UUID | None:
    """The person or team of that name, None for the company."""
    found = getattr(cast, name, None)
    return found.user_id if isinstance(found, Actor) else found


def analyze(owner: Engine) -> None:
    """Let the planner know what is in the tables, so that its views have something to give away."""
    with owner.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def _company() -> Cast:
    cast = new_cast()
    for name in WHOSE:
        _goal_of(cast, None if name == "company" else getattr(cast, name), name)
    with db.tenant_session(cast.admin) as session:
        shared = makers.make_definition(session, makers.by_hand(name="Shared"))
        for who in (cast.rep, cast.south_rep):
            makers.assign(session, shared, who)
    _records(cast)
    return cast


def _goal_of(cast: Cast, who: Any, name: str) -> None:
    """A goal at risk, of whose log an entry was taken back, and one that was achieved."""
    words = {"description": f"Why {name}", "category": f"By {name}"}
    days = {"period": Period.CUSTOM, "starts_at": date(2026, 5, 1), "ends_at": date(2026, 5, 25)}
    risky = makers.by_hand(name=f"Calls of {name}", **words, **days)
    done = makers.by_hand(name=f"Done by {name}", target_value=Decimal(5))
    with db.tenant_session(cast.admin) as session:
        for draft, values in ((risky, (10, 60)), (done, (10,))):
            definition = makers.make_definition(session, draft)
            goal = makers.assign(session, definition, who, notes=f"For {name}: {draft.name}")
            for value in values:
                note = f"{value} by {name}: {draft.name}"
                progress.record(
                    session, assignment_id=goal, value=Decimal(value), on=makers.TODAY, note=note
                )
            if draft is risky:
                latest = progress.history(session, goal).items[0]
                corrections.void(session, latest.id, note=f"A slip of {name}")


def _records(cast: Cast) -> None:
    """Goals that track themselves, a record of each kind, and somebody who is signed in."""
    for who in (cast.rep, cast.south_rep):
        makers.make_goal(cast, who, makers.from_sales(name=f"Sales of {who.name}"))
        with db.tenant_session(cast.system) as session:
            events.receive(session, makers.won_deal(who, Decimal(99), account="Acme"))
    tracking.sync(cast.admin)
    makers.make_goal(cast, cast.rep, makers.from_sales(name="What no sync has settled"))
    login = signin.find_login(cast.rep.email)
    assert login is not None
    with db.tenant_session(login.actor) as session:
        signin.open_session(session, login)


def _give_other_passwords(owner: Connection, cast: Cast) -> None:
    for id_ in owner.scalars(text(_PEOPLE), {"tenant": cast.tenant.id}).all():
        digest = bcrypt.hashpw(f"theirs {id_}".encode()[:72], bcrypt.gensalt(4)).decode()
        owner.execute(
            text("UPDATE core.users SET password_hash = :digest WHERE id = :id"),
            {"digest": digest, "id": id_},
        )


def _all(found: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for each in found.values() for row in each]


def _proof(tables: list[str]) -> list[str]:
    """Functions that see, inside of an attempt's own transaction, what it did to whom."""
    all_rows = " UNION ALL ".join(
        f"SELECT md5(CAST(t AS text)) AS part FROM {name} t WHERE t.{rows.tenant_column(name)} = $1"
        for name in tables
    )
    of_goals = " UNION ALL ".join(
        f"SELECT md5(CAST(t AS text)) AS part FROM {name} t WHERE t.id = ANY ($1)" for name in GOALS
    )
    return [
        "CREATE SCHEMA proof",
        "GRANT USAGE ON SCHEMA proof TO goals_rw",
        _checksum("of_tenant(uuid)", all_rows),
        _checksum("of_goals(uuid[])", of_goals),
    ]


def _checksum(signature: str, found: str) -> str:
    """In PL/pgSQL, which keeps the plan: it is asked after every attempt that writes."""
    return (
        f"CREATE FUNCTION proof.{signature} RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER"
        " AS $$ BEGIN RETURN (SELECT md5(coalesce(string_agg(part, '' ORDER BY part), ''))"
        f" FROM ({found}) r); END $$"
    )


# A goal that no sync can compute, whose name not everybody may know.
_BREAK = """
    UPDATE goals.definitions d SET source_config = '{"module": "sales"}'
    FROM goals.assignments a WHERE a.definition_id = d.id AND a.user_id = :owner
        AND d.source = 'sales'
"""
_PEOPLE = "SELECT id FROM core.users WHERE tenant_id = :tenant"
