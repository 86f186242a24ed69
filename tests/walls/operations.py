"""The attempts on operations: across companies, and on what is out of reach in one's own."""

from dataclasses import dataclass
from random import Random
from uuid import UUID

from goals_core import db
from goals_core.actor import Actor
from goals_core.db import TenantSession
from goals_core.models.base import new_id
from goals_core.permissions import OPERATIONS, Open, Operation, Permission, Role
from goals_core.services import signin
from tests.conftest import PASSWORD
from tests.services.test_visibility import CHANGES, READS, RECORDS
from tests.walls.companies import World, hidden_from, hidden_rows
from tests.walls.exceptions import is_for_tenants
from tests.walls.pool import Pool
from tests.walls.service_attempts import Attempt, Probe, draw
from tests.walls.tally import ACROSS, REACHED, WITHIN
from tests.walls.words import Secrets

ROLES = ("admin", "manager", "rep", "analyst")
VISITOR = "visitor"
# What a permission does not extend to, although it is seen: there nothing may change.
UNREACHED = {
    Permission.WRITE: CHANGES,
    Permission.ASSIGN: CHANGES,
    Permission.PROGRESS: RECORDS,
}
_COLUMNS = ["name", "account", "stage", "currency", "external_id", "status"]


@dataclass(frozen=True)
class Side:
    """What somebody must not learn of or change, and where their arguments come from."""

    pool: Pool
    secrets: Secrets
    probe: Probe


@dataclass(frozen=True)
class Stage:
    """Everyone who tries, with what is shut to each."""

    world: World
    actors: dict[str, Actor | None]
    sides: dict[tuple[str, str], Side]  # by wall and by who stands before it

    def attempt(self, operation: Operation, who: str, level: str, chance: Random) -> Attempt:
        side = self.sides[level, _place(operation, who, level)]
        return Attempt(
            operation,
            self.actors[who],
            draw(operation, side.pool, side.secrets, chance),
            side.secrets,
            side.probe,
            by_statements=level == ACROSS,
        )

    def combinations(self) -> list[tuple[Operation, str, str]]:
        """Every operation by everyone, at each wall that stands before them."""
        return [
            (operation, who, level)
            for title, operation in sorted(OPERATIONS.items())
            if is_for_tenants(title)
            for who in ([VISITOR] if operation.needs is Open.VISITOR else ROLES)
            for level in (ACROSS, WITHIN, REACHED)
            if (level, _place(operation, who, level)) in self.sides
        ]


def stage(world: World) -> Stage:
    mine, theirs = world.mine.cast, world.theirs.cast.tenant.id
    actors: dict[str, Actor | None] = {who: _signed_in(getattr(mine, who)) for who in ROLES}
    also = {"column": _COLUMNS, "token": _tokens(theirs), "tags": ["user:created"]}
    pool = Pool(world.theirs.rows, world.mine.rows, also)
    with db.tenant_session(mine.system) as session:
        across = Side(pool, world.secrets, Probe.of_tenant(session, theirs))
        sides = {(ACROSS, who): across for who in (*ROLES, VISITOR)}
        for who in ROLES:
            if "." in READS[who]:
                hidden = hidden_from(world, who)
                sides[WITHIN, who] = _goals(world, session, READS[who], hidden)
            for permission, table in UNREACHED.items():
                if "+" in table[who] and set(table[who]) != {"+"}:
                    nothing = Secrets(frozenset())
                    reached = _goals(world, session, table[who], nothing)
                    sides[REACHED, f"{who} {permission}"] = reached
    return Stage(world, actors | {VISITOR: None}, sides)


def _place(operation: Operation, who: str, level: str) -> str:
    return f"{who} {operation.needs}" if level == REACHED else who


def lacking(operation: Operation) -> list[str]:
    """The roles that the table of permissions gives nothing of what the operation needs."""
    if not isinstance(operation.needs, Permission):
        return []
    return [who for who in ROLES if not _permits(Role(who), operation.needs)]


def _permits(role: Role, permission: Permission) -> bool:
    return Actor(None, None, role, "").may(permission)  # type: ignore[arg-type]


def _goals(world: World, session: TenantSession, marks: str, secrets: Secrets) -> Side:
    """The goals of one's own company that a row of the table does not open."""
    rows = hidden_rows(world, marks)
    wholly = [row["id"] for each in rows.values() for row in each if _is_wholly_hidden(row, rows)]
    pool = Pool(rows, world.mine.rows, {"column": _COLUMNS})
    return Side(pool, secrets, Probe.of_goals(session, wholly))


def _is_wholly_hidden(row: dict[str, object], rows: dict[str, list[dict[str, object]]]) -> bool:
    """Not of a goal that one sees for the sake of another assignee."""
    definitions = {each["id"] for each in rows["goals.definitions"]}
    shared = {r["id"] for r in rows["goals.assignments"] if r["definition_id"] not in definitions}
    return row["id"] not in shared and row.get("assignment_id") not in shared


def _signed_in(actor: Actor) -> Actor:
    """As they are after signing in, with a session of their own."""
    login = signin.prove(actor.email, PASSWORD)
    assert login is not None
    with db.tenant_session(login.actor) as session:
        token = signin.open_session(session, login)
    found = signin.check(token)
    assert found is not None
    return found


def _tokens(tenant_id: UUID) -> list[str]:
    """Tokens that name a company and were never given out."""
    return [f"{tenant_id.hex}.{(new_id().hex * 2)[:43]}" for _ in range(3)]
