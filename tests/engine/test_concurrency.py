"""Many at once, and connections that die: nothing is lost, nothing happens twice or by half."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import count, pairwise
from random import Random
from threading import Event
from time import monotonic
from typing import Any

import pytest
from psutil import pid_exists
from sqlalchemy import Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import DBAPIError

from goals_core import db
from goals_core.db import tenant_session
from goals_core.engine.logbook import NotRunning
from goals_core.errors import Busy, GoalsError
from goals_core.kinds import AssignmentStatus, EntryKind, GoalStatus
from goals_core.models.core import AuditLine
from goals_core.models.goals import Assignment, MilestoneNotification, OutboxRow
from goals_core.models.sources import Opportunity
from goals_core.services import (
    assignments,
    company,
    corrections,
    definitions,
    events,
    people,
    progress,
    rollover,
    tracking,
)
from goals_core.services.progress import Reading
from tests.conftest import Database
from tests.engine import chain, log, plan, quota, rows
from tests.makers import (
    TODAY,
    add_deals,
    assign,
    by_hand,
    deal,
    definition_of,
    from_sales,
    make_definition,
    make_goal,
    standing,
    won_deal,
)

Deed = Callable[[], Any]

WRITERS = 16
PATIENCE = 30  # seconds; nothing here takes one
JUNE = date(2026, 6, 1)
GRACE_OVER = date(2026, 6, 4)


@pytest.fixture(scope="module")
def pool(database: Database) -> Iterator[None]:
    """Connections for everyone at once; another file opens its own."""
    db.connect(database.app_url, pool_size=20)
    yield
    db.disconnect()


@pytest.fixture
def connected(database: Database, pool: None) -> Database:
    return database


# Everyone at once: a transaction holds the goal until all others wait for it.


def all_at_once(goal, *deeds: Deed) -> list[Any]:
    """Let the deeds meet at the goal: all have begun before the first may go on.

    The answers are theirs, in order; an error is an answer too.
    """
    with ThreadPoolExecutor(len(deeds)) as threads:
        with holding(goal) as holder:
            begun: list[Future[Any]] = []
            for deed in deeds:
                begun.append(threads.submit(deed))
                until_all_wait(holder, begun)
        return [answer(each) for each in begun]


@contextmanager
def holding(goal) -> Iterator[db.TenantSession]:
    """Hold an assignment and its definition, as a deed does that takes long."""
    cast, assignment_id = goal
    with tenant_session(cast.system) as holder:
        found = holder.get_one(Assignment, (cast.tenant.id, assignment_id))
        for table, id_ in (("definitions", found.definition_id), ("assignments", found.id)):
            lock = f"SELECT FROM goals.{table} WHERE tenant_id = :tenant AND id = :id FOR UPDATE"
            holder.execute(text(lock), {"tenant": cast.tenant.id, "id": id_})
        yield holder


def until_all_wait(holder: Any, begun: list[Future[Any]]) -> None:
    """Until each has come to its end or waits for a lock."""
    waiting = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    deadline = monotonic() + PATIENCE
    while (holder.scalar(waiting) or 0) + sum(each.done() for each in begun) < len(begun):
        assert monotonic() < deadline, "not all came to the goal"
        Event().wait(0.005)  # the others need the processor


def answer(future: Future[Any]) -> Any:
    try:
        return future.result(PATIENCE)
    except (GoalsError, DBAPIError) as error:
        return error


def doing(actor, service: Callable[..., Any], *given: Any, **more: Any) -> Deed:
    """A service in a transaction of its own."""

    def deed() -> Any:
        with tenant_session(actor) as session:
            return service(session, *given, **more)

    return deed


def recording(actor, goal, **more: Any) -> Deed:
    return doing(actor, progress.record, assignment_id=goal, **{"on": TODAY} | more)


def check_continuity(cast, goal) -> None:
    lines = log(cast, goal)
    assert lines[0].previous_value == 0
    assert all(later.previous_value == earlier.new_value for earlier, later in pairwise(lines))
    assert sum(line.change_amount for line in lines) == standing(cast.admin, goal).value


def told(cast, goal, event_: str) -> list[Any]:
    return [
        row.user_id
        for row in rows(cast, OutboxRow, OutboxRow.assignment_id == goal)
        if row.event == event_
    ]


def begins(cast, definition) -> list[date]:
    return [row.period_start for row in chain(cast, definition)]


def test_sixteen_writers_lose_nothing_and_the_log_is_continuous(cast):
    goal = make_goal(cast, cast.rep, by_hand(target_value=Decimal(10)))
    change = Decimal("0.25")
    made = all_at_once((cast, goal), *[recording(cast.rep, goal, change=change)] * WRITERS)
    assert sorted(each.value for each in made) == [change * n for n in range(1, WRITERS + 1)]
    assert standing(cast.rep, goal).value == change * WRITERS
    assert len(log(cast, goal)) == WRITERS
    check_continuity(cast, goal)
    assert sorted(told(cast, goal, "goal.milestone_reached")) == [cast.rep.user_id]  # of 25 %


def test_sixteen_lists_that_name_the_goals_in_any_order_lose_nothing(cast):
    with tenant_session(cast.admin) as session:
        definition = make_definition(session, by_hand())
        goals = [assign(session, definition, who) for who in (cast.rep, cast.second_rep)]
        goals.append(assign(session, make_definition(session, by_hand()), cast.rep))
    one = [Reading(assignment_id=goal, on=TODAY, change=Decimal("1.01")) for goal in goals]
    lists = [[*one, *one] if n % 2 else [*one[::-1], *one[::-1]] for n in range(WRITERS)]
    made = all_at_once(
        (cast, goals[1]), *(doing(cast.admin, progress.bulk, each) for each in lists)
    )
    assert made == [6] * WRITERS
    for goal in goals:
        assert standing(cast.rep if goal != goals[1] else cast.second_rep, goal).value == (
            Decimal("1.01") * 2 * WRITERS
        )
        assert len(log(cast, goal)) == 2 * WRITERS
        check_continuity(cast, goal)


def test_the_same_file_twice_at_once_counts_once(cast):
    goal = make_goal(cast, cast.rep)
    file = [
        Reading(assignment_id=goal, on=TODAY, change=Decimal(n), source="api", reference=f"r{n}")
        for n in (1, 2, 3)
    ]
    made = all_at_once((cast, goal), *[doing(cast.admin, progress.bulk, file)] * 4)
    assert sorted(made) == [0, 0, 0, 3]
    assert standing(cast.rep, goal).value == 6
    check_continuity(cast, goal)


@dataclass(frozen=True)
class Running:
    """A monthly goal of both reps: what ended is to be followed, and closed, by the roll-over."""

    cast: Any
    definition: Any
    goals: list[Any]

    @property
    def where(self):
        return self.cast, self.goals[0]


@pytest.fixture
def running(cast) -> Running:
    with tenant_session(cast.admin) as session:
        definition = make_definition(session, by_hand())
        goals = [assign(session, definition, who) for who in (cast.rep, cast.second_rep)]
    return Running(cast, definition, goals)


def test_two_roll_overs_at_once_begin_each_window_once(running, at):
    cast = running.cast
    at(JUNE)
    made = all_at_once(running.where, *[partial(rollover.roll_over, cast.system)] * 2)
    assert sum(each.begun for each in made) == 2
    assert begins(cast, running.definition) == [date(2026, 5, 1)] * 2 + [JUNE] * 2
    begun = rows(cast, AuditLine, AuditLine.tag == "assignment:created")
    assert len(begun) == 4  # the two assigned and the two that followed


def test_two_roll_overs_at_once_close_each_window_once_and_tell_once(running, at):
    cast = running.cast
    at(JUNE)
    rollover.roll_over(cast.system)
    at(GRACE_OVER)
    made = all_at_once(running.where, *[partial(rollover.roll_over, cast.system)] * 2)
    for goal in running.goals:
        assert standing(cast.admin, goal).status is AssignmentStatus.FAILED
        assert told(cast, goal, "goal.failed") == [cast.manager.user_id]
    assert sum(each.closed for each in made) == 2


def test_a_roll_over_and_a_sync_at_once_close_once_and_tell_once(cast, at):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 700))
    at(JUNE)
    rollover.begin_windows(cast.system)
    at(GRACE_OVER)
    both = partial(tracking.sync, cast.manager), partial(rollover.roll_over, cast.system)
    sync, rolled = all_at_once((cast, goal), *both)
    assert not isinstance(sync, Exception)
    assert not isinstance(rolled, Exception)
    after = standing(cast.admin, goal)
    assert (after.value, after.status) == (700, AssignmentStatus.FAILED)
    assert [line.change_amount for line in log(cast, goal)] == [700]
    assert told(cast, goal, "goal.failed") == [cast.manager.user_id]
    assert told(cast, goal, "goal.milestone_reached") == [cast.rep.user_id] * 2


def test_two_syncs_at_once_close_once_and_the_second_says_who_runs_the_first(cast, at):
    goal = make_goal(cast, cast.rep, from_sales())
    at(GRACE_OVER)
    first, second = all_at_once((cast, goal), *[partial(tracking.sync, cast.manager)] * 2)
    assert first.failed == 1
    assert isinstance(second, Busy)
    assert second.facts["who"] == "Manager"
    assert told(cast, goal, "goal.failed") == [cast.manager.user_id]


def test_an_event_and_a_sync_at_once_leave_the_deal_in_the_value_once(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 100))
    won = doing(cast.system, events.receive, won_deal(cast.rep, Decimal(50)))
    all_at_once((cast, goal), partial(tracking.sync, cast.rep), won, won)
    assert standing(cast.rep, goal).value == 150
    check_continuity(cast, goal)


def test_a_deal_that_two_events_at_once_give_to_two_people_counts_for_the_last_alone(cast):
    goals = [make_goal(cast, who, from_sales()) for who in (cast.rep, cast.second_rep)]
    given = [
        won_deal(who, Decimal(80), external_id="the same") for who in (cast.rep, cast.second_rep)
    ]
    with ThreadPoolExecutor(1) as threads:
        with tenant_session(cast.system) as first:
            events.receive(first, given[0])
            second = threads.submit(doing(cast.system, events.receive, given[1]))
            until_all_wait(first, [second])
        second.result(PATIENCE)
    (kept,) = rows(cast, Opportunity)
    assert kept.owner_id == cast.second_rep.user_id
    assert [standing(cast.admin, goal).value for goal in goals] == [0, 80]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_a_sync_a_correction_and_a_reading_at_once_do_not_hinder_each_other(cast, order):
    goal, tracked = make_goal(cast, cast.rep), make_goal(cast, cast.rep, from_sales())
    with tenant_session(cast.rep) as session:
        progress.record(session, assignment_id=goal, value=Decimal(60), on=TODAY)
    add_deals(cast.tenant, deal(cast.rep, 500))
    (entry,) = log(cast, goal)
    deeds = [
        partial(tracking.sync, cast.manager),
        doing(cast.rep, corrections.void, entry.id),
        recording(cast.rep, goal, change=Decimal(7)),
    ]
    made = all_at_once((cast, goal), *(deeds[n] for n in order))
    assert [each for each in made if isinstance(each, Exception)] == []
    assert (standing(cast.rep, goal).value, standing(cast.rep, tracked).value) == (7, 500)
    assert sorted(line.kind for line in log(cast, goal)) == sorted(
        [EntryKind.VALUE, EntryKind.CHANGE, EntryKind.CORRECTION]
    )
    check_continuity(cast, goal)


def test_an_entry_is_taken_back_once_though_two_ask_at_once(cast):
    goal = make_goal(cast, cast.rep)
    with tenant_session(cast.rep) as session:
        progress.record(session, assignment_id=goal, value=Decimal(60), on=TODAY)
    (entry,) = log(cast, goal)
    made = all_at_once((cast, goal), *[doing(cast.rep, corrections.void, entry.id)] * 2)
    assert [isinstance(each, corrections.VoidedAlready) for each in made].count(True) == 1
    assert standing(cast.rep, goal).value == 0
    check_continuity(cast, goal)


@pytest.mark.parametrize("first", ["plan", "roll-over"])
def test_a_plan_and_a_roll_over_at_once_make_one_window_with_the_planned_target(running, at, first):
    cast = running.cast
    at(JUNE)
    planned = partial(plan, cast.manager, running.definition, quota(cast.rep, JUNE, 250))
    both = [planned, partial(rollover.roll_over, cast.system)]
    made = all_at_once(running.where, *(both if first == "plan" else reversed(both)))
    assert [each for each in made if isinstance(each, Exception)] == []
    june = [
        row
        for row in rows(cast, Assignment, Assignment.definition_id == running.definition)
        if row.period_start == JUNE
    ]
    targets = {row.user_id: row.target_value for row in june}
    assert len(june) == 2
    assert targets == {cast.rep.user_id: 250, cast.second_rep.user_id: 100}


@pytest.mark.parametrize("first", ["plan", "assignment"])
def test_a_plan_and_an_assignment_at_once_make_one_window(running, first):
    cast = running.cast
    planned = partial(plan, cast.manager, running.definition, quota(cast.rep, JUNE, 250))
    one = partial(assign, on=JUNE, custom_target=Decimal(300))
    both = [planned, doing(cast.admin, one, running.definition, cast.rep)]
    made = all_at_once(running.where, *(both if first == "plan" else reversed(both)))
    assert begins(cast, running.definition).count(JUNE) == 1
    refused = [each for each in made if isinstance(each, Exception)]
    if first == "plan":
        assert [type(each) for each in refused] == [assignments.AssignedAlready]
    else:
        assert refused == []


def test_two_assignments_at_once_make_one_window(running):
    cast = running.cast
    one = doing(cast.admin, partial(assign, on=JUNE), running.definition, cast.rep)
    made = all_at_once(running.where, one, one)
    assert begins(cast, running.definition).count(JUNE) == 1
    assert [isinstance(each, assignments.AssignedAlready) for each in made].count(True) == 1


@pytest.mark.parametrize("first", ["update", "record"])
def test_a_raised_target_and_a_reading_at_once_leave_what_both_say(cast, first):
    goal = make_goal(cast, cast.rep)
    definition = definition_of(cast.admin, goal)
    raised = by_hand(target_value=Decimal(200))
    both = [
        doing(cast.admin, definitions.update, definition, raised, version=2),
        recording(cast.rep, goal, value=Decimal(100)),
    ]
    made = all_at_once((cast, goal), *(both if first == "update" else reversed(both)))
    assert [each for each in made if isinstance(each, Exception)] == []
    after = standing(cast.rep, goal)
    assert (after.value, after.target, after.progress) == (100, 200, 50)
    assert after.status is AssignmentStatus.ACTIVE
    noted = rows(cast, MilestoneNotification, MilestoneNotification.assignment_id == goal)
    assert sorted(each.milestone_percentage for each in noted) == [25, 50]
    check_continuity(cast, goal)


def test_two_who_save_the_same_goal_at_once_do_not_overwrite_each_other(cast):
    goal = make_goal(cast, cast.rep)
    definition = definition_of(cast.admin, goal)
    made = all_at_once(
        (cast, goal),
        *(
            doing(cast.admin, definitions.update, definition, draft, version=2)
            for draft in (by_hand(target_value=Decimal(200)), by_hand(name="Other"))
        ),
    )
    assert [isinstance(each, GoalsError) for each in made] == [False, True]


def test_a_pause_and_a_reading_at_once_end_with_the_reading_counted_or_refused(cast):
    goal = make_goal(cast, cast.rep)
    pause = doing(cast.admin, definitions.set_status, definition_of(cast.admin, goal), "paused")
    paused, recorded = all_at_once((cast, goal), pause, recording(cast.rep, goal, value=Decimal(9)))
    assert paused.status == "paused"
    assert isinstance(recorded, GoalsError)
    assert standing(cast.rep, goal).value == 0


def test_a_goal_that_resumes_while_a_reading_comes_counts_it_or_refuses_it(cast):
    goal = make_goal(cast, cast.rep)
    definition = definition_of(cast.admin, goal)
    doing(cast.admin, definitions.set_status, definition, "paused")()
    recorded, _ = meeting_at(
        "FOR NO KEY UPDATE OF",  # the definition has been looked at, the assignment not yet
        recording(cast.rep, goal, change=Decimal(4)),
        doing(cast.admin, definitions.set_status, definition, "active"),
    )
    counted = Decimal(0 if isinstance(recorded, NotRunning) else 4)
    assert sum(line.change_amount for line in log(cast, goal)) == counted
    assert standing(cast.rep, goal).value == counted
    recording(cast.rep, goal, change=Decimal(1))()
    check_continuity(cast, goal)


def test_new_settings_and_a_reading_at_once_do_not_wait_for_each_other_forever(cast):
    """Settings hold the tenant's row, to which each new row of the log refers."""
    goal = make_goal(cast, cast.rep)
    with tenant_session(cast.admin) as session:
        wider = company.settings(session)
    wider = company.Settings(
        name=wider.name,
        grace_days=9,
        risk_progress_below=wider.risk_progress_below,
        risk_time_left=wider.risk_time_left,
        workweek=wider.workweek,
    )
    made = meeting_at(
        "INSERT INTO goals.progress_log",
        recording(cast.rep, goal, value=Decimal(9)),
        doing(cast.admin, company.change_settings, wider),
    )
    assert [each for each in made if isinstance(each, Exception)] == []
    assert standing(cast.rep, goal).value == 9


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_at_once_nobody_waits_forever_and_every_log_goes_on(cast, at, seed):
    """Chance decides what meets; a failure is one, though the next run may not show it."""
    chance = Random(seed)
    with tenant_session(cast.admin) as session:
        drafts = (by_hand(prorate=True), from_sales(prorate=True)) * 2
        made = [make_definition(session, draft) for draft in drafts]
        who = (cast.rep, cast.second_rep, cast.north, None)
        goals = [assign(session, each, one) for each in made for one in who]
    by_hand_ = goals[:4] + goals[8:12]
    at(date(2026, 6, 2 + seed))
    with ThreadPoolExecutor(10) as threads:
        begun = [
            threads.submit(chance_deed(chance, cast, made, by_hand_, goals)) for _ in range(80)
        ]
    answers = [answer(each) for each in begun]
    assert [each for each in answers if isinstance(each, DBAPIError)] == []
    for goal in by_hand_:
        lines = log(cast, goal)
        assert sum(line.change_amount for line in lines) == standing(cast.admin, goal).value
        assert all(later.previous_value == line.new_value for line, later in pairwise(lines))


