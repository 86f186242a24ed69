"""The overview of a company with 100,000 running assignments among 1,000,000 in the table.

`python -m benchmarks.overview [--json] [--people N]` uses a fresh embedded server. As often as the
overview is asked for, by an administrator and by the manager of a tenth of the teams, the plainest
SQL counts the company's running assignments by their state: `overview_ratio` is how many times as
long the worse of the two takes, in the middle. `overview_query_p95_ms` is of the administrator's
figures alone, without the leaderboards and what moved.
"""

import statistics
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import perf_counter

from sqlalchemy import text

from benchmarks import crowd, figures
from benchmarks.crowd import Crowd
from benchmarks.place import Place, fresh_place
from goals_core import db
from goals_core.actor import Actor
from goals_core.engine import glance
from goals_core.engine.locking import read_in_memory
from goals_core.engine.plans import active_ones, plan_of
from goals_core.services import dashboard

PEOPLE, A_TEAM, DEALS = 9_900, 50, 30  # a team has so many people, a person so many deals
ROUNDS = 40
_PLAIN = text(
    """
    SELECT a.status, count(*) FROM goals.assignments a
    WHERE a.tenant_id = :tenant_id AND a.period_start <= :today AND a.period_end >= :today
    GROUP BY a.status
    """
)


def measure(place: Place, people: int = PEOPLE) -> dict[str, float]:
    made = crowd.gather(place, people=people, teams=people // A_TEAM, deals=people * DEALS)
    goals = people * crowd.GOALS + people // A_TEAM * crowd.GOALS_OF_TEAMS
    assert _overview(made.admin) == goals
    assert 0 < _overview(made.manager) < goals
    plain, query, admin, manager = _in_turns(
        lambda: _plain(made),
        lambda: _figures(made.admin),
        lambda: _overview(made.admin),
        lambda: _overview(made.manager),
    )
    found = {"overview_goals": float(goals), "overview_plain_p50_ms": _quantile(plain, 50)}
    found |= {f"overview_query_p{q}_ms": _quantile(query, q) for q in (50, 95)}
    for who, times in (("admin", admin), ("manager", manager)):
        found |= {f"overview_{who}_p{q}_ms": _quantile(times, q) for q in (50, 95)}
    for q in (50, 95):
        worse = max(found[f"overview_admin_p{q}_ms"], found[f"overview_manager_p{q}_ms"])
        found[f"overview_p{q}_ms"] = worse
    found["overview_ratio"] = found["overview_p50_ms"] / found["overview_plain_p50_ms"]
    return found


def _in_turns(*deeds: Callable[[], object]) -> list[list[float]]:
    """What else the machine does meets all alike."""
    times: list[list[float]] = [[] for _ in deeds]
    for _ in range(ROUNDS):
        for deed, of_deed in zip(deeds, times, strict=True):
            started = perf_counter()
            deed()
            of_deed.append((perf_counter() - started) * 1000)
    return times


def _overview(actor: Actor) -> int:
    with db.tenant_session(actor) as session:
        return dashboard.overview(session).goals


def _figures(actor: Actor) -> None:
    with db.tenant_session(actor) as session:
        plan = plan_of(session.execute(active_ones(session.tenant_id)))
        look = glance.look(session, since=session.actor.tenant.today - timedelta(days=7))
        with read_in_memory(session):
            glance.by_goal(look, plan.definitions.values())


def _plain(made: Crowd) -> None:
    with db.tenant_session(made.admin) as session:
        session.execute(_PLAIN, {"tenant_id": made.tenant.id, "today": made.tenant.today}).all()


def _quantile(times: Sequence[float], percent: int) -> float:
    return statistics.quantiles(times, n=100)[percent - 1]


def main() -> None:
    given = figures.arguments(__doc__, people=PEOPLE).parse_args()
    with fresh_place() as place:
        found = measure(place, given.people)
    figures.tell(found, as_json=given.json)


if __name__ == "__main__":
    main()
