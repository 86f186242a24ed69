"""Where assignments stand after each computation, and what is told of it, by the specification.

What a computation finds depends on the records alone; what is told depends on what was before. So
a share is kept from one computation to the next.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.proofs.expected import Computed, Found
from tests.proofs.things import DAY, Goal, Window, World, window_on

LARGEST = 999_999_999_999_999  # cents: what can be stored


@dataclass
class Share:
    """One goal, one assignee, one window, and where it stands; values in cents."""

    goal_id: UUID
    kind: str
    who: UUID | None
    window: Window
    own_target: Decimal | None
    made_on: date
    value: int = 0
    has_value: bool = False  # there was a reading once
    progress: int = 0  # hundredths of a percent
    status: str = "active"
    is_at_risk: bool = False
    is_closed: bool = False
    left_out: int = 0  # records that have no rate
    is_untold: bool = False  # what its status means is told once nothing is left out
    is_wrong: bool = False  # it could not be computed
    is_raised: bool = False  # its target, since it was last computed
    reached_on: date | None = None
    noted: dict[int, tuple[int, bool]] = field(default_factory=dict)  # milestones: value, told
    values: list[int] = field(default_factory=list)  # the log: each value that it came to

    @property
    def key(self) -> tuple[Any, ...]:
        return self.goal_id, self.kind, self.who, self.window.first


@dataclass(frozen=True)
class _Evidence:
    value: int | None
    peak: int | None
    days_in_range: int
    is_broken: bool
    reached_on: date | None


class Shares:
    """All assignments of a world, and everything that was told."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.all: list[Share] = []
        self.told: Counter[tuple[Any, ...]] = Counter()  # (share's key, event, person, milestone)

    def assign(
        self, goal: Goal, kind: str, who: UUID | None, window: Window, own: Decimal | None
    ) -> Share:
        share = Share(goal.id, kind, who, window, own, self.world.today)
        self.all.append(share)
        self.compute([share])
        return share

    def sync(self) -> None:
        """Windows that are due begin; then everything that is open is computed."""
        self._begin()
        self.compute(self.all)

    def of_goal(self, goal: Goal) -> list[Share]:
        return [share for share in self.all if share.goal_id == goal.id]

    def compute(self, shares: Iterable[Share]) -> None:
        """Those that are open and have begun, of goals that are active."""
        computed = Computed(self.world)
        for share in shares:
            goal = self.world.goals[share.goal_id]
            has_begun = share.window.first <= self.world.today
            if goal.is_active and has_begun and not share.is_closed:
                found = computed.found(goal, share.kind, share.who, share.window)
                self.settle(share, goal, found)

    def errors(self) -> set[UUID]:
        """The goals of which an assignment cannot be computed."""
        return {share.goal_id for share in self.all if share.is_wrong and not share.is_closed}

    def _begin(self) -> None:
        """Each chain gets its windows up to today's."""
        chains = {(s.goal_id, s.kind, s.who): s for s in sorted(self.all, key=lambda s: s.key[-1])}
        for last in chains.values():
            self._go_on(last)

    def _go_on(self, last: Share) -> None:
        goal = self.world.goals[last.goal_id]
        while goal.is_active and goal.period != "custom" and last.window.last < self.world.today:
            window = window_on(goal, last.window.last + DAY, self.world.fiscal_month)
            if window is None:
                return
            last = self._next(last, window)

    def _next(self, last: Share, window: Window) -> Share:
        share = Share(last.goal_id, last.kind, last.who, window, last.own_target, self.world.today)
        self.all.append(share)
        return share

    def is_over(self, window: Window, day: date) -> bool:
        """Whether its days of grace have passed too by that day."""
        return day > window.last + self.world.grace_days * DAY

    def settle(self, share: Share, goal: Goal, found: Found) -> None:
        today, window = self.world.today, share.window
        target = _cents(share.own_target if share.own_target is not None else goal.target)
        evidence = _evidence(share, goal, target, found, today)
        share.is_wrong = evidence.value is not None and abs(evidence.value) > LARGEST
        if share.is_wrong:
            return
        closed = self.is_over(window, today) and not found.left_out
        progress = _progress(goal, target, evidence, window)
        status = _status(goal, target, evidence, closed=closed)
        silent = closed and self.is_over(window, share.made_on)
        is_at_risk = (
            status == "active"
            and not closed
            and goal.type != "limit"
            and progress < self.world.risk_below * 100
            and max((window.last - today).days, 0) * 100 <= self.world.risk_time * window.days
            and (share.is_at_risk or not found.left_out)
        )
        value = 0 if evidence.value is None else evidence.value
        if value != share.value:
            share.values.append(value)
        share.has_value |= evidence.value is not None
        share.value, share.progress, share.is_closed = value, progress, closed
        share.left_out = found.left_out
        news = self._news(share, status, is_at_risk)
        if status == "achieved":
            since = evidence.reached_on if goal.type == "target" else None
            share.reached_on = share.reached_on or min(since or window.last, today)
        else:
            share.reached_on = None
        share.status, share.is_at_risk = status, is_at_risk
        if share.is_raised:  # the milestones above are to be reached once more
            share.noted = {p: told for p, told in share.noted.items() if p * 100 <= progress}
        share.is_raised = False
        self._pass_milestones(share, goal, silent=silent)
        for event in () if silent else news:
            self._tell(share, event)

    def _news(self, share: Share, status: str, is_at_risk: bool) -> list[str]:
        """What is to be told now; while records are left out, what a status means has to wait."""
        news = []
        is_news = status in {"achieved", "failed"} and (status != share.status or share.is_untold)
        share.is_untold = is_news and share.left_out > 0
        if is_news and not share.is_untold:
            news.append(f"goal.{status}")
        if is_at_risk and not share.is_at_risk:
            news.append("goal.at_risk")
        return news

    def _pass_milestones(self, share: Share, goal: Goal, *, silent: bool) -> None:
        """Each once, upward only, also when one step jumps over several."""
        for percentage, notify in goal.milestones.items():
            if percentage * 100 <= share.progress and percentage not in share.noted:
                is_told = notify and not silent
                share.noted[percentage] = (share.value, is_told)
                if is_told:
                    self._tell(share, "goal.milestone_reached", percentage)

    def _tell(self, share: Share, event: str, milestone: int | None = None) -> None:
        assignees, managers = self.assignees(share), self.managers(share)
        people = {
            "goal.milestone_reached": assignees,
            "goal.achieved": assignees | managers,
            "goal.at_risk": managers,
            "goal.failed": managers,
        }[event]
        for person in people:
            self.told[share.key, event, person, milestone] += 1

    def assignees(self, share: Share) -> set[UUID]:
        if share.kind == "tenant":
            return set(self.world.admins)
        if share.kind == "user":
            return {share.who} if share.who else set()
        return {m.person for m in self._members_today() if m.team == share.who}

    def managers(self, share: Share) -> set[UUID]:
        """A person's is the account's, else who leads a team they are in today."""
        if share.kind == "tenant":
            return set(self.world.admins)
        if share.kind == "team":
            return {self.world.leaders[share.who]} - {None}  # type: ignore[index]
        manager = self.world.managers[share.who]  # type: ignore[index]
        if manager is not None:
            return {manager}
        mine = {m.team for m in self._members_today() if m.person == share.who}
        return {self.world.leaders[team] for team in mine} - {None}

    def _members_today(self) -> list[Any]:
        today = self.world.today
        return [
            m
            for m in self.world.members.values()
            if m.first <= today and (m.last is None or today <= m.last)
        ]


