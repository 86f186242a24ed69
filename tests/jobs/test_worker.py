"""The worker hears of changes, runs each tenant's jobs one after the other, and loses none."""

from dataclasses import replace

from sqlalchemy import text

from goals_core import db
from goals_core.jobs import queue, state
from goals_core.jobs.work import BEGIN_DAY, DELIVER, JOBS, SYNC, begin_day, sync
from tests.conftest import new_cast
from tests.jobs.working import (
    PACE,
    Gate,
    another_program,
    queued,
    sales_goal,
    sell,
    until,
    value,
    working,
)
from tests.makers import TODAY, as_owner

SOON = replace(PACE, polling=0.1)


def test_a_commit_of_another_program_wakes_it(cast, database):
    goal = sales_goal(cast)
    with working(database):
        sell(database, cast, 300)
        until(lambda: value(cast, goal) == 300)  # it polls once a minute only
        sell(database, cast, 200)
        until(lambda: value(cast, goal) == 500)
        until(lambda: queued(cast) == [])


def test_many_commits_are_few_runs_and_none_is_left_out(cast, database):
    goal, gate = sales_goal(cast), Gate()
    with working(database, [gate.job()]):
        sell(database, cast, 1)
        until(lambda: gate.begun)
        sell(database, cast, *range(2, 30))
        until(lambda: [status for status, *_ in queued(cast)] == ["doing", "todo"])
        gate.is_open.set()
        until(lambda: len(gate.ended) == 2)
        until(lambda: value(cast, goal) == sum(range(1, 30)))
    assert len(gate.begun) <= 3  # the minute may have ended meanwhile


def test_a_change_that_comes_when_a_sync_has_taken_leads_to_another(cast, database, monkeypatch):
    """The worst moment: it is committed after the running sync has looked, before it ends."""
    goal, meanwhile = sales_goal(cast), [20]

    def sync_and_sell(actor):
        SYNC.do(actor)
        if meanwhile:
            sell(database, cast, meanwhile.pop())

    with working(database, [replace(SYNC, do=sync_and_sell)]):
        sell(database, cast, 10)
        until(lambda: value(cast, goal) == 30)


def test_what_nobody_heard_of_is_found_at_the_start_and_every_minute(cast, database):
    goal = sales_goal(cast)
    sell(database, cast, 40)
    every_second = replace(SYNC, often="* * * * * *")
    with working(database, [every_second]):
        until(lambda: value(cast, goal) == 40)
        with another_program(database, cast) as connection:  # of a rate nobody is told
            connection.execute(_RATE, (cast.tenant.id, TODAY))
        until(lambda: changes_of(cast) == 0)
    assert SYNC.often == "* * * * *"


def test_a_tenant_that_cannot_be_synced_stops_no_other(cast, database):
    other, gate = new_cast(), Gate()
    gate.broken.add(cast.tenant.id)
    gate.is_open.set()
    sales_goal(cast)
    goal = sales_goal(other)
    with working(database, [gate.job()], concurrency=1):
        for amount in (1, 2, 3):
            sell(database, cast, amount)
            sell(database, other, amount)
        until(lambda: value(other, goal) == 6)
        until(lambda: [each[1] > 0 for each in queued(cast)] == [True])
    ((status, tries),) = queued(cast)
    assert (status, tries > 0) == ("todo", True)
    clear(cast)


def test_what_failed_is_tried_again_when_it_can_succeed(cast, database):
    goal, gate = sales_goal(cast), Gate()
    gate.broken.add(cast.tenant.id)
    gate.is_open.set()
    with working(database, [gate.job()], pace=SOON):
        sell(database, cast, 70)
        until(lambda: gate.ended)
        gate.broken.clear()
        until(lambda: value(cast, goal) == 70)
        until(lambda: queued(cast) == [])


def test_the_operator_sees_who_works_and_what_waits_runs_and_is_tried_again(cast, database):
    gate = Gate()
    gate.broken.add(cast.tenant.id)
    with working(database, [gate.job()]):
        sell(database, cast, 1)
        until(lambda: gate.begun)
        sell(database, cast, 2)
        until(lambda: len(queued(cast)) == 2)
        assert state.state(silence=5).workers == 1
        assert of_syncs() == {"waiting": 1, "running": 1, "retried": 0, "failed": 0}
        gate.is_open.set()
        until(lambda: of_syncs() == {"waiting": 0, "running": 0, "retried": 1, "failed": 0})
    clear(cast)
    assert state.state(silence=5).workers == 0


def test_one_that_fails_while_another_waits_hands_over_its_tries_and_its_pause(cast, database):
    gate = Gate()
    gate.broken.add(cast.tenant.id)
    with working(database, [gate.job()]):
        sell(database, cast, 1)
        until(lambda: gate.begun)
        sell(database, cast, 2)
        until(lambda: len(queued(cast)) == 2)
        gate.is_open.set()
        until(lambda: queued(cast) == [("todo", 1)])
        with db.directory() as connection:
            lock = {"lock": f"sync:{cast.tenant.id}"}
            assert connection.scalar(text(_PUT_OFF), lock) is not None
    clear(cast)