def chance_deed(chance: Random, cast, made, by_hand_, goals) -> Deed:
    """Any deed, on goals that others are busy with."""
    definition, goal, other = chance.choice(made), chance.choice(by_hand_), chance.choice(goals)
    person = chance.choice([cast.rep, cast.second_rep])
    some, day = Decimal(chance.randint(1, 99)), date(2026, 5, chance.randint(1, 20))
    readings = [
        Reading(assignment_id=each, on=day, change=some) for each in chance.sample(by_hand_, 4)
    ]
    months = [quota(one, on, some) for one in (person, cast.south_rep) for on in (TODAY, JUNE)]
    event_ = won_deal(person, some, external_id=str(chance.randint(1, 3)))
    status = chance.choice([GoalStatus.PAUSED, GoalStatus.ACTIVE])
    return chance.choice(
        [
            recording(cast.admin, goal, change=some, on=day),
            doing(cast.admin, progress.bulk, readings),
            partial(take_one_back, cast, goal),
            partial(tracking.sync, cast.system),
            partial(rollover.roll_over, cast.system),
            partial(plan, cast.admin, definition, *months),
            doing(cast.admin, assign, definition, cast.south_rep, on=JUNE),
            doing(cast.admin, people.set_employment, person.user_id, hired_on=day, left_on=None),
            doing(cast.system, events.receive, event_),
            doing(cast.admin, assignments.update, other, custom_target=some, notes=""),
            doing(cast.admin, assignments.cancel, other),
            doing(cast.admin, definitions.set_statuses, chance.sample(made, 2), status),
            doing(cast.admin, raise_target, definition, some),
        ]
    )