def _evidence(share: Share, goal: Goal, target: int, found: Found, today: date) -> _Evidence:
    """What the day-end values say, walking through the window's days one by one."""
    if not found.day_ends and share.has_value:  # an average of nothing leaves the value as it is
        return _Evidence(share.value, share.value, 0, False, None)
    ends, value = dict(found.day_ends), None
    in_range, is_broken, reached_on = 0, False, None
    day = share.window.first
    while day <= min(share.window.last, today):
        value = ends.get(day, value)
        if value is not None:
            inside = _is_in_range(goal, target, value)
            in_range += inside
            is_broken |= not inside
            reached_on = (reached_on or day) if value >= target else None
        day += DAY
    return _Evidence(value, max(ends.values(), default=None), in_range, is_broken, reached_on)


def _is_in_range(goal: Goal, target: int, value: int) -> bool:
    low, high = goal.low, goal.high
    if low is None and high is None:
        return value >= target
    return (low is None or value >= _cents(low)) and (high is None or value <= _cents(high))


def _progress(goal: Goal, target: int, evidence: _Evidence, window: Window) -> int:
    """Rounded down, from 0 to 100 percent."""
    if goal.type == "maintain":
        share = evidence.days_in_range * 10_000 // window.days
    elif evidence.value is None:
        share = 0
    else:
        share = 10_000 if target == 0 else evidence.value * 10_000 // target
    return min(max(share, 0), 10_000)


def _status(goal: Goal, target: int, evidence: _Evidence, *, closed: bool) -> str:
    if goal.type == "target":
        if evidence.value is not None and evidence.value >= target:
            return "achieved"
        return "failed" if closed else "active"
    exceeded = evidence.peak is not None and evidence.peak > target
    if exceeded if goal.type == "limit" else evidence.is_broken:
        return "failed"
    return "achieved" if closed else "active"


def _cents(value: Decimal) -> int:
    return int(value * 100)
