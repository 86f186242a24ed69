"""kill -9 and a crowd in short; `python -m tests.proofs.kills` has the long forms."""

from pathlib import Path

import pytest

from goals_core import db
from tests.proofs import kills, state
from tests.proofs.crowd import failures, wait_until


@pytest.fixture
def durable(server, connected):
    """The tests' server keeps what it says was committed: elsewhere it need not outlive a crash."""
    yield from _while_commits_are(server, connected, "on")
    list(_while_commits_are(server, connected, "off"))


@pytest.fixture
def proof(durable, at):
    """A company on the tests' own server."""
    ((data,),) = kills.as_superuser(durable.owner_url, "SHOW data_directory")
    home = Path(data).parent
    with kills.proof(home, durable.app_url, durable.owner_url, "7", at) as made:
        yield made


def _while_commits_are(server, database, kept: str):
    server.run(f"ALTER SYSTEM SET synchronous_commit = {kept}")
    server.run("SELECT pg_reload_conf()")
    show = (database.owner_url, "SHOW synchronous_commit")
    wait_until(lambda: kills.as_superuser(*show) == [(kept,)], "the setting")
    db.engine().dispose()
    yield database


def test_whatever_is_killed_nothing_is_lost_and_nothing_doubled(proof):
    for victim in ("sync", "backend", "postmaster"):
        proof.round(victim, loaders=1, syncs=1)
    assert proof.done["acknowledged"] > 0


def test_four_loaders_and_two_syncs_lose_nothing_and_run_into_no_deadlock(proof):
    proof.crowded(1, loaders=4, syncs=2)
    assert proof.done["syncs"] > 0


def test_a_deadlock_would_be_told_and_a_server_that_is_gone_not(proof):
    proof.crowd.add("load", proof.rnd)
    (process,) = proof.crowd.processes
    process.diary.say(failed="deadlock detected", state="40P01", lost=False)
    process.diary.say(failed="terminating connection", state="57P01", lost=True)
    proof.crowd.kill_all()
    assert failures(proof.crowd.leave()) == ["load: 40P01 deadlock detected"]


def test_a_record_that_is_gone_is_missed(proof):
    proof._begin(loaders=1, syncs=1)
    proof.crowd.kill_all()
    (load, *_) = [each for each in proof.crowd.processes if each.kind == "load"]
    lost = {"external_id": "LOST"} | next(iter(proof.stage.world.records.values()))
    load.diary.say(number=-1, intent={"LOST": lost}, undone=False)
    load.diary.say(number=-1, done=True)
    with pytest.raises(state.Differs):
        proof._end()