def take_one_back(cast, goal) -> None:
    for entry in log(cast, goal)[-1:]:
        doing(cast.admin, corrections.void, entry.id)()


def raise_target(session: db.TenantSession, definition, target: Decimal) -> None:
    found = definitions.get(session, definition)
    draft = replace(found.settings, target_value=target)
    definitions.update(session, definition, draft, version=found.version)


def meeting_at(statement: str, first: Deed, second: Deed) -> list[Any]:
    """The first stops before a statement until the second has come to its end or waits for it."""
    there, go_on = Event(), Event()

    def stop(*call: Any) -> None:
        if statement in call[2] and not there.is_set():
            there.set()
            assert go_on.wait(PATIENCE)

    event.listen(db.engine(), "before_cursor_execute", stop)
    try:
        with ThreadPoolExecutor(2) as threads, db.engine().connect() as watch:
            begun = [threads.submit(first)]
            assert there.wait(PATIENCE)
            begun.append(threads.submit(second))
            until_all_wait(watch, begun[1:])
            go_on.set()
            return [answer(each) for each in begun]
    finally:
        go_on.set()
        event.remove(db.engine(), "before_cursor_execute", stop)


# Connections that die: every deed is done before each of its statements, and before its commit.


@pytest.fixture
def killer(database: Database) -> Iterator[Engine]:
    """The superuser, who may end any connection."""
    url = make_url(database.owner_url).set(username="postgres")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def until_gone(pid: int) -> None:
    """Wait for the end of a process; the database itself would look again every 0.1 seconds."""
    deadline = monotonic() + PATIENCE
    while pid_exists(pid):
        assert monotonic() < deadline, "the connection lives on"
        Event().wait(0.002)


