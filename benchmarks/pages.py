"""What pages ask of 1,000,000 deals: of one person among 5,000, and of the whole company.

`python -m benchmarks.pages [--json] [--people N] [--records N]` uses a fresh embedded server, and
the company of `benchmarks.company` with a goal of its own besides. All goals are of this year, and
so have all deals. Each figure is a median in milliseconds, `_ratio` the company's beside the
plainest SQL that adds up the same deals, measured in turn:

- `goal_…`: a goal's page: its course, its milestones, how many records count and are left out;
- `records_…`, `moved_…`, `as_of_…`: its tabs;
- `cards_person`: the page of someone's own goals;
- `preview_…`, `dry_run_…`: the form, each time that something decisive is entered.
"""

import statistics
from collections.abc import Callable, Mapping
from decimal import Decimal
from time import perf_counter
from uuid import UUID

from sqlalchemy import select

from benchmarks import company, figures
from benchmarks.company import Company
from benchmarks.place import fresh_place
from goals_core import db
from goals_core.db import TenantSession
from goals_core.kinds import AssigneeType
from goals_core.models.goals import Assignment, Definition
from goals_core.services import (
    assignments,
    definitions,
    history,
    milestones,
    movements,
    past,
    preview,
    reach,
    receipts,
    tracking,
    trust,
)
from goals_core.services.dry_run import dry_run
from goals_core.services.receipts import Owner

ROUNDS = 9
Deed = Callable[[TenantSession], object]


def measure(one: Company) -> dict[str, float]:
    """The company has its deals and goals."""
    with db.tenant_session(one.actor) as session:
        whole = _goal_of_the_company(session)
        goal = session.scalars(
            select(Assignment.id).where(Assignment.user_id == one.people[0]).limit(1)
        ).one()
        draft = definitions.get(session, assignments.get(session, goal).definition_id).settings
    tracking.sync(one.actor)
    person, everyone = Owner(AssigneeType.USER, one.people[0]), Owner(AssigneeType.TENANT)
    deeds: dict[str, Deed] = {"cards_person": lambda db_: _cards(db_, person)}
    for name, goal_id, owner in (("person", goal, person), ("company", whole, everyone)):
        deeds |= _of_goal(name, goal_id)
        deeds |= {
            f"preview_{name}": lambda db_, owner=owner: preview.preview(
                db_, draft, assignees=[owner]
            ),
            f"dry_run_{name}": lambda db_, owner=owner: dry_run(db_, draft, assignees=[owner]),
        }
    return _in_turns(one, deeds)


def _of_goal(name: str, goal: UUID) -> dict[str, Deed]:
    return {
        f"goal_{name}": lambda db_: _page(db_, goal),
        f"records_{name}": lambda db_: receipts.of_assignment(db_, goal),
        f"moved_{name}": lambda db_: movements.of_assignment(db_, goal),
        f"as_of_{name}": lambda db_: past.as_of(db_, goal),
    }


def _page(session: TenantSession, goal: UUID) -> None:
    assignments.get(session, goal)
    assignments.settings_of(session, goal)
    series = history.series(session, [goal])[goal]
    assert series
    milestones.list_(session, goal, series=series)
    assert trust.of_assignment(session, goal)


def _cards(session: TenantSession, owner: Owner) -> None:
    goals = reach.goals_of(session, owner)
    assert history.series(session, [goal.id for goal in goals])


def _goal_of_the_company(session: TenantSession) -> UUID:
    summed = session.scalars(select(Definition.id).order_by(Definition.id).limit(1)).one()
    return assignments.create(
        session,
        definition_id=summed,
        assignee_type=AssigneeType.TENANT,
        custom_target=Decimal(10) ** 12,
    )


def _in_turns(one: Company, deeds: Mapping[str, Deed]) -> dict[str, float]:
    """What else the machine does meets all alike."""
    plain: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in deeds}
    for _ in range(ROUNDS):
        plain.append(one.plain_sums())
        for name, deed in deeds.items():
            with db.tenant_session(one.actor) as session:
                started = perf_counter()
                deed(session)
                times[name].append(perf_counter() - started)
    middle = {name: statistics.median(each) for name, each in times.items()}
    sums = statistics.median(plain)
    found = {"plain_ms": 1000 * sums}
    found |= {f"{name}_ms": 1000 * seconds for name, seconds in middle.items()}
    return found | {
        f"{name}_ratio": seconds / sums
        for name, seconds in middle.items()
        if name.endswith("company")
    }


def main() -> None:
    given = figures.arguments(__doc__, people=5_000, records=1_000_000).parse_args()
    with fresh_place() as place:
        found = measure(company.filled(place, "pages", people=given.people, records=given.records))
    figures.tell(found, as_json=given.json)


if __name__ == "__main__":
    main()