def test_a_busy_tenant_is_tried_again_soon_and_it_counts_as_no_failure(cast, database):
    goal = sales_goal(cast)
    key = f"sync:{cast.tenant.id}"
    with another_program(database, cast) as someone, working(database, pace=SOON):
        with someone.transaction():
            someone.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            sell(database, cast, 5)
            until(lambda: queued(cast) == [("todo", 0)])
            assert value(cast, goal) == 0
        until(lambda: value(cast, goal) == 5)
        until(lambda: queued(cast) == [])


def test_what_another_transaction_holds_is_left_and_tried_again_soon(cast, database):
    goal = sales_goal(cast)
    begin_day(cast.system)
    sell(database, cast, 6)
    with another_program(database, cast) as someone, someone.transaction():
        someone.execute("SELECT FROM goals.journal_batches WHERE taken_at IS NULL FOR UPDATE")
        assert 0 < sync(cast.system) <= 1
        assert value(cast, goal) == 0
    assert sync(cast.system) is None
    assert value(cast, goal) == 6


def test_it_ends_when_the_running_job_has(cast, database):
    goal, gate = sales_goal(cast), Gate()
    with working(database, [gate.job()]) as stop:
        sell(database, cast, 8)
        until(lambda: gate.begun)
        stop()
        sell(database, cast, 9)  # of which the running one takes, and no other begins
        gate.is_open.set()
    assert (value(cast, goal), len(gate.begun)) == (17, 1)
    assert [status for status, *_ in queued(cast)] in ([], ["todo"])


def test_two_workers_never_run_one_tenant_at_the_same_time(cast, database):
    other, gate = new_cast(), Gate()
    goals = {company: sales_goal(company) for company in (cast, other)}
    gate.is_open.set()
    with working(database, [gate.job()]), working(database, [gate.job()]):
        for amount in range(1, 16):
            for company in goals:
                sell(database, company, amount)
        for company, goal in goals.items():
            until(lambda company=company, goal=goal: value(company, goal) == 120)
    assert gate.most_at_once == 1
    assert set(gate.begun) >= {cast.tenant.id, other.tenant.id}


def test_it_connects_anew_listens_again_and_finds_what_it_missed(cast, database):
    goal = sales_goal(cast)
    with working(database):
        for amount in (1, 2):
            as_owner(
                database.owner_url.replace("goals_owner", "postgres"),
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'goals worker' AND datname = current_database()",
            )
            sell(database, cast, amount)
            until(lambda: value(cast, goal) == sum(range(1, amount + 1)))  # noqa: B023


def test_what_a_sync_has_to_tell_is_told_at_once(cast, database):
    synced, told = [], []
    tell = replace(
        DELIVER,
        do=lambda actor: told.append(actor.tenant_id),
        due=lambda: [cast.tenant.id] if synced else [],
    )
    first = replace(SYNC, do=lambda actor: synced.append(actor.tenant_id), then=tell)
    with working(database, [first, tell]):
        sell(database, cast, 10)
        until(lambda: cast.tenant.id in told)
    assert (SYNC.then, BEGIN_DAY.then) == (DELIVER, DELIVER)


def test_pauses_grow_to_a_bound_and_differ():
    for tries in range(40):
        longest = min(2.0**tries, queue.LONGEST_PAUSE)
        drawn = {queue.pause(tries) for _ in range(20)}
        assert longest / 2 <= min(drawn) < max(drawn) <= longest
    assert sum(min(2.0**tries, queue.LONGEST_PAUSE) for tries in range(queue.MOST_TRIES)) < 3600


def test_each_job_waits_once_per_tenant_and_is_asked_for_by_itself(database):
    made = queue.make(database.app_url)
    periodic = {
        name: each.cron for (name, _), each in made.app.periodic_registry.periodic_tasks.items()
    }
    assert periodic == {f"due:{job.name}": job.often for job in JOBS} | {"tidy": "20 * * * *"}
    assert SYNC.priority > BEGIN_DAY.priority


def of_syncs():
    (found,) = [each for each in state.state().tasks if each.task == "sync"]
    assert found.oldest >= 0
    return {name: getattr(found, name) for name in ("waiting", "running", "retried", "failed")}


def clear(cast):
    with db.directory() as connection:
        lock = {"lock": f"sync:{cast.tenant.id}"}
        connection.execute(text("DELETE FROM jobs.procrastinate_jobs WHERE lock = :lock"), lock)


def changes_of(cast):
    with db.tenant_session(cast.system) as session:
        return session.scalar(text(_WAITING), {"tenant_id": cast.tenant.id})


_WAITING = """
    SELECT count(*) FROM goals.journal_batches WHERE tenant_id = :tenant_id AND taken_at IS NULL
"""
_PUT_OFF = "SELECT scheduled_at FROM jobs.procrastinate_jobs WHERE lock = :lock"
_RATE = """
    INSERT INTO core.exchange_rates (tenant_id, id, from_currency, to_currency, day, rate)
    VALUES (%s, gen_random_uuid(), 'EUR', 'USD', %s, 1.1)
"""
