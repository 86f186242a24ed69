"""Rules: definitions, their settings and their lives."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
)

from goals_core.engine.drafts import Draft, Milestone
from goals_core.kinds import (
    GoalStatus,
    GoalType,
    Metric,
    Period,
    Source,
)
from goals_core.services import definitions
from tests import makers
from tests.engine import day_by_day as days
from tests.engine import deeds
from tests.engine.stage import (
    COMPANY,
    MOST_GOALS,
    PICK,
    TEAM,
    USER,
    Stage,
    chosen,
    counted,
)
from tests.engine.things import Goal

FLAG = st.booleans()
RARELY = st.sampled_from([False] * 7 + [True])
SOUND = st.sampled_from([Decimal(t) for t in ("100", "10", "50", "150", "1", "33", "7", "400")])
TARGETS = st.one_of(
    SOUND,
    SOUND,
    SOUND,
    st.sampled_from([Decimal(t) for t in ["33.33", "0.01", "0", "-1", "0.005"]]),
)
OWN = st.one_of(st.none(), st.none(), SOUND, TARGETS)
MILESTONES = st.sampled_from(
    [
        (25, 50, 75, 100),
        (50, 100),
        (10, -60, 90),  # 60 is recorded, not told
        (1,),
        (),
        (25, -50, 75, 100),
        (101,),
    ]
)


def won(aggregation: str, stage: str = "closed_won") -> dict[str, Any]:
    config = makers.WON | {"aggregation": aggregation, "filter": {"stage": stage}}
    return config if aggregation != "count" else {k: v for k, v in config.items() if k != "field"}


KINDS: list[dict[str, Any]] = [
    {"metric": Metric.NUMBER, "unit": "calls"},
    {"metric": Metric.COUNT, "unit": "visits"},
    {"metric": Metric.BOOLEAN, "unit": "", "target_value": Decimal(1)},
    {"metric": Metric.CURRENCY, "unit": "USD", "config": won("sum")},
    {"metric": Metric.COUNT, "unit": "deals", "config": won("count")},
    {"metric": Metric.NUMBER, "unit": "calls", "type": GoalType.LIMIT},
    {"metric": Metric.CURRENCY, "unit": "USD", "type": GoalType.LIMIT, "config": won("sum")},
    {"metric": Metric.NUMBER, "unit": "points", "type": GoalType.MAINTAIN},
    {
        "metric": Metric.NUMBER,
        "unit": "points",
        "type": GoalType.MAINTAIN,
        "range_min": Decimal(20),
        "range_max": Decimal(90),
    },
    {
        "metric": Metric.CURRENCY,
        "unit": "USD",
        "type": GoalType.MAINTAIN,
        "range_max": Decimal(200),
        "config": won("sum", "open"),
    },
    {"metric": Metric.NUMBER, "unit": "biggest", "config": won("max")},
    {"metric": Metric.COUNT, "unit": "calls", "type": GoalType.LIMIT},
]
PERIODS = [Period.MONTHLY, Period.WEEKLY, Period.DAILY, Period.QUARTERLY, Period.CUSTOM]

# one by hand, one from sales, one of any kind
EACH = [st.sampled_from([0, 1, 5, 7, 8, 11]), st.sampled_from([3, 4, 6, 9]), st.integers(0, 11)]


class GoalRules(Stage):
    """What happens to definitions."""

    @initialize(picks=st.tuples(*(st.tuples(k, st.integers(0, 3), SOUND, FLAG) for k in EACH)))
    def begin(self, picks: list[Any]) -> None:
        """Goals to begin with: active, each for a person, a team and the company."""
        with self._told():
            self._begin(picks)

    def _begin(self, picks: list[Any]) -> None:
        for kind, period, target, prorate in picks:
            in_part = prorate and "range_max" not in KINDS[kind]
            self._create(kind, period, target, prorate=in_part, starts=-30, length=None)
            goal = list(self.world.goals.values())[-1:]
            for each in goal:
                self._set_status(each, GoalStatus.ACTIVE)
                for who in ((USER, self.users[0]), (USER, self.floater), (TEAM, self.cast.north),
                            (COMPANY, None)):  # fmt: skip
                    self._assign(each, who, None, None)
        self._sync()

    @precondition(lambda self: len(self.world.goals) < MOST_GOALS)
    @rule(kind=st.integers(0, 11), period=st.integers(0, 4), aim=TARGETS, prorate=FLAG,
          starts=st.sampled_from([-60, -20, -3, 0, 5]),
          length=st.sampled_from([None, 100, 40, 9, 0, -1]), activate=FLAG)  # fmt: skip
    @counted
    def create_goal(self, kind, period, aim, prorate, starts, length, activate) -> None:
        if len(self.world.goals) < MOST_GOALS:
            before = len(self.world.goals)
            self._create(kind, period, aim, prorate=prorate, starts=starts, length=length)
            if activate and len(self.world.goals) > before:
                self._set_status(list(self.world.goals.values())[-1], GoalStatus.ACTIVE)

    @rule(pick=PICK, aim=TARGETS)
    @counted
    def change_target(self, pick, aim) -> None:
        self._change(pick, {"target_value": aim})

    @rule(pick=PICK, name=st.sampled_from(["Renamed", "Other", "", " "]), stale=RARELY)
    @counted
    def rename(self, pick, name, stale) -> None:
        self._change(pick, {"name": name}, stale=stale)

    @rule(pick=PICK, ahead=st.sampled_from([None, -3, 0, 2, 10, 45, 100]))
    @counted
    def change_end(self, pick, ahead) -> None:
        ends = None if ahead is None else self.day + ahead * days.DAY
        self._change(pick, {"ends_at": ends})

    @rule(pick=PICK, percentages=MILESTONES)
    @counted
    def change_milestones(self, pick, percentages) -> None:
        self._change(pick, {"milestones": _milestones(percentages)})

    @rule(pick=PICK)
    @counted
    def change_prorate(self, pick) -> None:
        if goal := chosen(self._goals(), pick):
            self._change(0, {"prorate": not goal["prorate"]}, among=[goal])

    @precondition(lambda self: self._maintained())
    @rule(pick=PICK, low=st.sampled_from([None, Decimal(0), Decimal(5)]))
    @counted
    def change_range(self, pick, low) -> None:
        """Of what is maintained; a target takes no range."""
        self._change(pick, {"range_min": low}, among=self._maintained())

    @precondition(lambda self: self._plain())
    @rule(pick=PICK, unit=st.sampled_from(["steps", "pages"]))
    @counted
    def change_unit(self, pick, unit) -> None:
        self._change(pick, {"unit": unit}, among=self._plain())

    @rule(pick=PICK, status=st.sampled_from(
        [GoalStatus.ACTIVE] * 4 + [GoalStatus.PAUSED] * 2 + [GoalStatus.COMPLETED,
         GoalStatus.CANCELLED, GoalStatus.DRAFT]))  # fmt: skip
    @counted
    def set_status(self, pick, status) -> None:
        if goal := chosen(self._goals(), pick):
            allowed = sorted(deeds.LIFE[goal.status])
            sound = bool(allowed) and status not in allowed and pick % 4 > 0
            self._set_status(goal, chosen(allowed, pick) if sound else status)

    @precondition(lambda self: self._resting())
    @rule(pick=PICK)
    @counted
    def resume(self, pick) -> None:
        """Or begin: what rests goes on."""
        self._set_status(chosen(self._resting(), pick), GoalStatus.ACTIVE)

    @precondition(lambda self: len(self.world.goals) > 2)
    @rule(pick=PICK)
    @counted
    def delete_goal(self, pick) -> None:
        if goal := chosen(self._goals(), pick):
            self._do(
                f"delete {goal['name']}",
                lambda: deeds.delete(self.world, goal),
                lambda db: definitions.delete(db, goal.id),
            )

    def _create(self, kind, period, target, *, prorate, starts, length) -> None:
        first = self.day + starts * days.DAY
        settings = dict(KINDS[kind])
        config = settings.pop("config", None)
        goal = asdict(makers.by_hand()) | {
            "name": f"G{len(self.trace)}",
            "target_value": target,
            "period": PERIODS[period],
            "starts_at": first,
            "ends_at": None if length is None else first + length * days.DAY,
            "source": Source.SALES if config else Source.MANUAL,
            "source_config": config,
            "milestones": _milestones((25, 50, -75, 100)),
            "prorate": prorate,
        }
        goal |= settings
        made: list[UUID] = []
        self._do(
            f"create {goal['name']}: {goal['type']} {goal['metric']} {goal['target_value']}"
            f" {goal['period']} {goal['starts_at']}..{goal['ends_at']}"
            f" {'prorated ' if prorate else ''}{config or 'by hand'}",
            lambda: deeds.create(self.world, made[0] if made else uuid4(), goal),
            lambda db: made.append(definitions.create(db, Draft(**goal)).id),
            real_first=True,
        )

    def _change(self, pick, new, *, stale: bool = False, among=None) -> None:
        if goal := chosen(self._goals() if among is None else among, pick):
            settings = goal.settings | new
            version = goal.version - stale
            self._do(
                f"change {goal['name']}: {new}",
                lambda: deeds.change(self.world, goal, settings, version),
                lambda db: definitions.update(db, goal.id, Draft(**settings), version=version),
            )

    def _set_status(self, goal: Goal, status: GoalStatus) -> None:
        self._do(
            f"{goal['name']} becomes {status}",
            lambda: deeds.set_status(self.world, goal, status),
            lambda db: definitions.set_status(db, goal.id, status),
            unsettles=True,  # what goes on has windows to begin
        )

    def _maintained(self) -> list[Goal]:
        return [g for g in self._goals() if g["range_max"] is not None]

    def _plain(self) -> list[Goal]:
        return [g for g in self._goals() if g["metric"] is Metric.NUMBER]

    def _resting(self) -> list[Goal]:
        resting = {GoalStatus.PAUSED, GoalStatus.DRAFT}
        return [g for g in self._goals() if g.status in resting]

    def _last_reading(self, goal: Goal) -> date:
        read = [line.day for share in self.world.of(goal) for line in share.log if goal.by_hand]
        return max(read, default=date.min)


def _milestones(percentages: tuple[int, ...]) -> tuple[Milestone, ...]:
    return tuple(Milestone(abs(p), notify=p > 0) for p in percentages)
