"""Rules: time, people, settings, and those who may not."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)

from goals_core.actor import Actor
from goals_core.db import TenantSession
from goals_core.engine.drafts import Draft
from goals_core.kinds import (
    GoalStatus,
)
from goals_core.services import (
    assignments,
    company,
    corrections,
    definitions,
    people,
    planning,
    progress,
    teams,
)
from goals_core.services.planning import Quota
from tests.engine import day_by_day as days
from tests.engine import surroundings
from tests.engine.stage import (
    MOST_ROWS,
    PICK,
    TEAM,
    USER,
    Stage,
    chosen,
    counted,
    in_order,
    name_of,
    refusal,
)
from tests.engine.things import Member, Share

FLAG = st.booleans()
WEEKS = st.sampled_from(["12345", "1234567", "67", "135", "3", ""])

LENGTHS = st.sampled_from([None, 5, 30, -1])


class WorldRules(Stage):
    """What happens around the goals."""

    @rule(hours=st.integers(0, 23))
    @counted
    def wait_hours(self, hours) -> None:
        self._advance(0, hours)

    @rule()
    @counted
    def next_day(self) -> None:
        self._advance(1, self.hour)

    @precondition(lambda self: self._ending())
    @rule(pick=PICK, grace=FLAG)
    @counted
    def to_the_end(self, pick, grace) -> None:
        """The last day of a window, or the first one after its grace."""
        over = (1 + self.world.settings["grace_days"]) if grace else 0
        self._advance((chosen(self._ending(), pick).end - self.day).days + over, self.hour)

    @precondition(lambda self: len(self.world.shares) < MOST_ROWS // 2)
    @rule(n=st.sampled_from([8, 15, 40]))
    @counted
    def standstill(self, n) -> None:
        self._advance(n, self.hour)

    @rule(who=PICK, team=FLAG, first=st.integers(-30, 10), length=LENGTHS)
    @counted
    def join(self, who, team, first, length) -> None:
        team_id, user = self._team(team), chosen(self.users, who)
        begin = self.day + first * days.DAY
        end = None if length is None else begin + length * days.DAY
        self._do(
            f"{user} joins {team_id} from {begin} to {end}",
            lambda: surroundings.join(self.world, team_id, user, begin, end),
            lambda db: teams.add_member(
                db, team_id=team_id, user_id=user, member_from=begin, member_to=end
            ),
        )

    @rule(who=PICK, team=FLAG, last=st.integers(-20, 5))
    @counted
    def leave(self, who, team, last) -> None:
        self._leave(self._team(team), chosen(self.users, who), self.day + last * days.DAY)

    @precondition(lambda self: self._credited())
    @rule(pick=PICK, days_later=st.sampled_from([0, 0, -1]))
    @counted
    def leave_after_a_deal(self, pick, days_later) -> None:
        """Whoever leaves on the day of a deal leaves the deal to the team; a day before, not."""
        member, day = chosen(self._credited(), pick)
        self._leave(member.team, member.person, day + days_later * days.DAY)
        self._sync()

    @rule(who=PICK, hired=st.sampled_from([None, None, -60, -10, 3]),
          left=st.sampled_from([None, None, None, 2, 20, 60, -5]))  # fmt: skip
    @counted
    def employ(self, who, hired, left) -> None:
        user = chosen(self.users, who)
        first = None if hired is None else self.day + hired * days.DAY
        last = None if left is None else self.day + left * days.DAY
        self._do(
            f"{user} works from {first} to {last}",
            lambda: surroundings.set_employment(self.world, user, first, last),
            lambda db: people.set_employment(db, user, hired_on=first, left_on=last),
            unsettles=True,  # who stays longer gets the windows that were not begun
        )

    @rule(grace=st.sampled_from([0, 3, 3, 5, 61]), below=st.sampled_from([50, 50, 20, 90, 101]),
          left=st.sampled_from([25, 25, 60, 10]), week=WEEKS)  # fmt: skip
    @counted
    def change_settings(self, grace, below, left, week) -> None:
        new = self.world.settings | {
            "grace_days": grace,
            "risk_progress_below": below,
            "risk_time_left": left,
            "workweek": week,
        }
        self._do(
            f"settings {new}",
            lambda: surroundings.change_settings(self.world, self.tenant.id, new),
            lambda db: self._settle_tenant(company.change_settings(db, company.Settings(**new))),
        )

    @rule(pick=PICK, deed=st.integers(0, 9))
    @counted
    def stranger(self, pick, deed) -> None:
        """Nothing of this company exists for the other one, whatever it may do there."""
        self._forbidden(pick, deed, Actor.system(self.neighbour.tenant), "NotFound")

    @rule(pick=PICK, deed=st.integers(0, 9))
    @counted
    def onlooker(self, pick, deed) -> None:
        """The analyst sees everything and changes nothing."""
        self._forbidden(pick, deed, self._actor(self.cast.analyst), "NotAllowed")

    @rule(pick=PICK)
    @counted
    def colleague(self, pick) -> None:
        """A rep records nothing for another one: it is out of sight."""
        others = [s for s in self.world.shares if s.kind is USER and s.who != self.users[0]]
        if share := chosen(others, pick):
            self._do(
                f"a colleague records for {name_of(share)}",
                refusal("NotFound"),
                lambda db: progress.record(
                    db, assignment_id=self.ids[share], value=Decimal(1), on=self.day
                ),
                by=self.cast.rep,
            )

    def _forbidden(self, pick: int, deed: int, actor: Actor, error: str) -> None:
        goal, share = chosen(self._goals(), pick), self._share(pick)
        if goal is None or share is None:
            return
        id_, version = self.ids[share], goal.version
        line = next((rows[0].id for rows in self.read.log.values()), None)
        user, one = self.users[0], Decimal(1)
        tries: list[Callable[[TenantSession], Any]] = [
            lambda db: definitions.update(db, goal.id, Draft(**goal.settings), version=version),
            lambda db: definitions.set_status(db, goal.id, GoalStatus.PAUSED),
            lambda db: definitions.delete(db, goal.id),
            lambda db: assignments.update(db, id_, custom_target=one, notes=""),
            lambda db: assignments.delete(db, id_),
            lambda db: progress.record(db, assignment_id=id_, value=one, on=self.day),
            lambda db: corrections.void(db, line or uuid4()),
            lambda db: planning.set_targets(
                db, goal.id, [Quota(assignee_type=USER, assignee_id=user, on=self.day)]
            ),
            lambda db: people.set_employment(db, user, hired_on=None, left_on=None),
            lambda db: planning.copy_to_next(db, goal.id),
        ]
        self._do(f"{actor.name} tries {deed}", refusal(error), tries[deed], by=actor)

    def _leave(self, team: UUID, user: UUID, day: date) -> None:
        self._do(
            f"{user} leaves {team} after {day}",
            lambda: surroundings.leave(self.world, team, user, day),
            lambda db: people.leave_team(db, team_id=team, user_id=user, last_day=day),
        )

    def _credited(self) -> list[tuple[Member, date]]:
        """Whose deals count for a team that has a goal of them now, and on which days."""
        running = [s for s in self.world.shares if s.kind is TEAM and self.world.is_tracked(s)]
        return [
            (member, record.day)
            for share in running
            for record in self.world.records.values()
            for member in self.world.members
            if (member.team, member.person) == (share.who, record.owner)
            and member.on(record.day)
            and not share.goal.by_hand
            and self.world.counts(share, record)
        ]

    def _ending(self) -> list[Share]:
        if len(self.world.shares) >= MOST_ROWS:
            return []
        ahead = sorted((s for s in self.world.shares if s.is_open), key=in_order)
        return [s for s in ahead if 0 <= (s.end - self.day).days < 40]
