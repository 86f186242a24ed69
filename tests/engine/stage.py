"""Where deeds are done twice, by the engine and in the model, and compared after each."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)

from goals_core import clock
from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import recompute
from goals_core.errors import GoalsError, Invalid
from goals_core.kinds import (
    AssigneeType,
)
from goals_core.permissions import Role
from goals_core.services import identity, tracking
from tests.conftest import PASSWORD, new_cast
from tests.engine import checks, deeds, opening, state, surroundings
from tests.engine import day_by_day as days
from tests.engine.model import Refused
from tests.engine.things import Goal, Share

BEGIN = date(2026, 1, 28)
PICK = st.integers(0, 99)
MOST_GOALS, MOST_ROWS = 9, 160
USER, TEAM, COMPANY = AssigneeType.USER, AssigneeType.TEAM, AssigneeType.TENANT
RULES: set[str] = set()
HITS: Counter[tuple[str, str]] = Counter()
CLOCKED: Counter[str] = Counter()  # seconds by part


def counted(method: Callable[..., Any]) -> Callable[..., Any]:
    """Count what comes of a rule: done, the error of a refusal, or nothing to try it on."""

    RULES.add(method.__name__)

    @wraps(method)
    def step(self: "Stage", *args: Any, **more: Any) -> None:
        HITS["", "steps"] += 1
        self.last = "idle"
        with self._told():
            method(self, *args, **more)
        HITS[method.__name__, self.last] += 1

    return step


class Stage(RuleBasedStateMachine):
    """One company and a neighbour, from the end of January 2026 on; the rules come elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.trace: list[str] = []
        self.last = "idle"
        self.day, self.hour = BEGIN, 9
        self._set_clock()
        self.cast = new_cast()
        self.tenant = self.cast.tenant
        with self._session("admin") as db:
            floater = identity.create_user(
                db,
                email=f"floater@{self.tenant.slug}.example",
                name="Floater",
                role=Role.REP,
                password=PASSWORD,
                manager_id=self.cast.south_manager.user_id,
            )
        self.users = [
            each.user_id for each in (self.cast.rep, self.cast.second_rep, self.cast.south_rep)
        ] + [floater]
        self.floater = floater
        self.world = opening.world_of(self.cast, self.floater, self.day)
        self.audited = state.count_audit(self.system)
        self.by: UUID | None = None
        self.ids: dict[Share, UUID] = {}
        self.frozen: dict[UUID, Any] = {}
        self.settled = False  # whether the last sync saw all there is
        opening.make_neighbour(self.neighbour, self.day)
        self.neighbours = state.fingerprint(self.neighbour)
        self._look()

    def teardown(self) -> None:
        self.patch.undo()

    @invariant()
    def holds(self) -> None:
        """Whatever was done: model and engine agree, and nobody else noticed."""
        with self._told():
            self._hold()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong brings the whole story with it."""
        try:
            yield
        except Exception as error:
            error.add_note("\n".join(["What was done:", *self.trace]))
            raise

    def _hold(self) -> None:
        began = time.perf_counter()
        found = state.fingerprint(self.neighbour)
        checks.expect("the neighbour's rows", self.neighbours, found)
        checks.expect("rows of others", 0, sum(others for _, _, others, _ in found))
        checks.expect("what is seen of others", 0, state.strangers(self.system))
        CLOCKED["walls"] += time.perf_counter() - began
        if self.settled:
            self._recompute_changes_nothing()

    def _do(
        self,
        what: str,
        told: Callable[[], Any],
        real: Callable[[TenantSession], Any],
        *,
        by: Actor | None = None,
        unsettles: bool = False,
        real_first: bool = False,
    ) -> None:
        """The deed in both worlds: done or refused alike, with the same state after it."""
        actor = self._actor(by or self.cast.admin)
        self.by = actor.user_id
        self.trace.append(f"{self.day} {self.hour:02}h {what}")
        if real_first:
            found, wanted = self._really(actor, real), _modelled(told)
        else:
            wanted, found = _modelled(told), self._really(actor, real)
        self.last = wanted[0] or "done"
        self.trace[-1] += f" -> {found[0] or 'done'}"
        checks.expect(what, wanted[:2], found[:2])
        if isinstance(wanted[2], int | tuple | Counter):
            checks.expect(f"{what}: answer", wanted[2], found[2])
        if unsettles and wanted[0] is None:
            self.settled = False
        self._look()

    def _really(self, actor: Actor, real: Callable[[TenantSession], Any]) -> tuple[Any, ...]:
        began = time.perf_counter()
        try:
            with tenant_session(actor) as db:
                return None, set(), real(db)
        except Invalid as error:
            return "Invalid", {problem.field for problem in error.problems}, None
        except GoalsError as error:
            return type(error).__name__, set(), None
        finally:
            CLOCKED["deeds"] += time.perf_counter() - began

    def _look(self) -> None:
        """Read all and compare."""
        read = self._read()
        began = time.perf_counter()
        self.ids = checks.bind(self.world, read)
        checks.agree(self.world, read, self.ids, self.by)
        now = checks.frozen(read)
        there = set(self.ids.values())  # a goal without progress is deleted with its closed windows
        for id_, row in self.frozen.items():
            checks.expect("a closed row", row, now.get(id_) if id_ in there else row)
        self.read, self.frozen = read, now
        self.audited += len(read.audit)
        self.world.audit.clear()
        CLOCKED["compare"] += time.perf_counter() - began

    def _read(self) -> state.State:
        began = time.perf_counter()
        try:
            return state.read(self.system, seen=self.audited)
        finally:
            CLOCKED["read"] += time.perf_counter() - began

    def _recompute_changes_nothing(self) -> None:
        class Undone(Exception):
            pass

        began = time.perf_counter()
        try:
            with tenant_session(self.system) as db:
                outcome = recompute.recompute(db)
                raise Undone  # noqa: TRY301  (that is how it is undone)
        except Undone:
            checks.expect("rows that a recomputation changes", 0, outcome.updated)
        CLOCKED["recompute"] += time.perf_counter() - began

    def _sync(self) -> None:
        self._do(
            "sync",
            lambda: surroundings.sync(self.world),
            lambda _db: tracking.sync(self.system),
            by=self.system,
        )
        self.settled = True
        checks.no_overlap(self.read)

    def _advance(self, n: int, hour: int) -> None:
        self.hour = max(hour, self.hour) if n == 0 else hour
        self.day += n * days.DAY
        self.world.day = self.day
        self._set_clock()
        self.settled = self.settled and n == 0
        self.last = "done"
        self.trace.append(f"{self.day} {self.hour:02}h it is")

    def _set_clock(self) -> None:
        moment = datetime(
            self.day.year, self.day.month, self.day.day, self.hour, 30, tzinfo=state.ZONE
        ).astimezone(UTC)
        self.patch.setattr(clock, "now", lambda: moment)

    @property
    def system(self) -> Actor:
        return Actor.system(self.tenant)

    @property
    def neighbour(self) -> Actor:
        return Actor.system(self.cast.other_manager.tenant)

    def _session(self, name: str) -> Any:
        actor = self.system if name == "system" else getattr(self.cast, name)
        return tenant_session(self._actor(actor))

    def _actor(self, actor: Actor) -> Actor:
        """The person under today's settings of the tenant."""
        return replace(actor, tenant=self.tenant) if actor.tenant.id == self.tenant.id else actor

    def _settle_tenant(self, tenant: Any) -> None:
        self.tenant = tenant

    def _goals(self) -> list[Goal]:
        return list(self.world.goals.values())

    def _by_hand(self) -> list[Share]:
        return sorted((s for s in self.world.shares if s.goal.by_hand), key=in_order)

    def _share(self, pick: int, *, by_hand: bool = False) -> Share | None:
        """Mostly one that is open."""
        found = self._by_hand() if by_hand else sorted(self.world.shares, key=in_order)
        running = [share for share in found if share.is_open]
        return chosen(running if running and pick % 5 else found, pick)

    def _who(self, pick: int) -> deeds.Who:
        everyone = [(USER, id_) for id_ in self.users]
        teams = [(TEAM, self.cast.north), (TEAM, self.cast.south)]
        return chosen([*everyone, *teams, (COMPANY, None)], pick)

    def _team(self, is_north: bool) -> UUID:
        return self.cast.north if is_north else self.cast.south


def chosen(things: Any, n: int) -> Any:
    return things[n % len(things)] if things else None


def in_order(share: Share) -> tuple[str, ...]:
    return tuple(map(str, (share.goal.id, share.start, share.kind, share.who)))


def name_of(share: Share) -> str:
    return f"{share.goal['name']} of {share.kind} {share.who or ''} {share.start}..{share.end}"


def refusal(error: str) -> Callable[[], None]:
    def refuse() -> None:
        raise Refused(error)

    return refuse


def _modelled(told: Callable[[], Any]) -> tuple[Any, ...]:
    began = time.perf_counter()
    try:
        return None, set(), told()
    except Refused as refused:
        return refused.error, refused.fields, None
    finally:
        CLOCKED["model"] += time.perf_counter() - began
