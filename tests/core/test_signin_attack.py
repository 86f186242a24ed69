"""Sign-in under attack: who guesses is locked out, who knows their password gets in."""

import random
import statistics
import sys
from time import perf_counter
from uuid import uuid4

import bcrypt
import pytest
from bcrypt import gensalt  # the real one: tests have another in its place
from sqlalchemy import create_engine, text, update

from goals_core import clock
from goals_core.db import tenant_session
from goals_core.engine import attempts, passwords
from goals_core.models.core import User
from goals_core.services import signin
from tests.core.guessing import MINE, guess
from tests.makers import statements

GUESSES = 1_500  # `make walls` makes 10,000
ROUNDS, COST = 200, 7  # of each of the three failures; of the hashes
APART = 0.13  # by chance alone once in 100,000 runs


def test_wrong_guesses_from_many_addresses_lock_nobody_else_out(cast, database):
    guess(cast, GUESSES)


@pytest.mark.parametrize("is_known", [True, False])
def test_five_misses_lock_a_name_for_an_address_whether_it_exists_or_not(cast, is_known, database):
    name = cast.rep.email if is_known else f"{uuid4().hex}@nobody.example"
    for _ in range(5):
        assert signin.prove(name, "wrong", address=MINE) is None
    assert attempts.take(name, MINE) is False
    assert attempts.take(name, "203.0.113.8") is True
    assert attempts.take(cast.manager.email, MINE) is True
    assert signin.prove(cast.rep.email, cast.PASSWORD, address="203.0.113.9")


def test_a_network_of_ipv6_is_one_visitor(cast):
    for host in range(5):
        signin.prove(cast.rep.email, "wrong", address=f"2001:db8:1:2::{host:x}")
    assert signin.prove(cast.rep.email, cast.PASSWORD, address="2001:db8:1:2:ffff::1") is None
    assert signin.prove(cast.rep.email, cast.PASSWORD, address="2001:db8:1:3::1")
    assert attempts.network_of("::ffff:192.0.2.1") == "192.0.2.1"


@pytest.fixture
def tries(database):
    """What stands in the table of tries, as its owner reads it."""
    owner = create_engine(database.owner_url)

    def read(condition="true", **bound):
        query = text(f"SELECT * FROM core.login_attempts WHERE {condition}")
        with owner.connect() as connection:
            return connection.execute(query, bound).all()

    yield read
    owner.dispose()


def test_the_table_of_tries_names_nobody(cast, tries):
    name = f"{uuid4().hex}@guess.example"
    signin.prove(name, "wrong", address=MINE)
    rows = str(tries())
    assert name not in rows
    assert MINE not in rows


def test_each_new_try_clears_ten_away_that_are_over(cast, tries, at):
    for number in range(25):
        attempts.take(f"{number}@{cast.tenant.slug}.example", MINE)
    later = clock.now() + 2 * attempts.LOCK
    over = {"condition": "last_at < :moment", "moment": later - attempts.LOCK}
    before = len(tries(**over))
    assert before >= 25
    at(later)
    for number in range(3):
        attempts.take(f"later {number}@{cast.tenant.slug}.example", MINE)
    assert len(tries(**over)) == max(before - 30, 0)


@pytest.fixture
def costlier(cast, monkeypatch):
    """The hashes that failures are compared with, somebody's and nobody's, of a higher cost."""

    def digest(password):
        return bcrypt.hashpw(password.encode(), gensalt(COST)).decode()

    monkeypatch.setattr(passwords, "digest", digest)
    signin._nobodys.cache_clear()
    with tenant_session(cast.admin) as db:
        db.execute(update(User).values(password_hash=digest(cast.PASSWORD)))
    yield
    signin._nobodys.cache_clear()


def test_the_three_failures_send_the_same_statements(cast):
    lock(cast.manager.email)
    sent = {}
    for kind, name in failures(cast).items():
        with statements() as seen:
            signin.prove(name, "wrong", address=MINE)
        sent[kind] = [statement for statement, _ in seen]
    assert sent["unknown"] == sent["wrong"] == sent["locked"]


def test_the_times_of_the_three_failures_cannot_be_told_apart(cast, capsys, costlier):
    """At a 32nd of the real cost: what little differs shows more than it would in earnest.

    Whoever guesses which of two failures a time is of, by their order, is right in half of the
    cases; here in at most 63 of a hundred.
    """
    lock(cast.manager.email)
    taken = {kind: [] for kind in ("unknown", "wrong", "locked")}
    for number in range(ROUNDS):
        names = failures(cast)
        for kind in random.sample(list(taken), 3):
            # each wrong try from an address of its own, so that none of them locks
            address = MINE if kind == "locked" else f"192.0.{number}.{len(kind)}"
            taken[kind].append(timed(names[kind], address))
    # where other programs are at work, half of the times are longer by what these take, or a little
    # more than half are, and the middle jumps; a quarter of them is hardly ever disturbed
    quarters = {kind: statistics.quantiles(times)[0] for kind, times in taken.items()}
    shares = {
        (one, other): told_apart(taken[one], taken[other])
        for one, other in (("unknown", "wrong"), ("wrong", "locked"), ("unknown", "locked"))
    }
    told = ", ".join(f"{kind} {quarter * 1000:.2f}" for kind, quarter in quarters.items())
    with capsys.disabled():
        sys.stdout.write(f"\na failed sign-in, ms (first quartile): {told}\n")
    assert max(quarters.values()) < 1.15 * min(quarters.values())
    assert all(abs(share - 0.5) < APART for share in shares.values()), shares


def failures(cast):
    return {
        "unknown": f"{uuid4().hex[:8]}@{cast.tenant.slug}.example",
        "wrong": cast.rep.email,
        "locked": cast.manager.email,
    }


def lock(name):
    for _ in range(5):
        attempts.take(name, MINE)


def timed(name, address):
    started = perf_counter()
    assert signin.prove(name, "a guess that is wrong", address=address) is None
    return perf_counter() - started


def told_apart(one, other):
    """How often a time of the one is the longer (the statistic of Mann and Whitney)."""
    longer = sum((a > b) + (a == b) / 2 for a in one for b in other)
    return longer / (len(one) * len(other))
