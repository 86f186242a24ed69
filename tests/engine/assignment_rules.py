"""Rules: who is to reach what, alone and planned for many."""

from collections import Counter
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)

from goals_core.kinds import (
    GoalStatus,
    Period,
)
from goals_core.services import assignments, planning
from goals_core.services.planning import Quota
from tests.engine import day_by_day as days
from tests.engine import deeds, plans
from tests.engine.goal_rules import FLAG, OWN
from tests.engine.stage import (
    COMPANY,
    MOST_GOALS,
    MOST_ROWS,
    PICK,
    TEAM,
    USER,
    Stage,
    chosen,
    counted,
    name_of,
)
from tests.engine.things import Goal

QUOTAS = st.tuples(PICK, st.sampled_from([0, 7, 31, 62, -31]), OWN)


class AssignmentRules(Stage):
    """What happens to assignments."""

    @rule(pick=PICK, who=PICK, own=OWN, on=st.sampled_from([None, None, 0, -30, 30, 200]))
    @counted
    def assign(self, pick, who, own, on) -> None:
        if (goal := chosen(self._goals(), pick)) and len(self.world.shares) < MOST_ROWS:
            day = None if on is None else self.day + on * days.DAY
            self._assign(goal, self._who(who), own, day)

    @rule(pick=PICK, own=OWN, notes=st.sampled_from(["", "a note"]))
    @counted
    def set_own_target(self, pick, own, notes) -> None:
        if share := self._share(pick):
            self._do(
                f"own target {own} of {name_of(share)}",
                lambda: deeds.change_own(self.world, share, own, notes),
                lambda db: assignments.update(db, self.ids[share], custom_target=own, notes=notes),
            )

    @precondition(lambda self: len(self.world.shares) > 6)
    @rule(pick=PICK)
    @counted
    def cancel(self, pick) -> None:
        if share := self._share(pick):
            self._do(
                f"cancel {name_of(share)}",
                lambda: deeds.cancel(self.world, share),
                lambda db: assignments.cancel(db, self.ids[share]),
            )

    @precondition(lambda self: len(self.world.shares) > 6)
    @rule(pick=PICK)
    @counted
    def delete_assignment(self, pick) -> None:
        if share := self._share(pick):
            self._do(
                f"delete {name_of(share)}",
                lambda: deeds.remove(self.world, share),
                lambda db: assignments.delete(db, self.ids[share]),
            )

    @rule(pick=PICK, rows=st.lists(QUOTAS, min_size=1, max_size=4))
    @counted
    def set_targets(self, pick, rows) -> None:
        if goal := chosen(self._goals(), pick):
            self._plan(goal, [(self._who(w), self.day + on * days.DAY, own) for w, on, own in rows])

    @precondition(lambda self: self._repeating())
    @rule(pick=PICK, who=PICK)
    @counted
    def plan_with_a_gap(self, pick, who) -> None:
        """What was left out between windows planned together is not rolled over."""
        goal = chosen(self._repeating(), pick)
        first = goal.window_on(max(self.day, goal["starts_at"]))
        later = first[1] + 20 * days.DAY
        everyone = [self._who(each) for each in range(who, who + 7)]
        new = [each for each in everyone if not deeds.find(self.world, goal, each, first[0])]
        self._plan(goal, [((new or everyone)[0], day, None) for day in (first[0], later)])
        if (ahead := (first[1] - self.day).days) < 8:
            self._advance(ahead + 1, self.hour)
            self._sync()

    @rule(pick=PICK, team=FLAG, own=OWN)
    @counted
    def assign_members(self, pick, team, own) -> None:
        team_id = self.cast.north if team else self.cast.south
        if goal := chosen(self._goals(), pick):
            self._do(
                f"assign members to {goal['name']}",
                lambda: plans.assign_members(self.world, goal, team_id, own),
                lambda db: _counts(
                    planning.assign_members(db, goal.id, team_id, custom_target=own)
                ),
            )

    @precondition(lambda self: self.world.goals and len(self.world.goals) < MOST_GOALS)
    @rule(pick=PICK)
    @counted
    def copy_to_next(self, pick) -> None:
        goal = chosen(self._goals(), pick)
        if goal and len(self.world.goals) < MOST_GOALS:
            made: list[UUID] = []
            self._do(
                f"copy {goal['name']} to the next period",
                lambda: plans.copy_to_next(self.world, goal, made[0] if made else uuid4()),
                lambda db: made.append(planning.copy_to_next(db, goal.id).id),
                real_first=True,
            )

    def _plan(self, goal: Goal, quotas: list[plans.Quota]) -> None:
        self._do(
            f"targets of {goal['name']}: {quotas}",
            lambda: plans.set_targets(self.world, goal, quotas),
            lambda db: _counts(
                planning.set_targets(db, goal.id, [_quota(each) for each in quotas])
            ),
        )

    def _assign(self, goal: Goal, who: deeds.Who, own: Decimal | None, on: date | None) -> None:
        ids = {USER: {"user_id": who[1]}, TEAM: {"team_id": who[1]}, COMPANY: {}}[who[0]]
        self._do(
            f"assign {goal['name']} to {who[0]} {who[1]} own {own} on {on}",
            lambda: deeds.assign(self.world, goal, who, own, on),
            lambda db: assignments.create(
                db, definition_id=goal.id, assignee_type=who[0], custom_target=own, on=on, **ids
            ),
        )

    def _repeating(self) -> list[Goal]:
        """Goals that go on for long, in windows short enough to see the next one."""
        short = {Period.DAILY, Period.WEEKLY, Period.MONTHLY}
        active = [g for g in self._goals() if g.status is GoalStatus.ACTIVE]
        return [g for g in active if g["period"] in short and g["ends_at"] is None]


def _quota(quota: plans.Quota) -> Quota:
    (kind, id_), on, target = quota
    return Quota(assignee_type=kind, assignee_id=id_, on=on, target=target)


def _counts(planned: planning.Planned) -> Counter[str]:
    return Counter(created=planned.created, changed=planned.changed, same=planned.same)