@contextmanager
def dying(killer: Engine, at_step: int) -> Iterator[list[str]]:
    """End the own connection right before the n-th statement or commit; what it was about to do."""
    steps, died = count(1), []

    def step(connection: Any, *call: Any) -> None:
        if next(steps) == at_step:
            died.append(call[1] if call else "COMMIT")
            pid = connection.connection.dbapi_connection.info.backend_pid
            end = text("SELECT pg_terminate_backend(:pid)")
            with killer.connect() as superuser:
                assert superuser.scalar(end, {"pid": pid})
            until_gone(pid)

    for name in ("before_cursor_execute", "commit"):
        event.listen(db.engine(), name, step)
    try:
        yield died
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(db.engine(), name, step)


def died_at_each_step(killer: Engine, deed: Deed, look: Callable[[], Any]) -> list[tuple[str, Any]]:
    """Do it until nothing dies any more: what each try was about to do, and what it left."""
    left = []
    for step in count(1):
        with dying(killer, step) as died:
            try:
                deed()
            except DBAPIError:
                assert died
        left.append(("".join(died), look()))
        if not died:
            break
    return left


_STATE = {
    "definitions": "status, version, target_value, sync_error",
    "assignments": """definition_id, user_id, period_start, custom_target, target_value,
        current_value, progress_percentage, status, closed_at, rolls_over, rearm, at_risk_since,
        achieved_at, last_updated_at""",
    "progress_log": "assignment_id, previous_value, new_value, kind, notes, voided_by IS NULL",
    "milestone_notifications": "milestone_percentage, achieved_value, notified_at",
    "outbox": "event, user_id, data::text",
    "sync_runs WHERE finished_at IS NOT NULL AND updated > 0": "checked, updated",
}


