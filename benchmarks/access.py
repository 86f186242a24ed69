"""What coming in and the policies cost, on an embedded server of its own.

`python -m benchmarks.access [--json] [--plans]`:

- the check of a session at each run of a page, with 100,000 sessions of 10,000 people in 50
  companies, alone and from 8 threads: `check_p50_ms`, `check_p95_ms`, … beside the plainest
  prepared SQL that could do it, past the policies and without Python's objects: `plain_…`;
- `ping_p50_ms`: what the pool asks before it gives out a connection, to see that it still lives;
- the statements of the overview of a company with 10,000 assignments among 100,000, as EXPLAIN
  times them, with the policies and, as superuser, without: `policies_ratio`.

`--plans` prints how the plans differ.
"""

import random
import statistics
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import make_url

from benchmarks import figures, pgbench, policies
from benchmarks.place import Place, add_people, fresh_place, new_company, system
from goals_core import clock, db
from goals_core.actor import Tenant
from goals_core.engine import tokens
from goals_core.services import signin

COMPANIES, PEOPLE, EACH = 50, 200, 10
CHECKS, THREADS = 5_000, 8
_SESSIONS = """
    INSERT INTO core.sessions (tenant_id, id, user_id, token_sha256, auth_epoch, created_at,
        last_seen_at, expires_at)
    SELECT u.tenant_id, gen_random_uuid(), u.id,
        sha256(convert_to(replace(CAST(u.tenant_id AS text), '-', '') || '.'
            || lpad(CAST(u.n * {each} + s AS text), 43, '0'), 'UTF8')),
        0, now(), now(), now() + interval '30 days'
    FROM (SELECT *, row_number() OVER (PARTITION BY tenant_id ORDER BY id) - 1 AS n
        FROM core.users) u, generate_series(0, {each} - 1) s
"""
_PLAIN = """
    SELECT s.id, s.last_seen_at, u.id, u.role, u.name, u.email, to_jsonb(t)
    FROM core.sessions s
    JOIN core.users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
    JOIN core.tenants t ON t.id = s.tenant_id
    WHERE s.tenant_id = %s AND s.token_sha256 = %s AND s.revoked_at IS NULL
        AND s.expires_at > %s AND s.last_seen_at > %s AND u.is_active
        AND s.auth_epoch = u.auth_epoch
"""


def main() -> None:
    with fresh_place() as place:
        found = _checking(place) | policies.measure(place, plans="--plans" in sys.argv)
    figures.tell(found, as_json="--json" in sys.argv)


def _checking(place: Place) -> dict[str, float]:
    tokens = _tokens(_companies(place))
    with pgbench.statements() as sent:
        assert signin.check(tokens[0]) is not None
    found: dict[str, float] = {"check_statements": len(sent)}
    with psycopg.connect(_superuser(place), autocommit=True) as connection:
        ping = partial(_ping, connection)
        ours, plain, pings = _interleaved(tokens, signin.check, partial(_plain, connection), ping)
    found |= _quantiles("check", ours) | _quantiles("plain", plain)
    found |= _quantiles("ping", pings)
    found["check_ratio"] = statistics.median(ours) / statistics.median(plain)
    return found | _side_by_side(place, tokens)


def _interleaved(tokens: Sequence[str], *ways: Callable[[str], object]) -> tuple[list[float], ...]:
    """Each token by each way in turn, so that what else the machine does meets all alike."""
    times: tuple[list[float], ...] = tuple([] for _ in ways)
    for token in tokens:
        for way, of_way in zip(ways, times, strict=True):
            of_way.append(_timed(way, token))
    return times


def _side_by_side(place: Place, tokens: Sequence[str]) -> dict[str, float]:
    """From as many threads as a busy server has people clicking at once."""
    shares = [tokens[n::THREADS] for n in range(THREADS)]

    def ours(share: Sequence[str]) -> list[float]:
        return [_timed(signin.check, token) for token in share]

    def plain(share: Sequence[str]) -> list[float]:
        with psycopg.connect(_superuser(place), autocommit=True) as connection:
            return [_timed(partial(_plain, connection), token) for token in share]

    found: dict[str, float] = {}
    for name, way in (("check_8_threads", ours), ("plain_8_threads", plain)):
        started = perf_counter()
        with ThreadPoolExecutor(THREADS) as threads:
            times = [each for share in threads.map(way, shares) for each in share]
        found |= _quantiles(name, times)
        found[f"{name}_per_s"] = len(times) / (perf_counter() - started)
    return found


def _timed(deed: Callable[..., object], *given: object) -> float:
    started = perf_counter()
    done = deed(*given)
    spent = perf_counter() - started
    assert done is not None
    return spent


def _plain(connection: psycopg.Connection[Any], token: str) -> object:
    now = clock.now()
    bound = (UUID(hex=token[:32]), tokens.digest(token), now, now - signin.idle())
    return connection.execute(_PLAIN, bound, prepare=True).fetchone()


def _ping(connection: psycopg.Connection[Any], _token: str) -> object:
    return connection.execute("SELECT 1")  # as the pool does, on a connection without transaction


def _quantiles(name: str, times: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100)
    return {f"{name}_p50_ms": cuts[49] * 1000, f"{name}_p95_ms": cuts[94] * 1000}


def _companies(place: Place) -> list[Tenant]:
    made = [new_company(f"company-{n}") for n in range(COMPANIES)]
    for tenant in made:
        with db.tenant_session(system(tenant)) as session:
            add_people(session, PEOPLE)
    place.as_superuser(_SESSIONS.format(each=EACH))
    place.analyze()
    return made


def _tokens(companies: Sequence[Tenant]) -> list[str]:
    chance = random.Random(7)  # noqa: S311  (which sessions are looked at)
    return [
        f"{chance.choice(companies).id.hex}.{chance.randrange(PEOPLE * EACH):043}"
        for _ in range(CHECKS)
    ]


def _superuser(place: Place) -> str:
    url = make_url(place.server.owner_url).set(drivername="postgresql", username="postgres")
    return url.render_as_string(hide_password=False)


if __name__ == "__main__":
    main()
