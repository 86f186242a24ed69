"""A worker as a process: by signals, with its parent, killed, and kept by the app."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from goals_core import cli, db
from goals_core.config import PROJECT
from goals_core.jobs import keeper, state
from goals_core.jobs.keeper import Keeper
from goals_core.jobs.work import JOBS, begin_day
from tests.jobs.working import (
    PACE,
    another_program,
    queued,
    sales_goal,
    sell,
    until,
    value,
    working,
)

WORKER = [sys.executable, "-m", "goals_core", "worker"]
WAITING_FOR_EVER = "import sys; sys.stdin.read()"
STARTS_WITHIN = 40


@contextmanager
def process(database, *options) -> Iterator[subprocess.Popen]:
    """A worker that is ready."""
    before = state.state().workers
    environment = {"GOALS_DATABASE_URL": database.app_url, "GOALS_NOW": "2026-05-20T18:00:00Z"}
    started = subprocess.Popen(
        [*WORKER, *options],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: state.state().workers > before or started.poll(), STARTS_WITHIN)
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.communicate()


@contextmanager
def held_up(database, cast, goal):
    """What a woken sync has to write is locked by somebody."""
    with another_program(database, cast) as somebody, somebody.transaction():
        somebody.execute("SELECT FROM goals.assignments WHERE id = %s FOR UPDATE", [goal])
        yield


def runs(cast):
    return "doing" in [status for status, *_ in queued(cast)]  # the sweep may put in another


def begin_a_sync(database, cast):
    sell(database, cast, 300)
    until(lambda: runs(cast), STARTS_WITHIN)


def test_when_its_parent_is_gone_it_ends_as_soon_as_its_job_is_done(cast, database):
    goal = sales_goal(cast)
    begin_day(cast.system)
    with process(database, "--with-parent") as worker:
        with held_up(database, cast, goal):
            begin_a_sync(database, cast)
            worker.stdin.close()
            time.sleep(0.3)
            assert worker.poll() is None
        assert worker.wait(20) == 0
        worker.stdin = None
    assert value(cast, goal) == 300
    assert state.state().workers == 0


def test_what_one_leaves_that_ends_at_once_is_taken_up_and_nothing_is_lost(cast, database):
    goal = sales_goal(cast)
    begin_day(cast.system)
    with process(database) as worker, held_up(database, cast, goal):
        begin_a_sync(database, cast)
        for number in (signal.SIGTERM, signal.SIGINT):
            assert worker.poll() is None
            worker.send_signal(number)
            time.sleep(0.3)
        assert worker.wait(10) == 1
        sell(database, cast, 50)  # nobody hears of it
    assert runs(cast)
    with working(database, JOBS, pace=replace(PACE, silence=0.6)):
        until(lambda: value(cast, goal) == 350)
        until(lambda: queued(cast) == [])
    assert log_of(cast, goal) == [350]


def test_a_worker_that_dies_is_begun_again_and_ends_with_the_app(monkeypatch):
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 0.02)
    kept = Keeper([sys.executable, "-c", WAITING_FOR_EVER])
    kept.start()
    until(lambda: kept.pid)
    first = kept.pid
    subprocess.run(["kill", "-9", str(first)], check=True)
    until(lambda: kept.pid != first)
    kept.stop()
    assert not lives(kept.pid)


def test_one_whose_jobs_take_too_long_is_ended_by_force():
    stubborn = f"import signal; signal.signal(signal.SIGTERM, lambda *_: None); {WAITING_FOR_EVER}"
    kept = Keeper([sys.executable, "-c", f"{stubborn}; sys.stdin.read()"], patience=0.2)
    kept.start()
    until(lambda: kept.pid)
    time.sleep(0.3)
    kept.stop()
    assert not lives(kept.pid)


def test_it_is_stopped_before_it_has_begun():
    kept = Keeper([sys.executable, "-c", WAITING_FOR_EVER])
    kept.stop()
    assert kept.pid is None


def lives(pid):
    return (
        subprocess.run(["kill", "-0", str(pid)], check=False, capture_output=True).returncode == 0
    )


def log_of(cast, goal):
    with db.tenant_session(cast.system) as session:
        lines = session.scalars(
            text(
                "SELECT new_value FROM goals.progress_log"
                " WHERE tenant_id = :tenant_id AND assignment_id = :goal ORDER BY id"
            ),
            {"tenant_id": cast.tenant.id, "goal": goal},
        )
        return [int(each) for each in lines]


@pytest.mark.parametrize("concurrency", ["0", "51", "x"])
def test_a_wrong_concurrency_is_refused(concurrency):
    asked = CliRunner().invoke(cli.app, ["worker", "--concurrency", concurrency])
    assert (asked.exit_code, "--concurrency" in asked.output) == (2, True)