def state(cast) -> dict[str, Any]:
    """All that the deeds write, without the ids that chance decides."""
    with tenant_session(cast.system) as session:
        found = {
            table: session.execute(text(f"SELECT {columns} FROM goals.{table}")).all()
            for table, columns in _STATE.items()
        }
        found["audit"] = session.scalars(select(AuditLine.tag)).all()
    return {name: sorted(map(str, each)) for name, each in found.items()}


def a_reading(cast, at) -> Deed:
    return recording(cast.rep, make_goal(cast, cast.rep), value=Decimal(60))


def a_list(cast, at) -> Deed:
    goals = [make_goal(cast, who) for who in (cast.rep, cast.second_rep)]
    readings = [Reading(assignment_id=goal, on=TODAY, change=Decimal(40)) for goal in goals * 2]
    return doing(cast.admin, progress.bulk, readings)


def a_correction(cast, at) -> Deed:
    goal = make_goal(cast, cast.rep)
    for day, value in ((3, 60), (2, 70), (1, 120)):
        recording(cast.rep, goal, value=Decimal(value), on=TODAY - timedelta(day))()
    return doing(cast.rep, corrections.void, log(cast, goal)[-1].id)


def a_plan(cast, at) -> Deed:
    goal = make_goal(cast, cast.rep)
    recording(cast.rep, goal, value=Decimal(60))()
    both = (cast.rep, cast.second_rep)
    quotas = [quota(who, day, 99) for who in both for day in (TODAY, JUNE)]
    return partial(plan, cast.admin, definition_of(cast.admin, goal), *quotas)


def a_sync(cast, at) -> Deed:
    for who in (cast.rep, cast.second_rep, cast.north, None):
        make_goal(cast, who, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 700), deal(cast.second_rep, 1200))
    return partial(tracking.sync, cast.manager)


def a_next_window(cast, at) -> Deed:
    for who in (cast.rep, cast.second_rep, None):
        make_goal(cast, who, from_sales(), notes="keep")
    add_deals(cast.tenant, deal(cast.rep, 700, JUNE))
    at(JUNE)
    return partial(rollover.begin_windows, cast.system)


def a_closing(cast, at) -> Deed:
    for who in (cast.rep, cast.second_rep, None):
        make_goal(cast, who, from_sales(ends_at=date(2026, 5, 31)))
    at(GRACE_OVER)
    return partial(rollover.roll_over, cast.system)


def a_raised_target(cast, at) -> Deed:
    goal = make_goal(cast, cast.rep)
    recording(cast.rep, goal, value=Decimal(60))()
    raised = by_hand(target_value=Decimal(200), ends_at=date(2026, 6, 15))
    return doing(cast.admin, definitions.update, definition_of(cast.admin, goal), raised, version=2)


def someones_leaving(cast, at) -> Deed:
    for draft in (by_hand(prorate=True), from_sales(prorate=True)):
        make_goal(cast, cast.rep, draft)
    return doing(cast.admin, people.set_employment, cast.rep.user_id, hired_on=None, left_on=TODAY)


DEEDS = [
    a_reading,
    a_list,
    a_correction,
    a_plan,
    a_sync,
    a_next_window,
    a_closing,
    a_raised_target,
    someones_leaving,
]


@pytest.mark.parametrize("make", DEEDS, ids=lambda make: make.__name__)
def test_a_connection_that_dies_anywhere_leaves_all_of_the_deed_or_nothing(cast, at, killer, make):
    deed = make(cast, at)
    before = state(cast)
    left = died_at_each_step(killer, deed, lambda: state(cast))
    _, after = left[-1]
    assert after != before
    by_half = [about_to for about_to, each in left if each not in (before, after)]
    assert by_half == []
    assert left[0][1] == before
    assert len(left) > 5
    assert any(about_to == "COMMIT" for about_to, _ in left)


def test_a_roll_over_that_is_cut_short_anywhere_is_finished_by_the_next(
    cast, at, killer, monkeypatch
):
    monkeypatch.setattr(rollover, "BATCH", 2)
    people_ = (cast.rep, cast.second_rep, cast.south_rep)
    goals = [make_goal(cast, who, from_sales(milestones=())) for who in people_]
    at(date(2026, 7, 10))
    done = partial(rollover.roll_over, cast.system)
    left = died_at_each_step(killer, done, lambda: len(rows(cast, Assignment)))
    made = [each for _, each in left]
    assert made == sorted(made)  # what was done stays done
    assert made[-1] == 9
    for goal in goals:
        definition = definition_of(cast.admin, goal)
        assert begins(cast, definition) == [date(2026, 5, 1), JUNE, date(2026, 7, 1)]
    closed = rows(cast, Assignment, Assignment.closed_at.is_not(None))
    assert sorted(row.period_start for row in closed) == [date(2026, 5, 1)] * 3 + [JUNE] * 3
    in_time = [row.id for row in closed if row.period_start < JUNE]  # June came when it was over
    failed = [row for row in rows(cast, OutboxRow) if row.event == "goal.failed"]
    assert sorted(row.assignment_id for row in failed) == sorted(in_time)
    assert len(rows(cast, AuditLine, AuditLine.tag == "assignment:created")) == 9
