"""What SPEC.md says about goals, told a second time: plain Python, one tenant, day by day.

It knows nothing of the engine but the names of the enums. `World.compute` is what a set of
assignments comes to; `deeds` and `entries` say what each deed changes and when it is refused.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
    EntryKind,
    Event,
    GoalStatus,
    GoalType,
)
from tests.engine import day_by_day as days
from tests.engine.things import NOTHING, Goal, Line, Member, Person, Record, Share

CENT, ALL = Decimal("0.01"), Decimal(100)


class Refused(Exception):
    """The deed is refused with this error, about these fields; nothing changes."""

    def __init__(self, error: str, *fields: str) -> None:
        self.error, self.fields = error, set(fields)
        super().__init__(error, *fields)


@dataclass
class World:
    """A tenant: all there is of it, and what its people were told."""

    day: date
    settings: dict[str, Any]
    goals: dict[UUID, Goal] = field(default_factory=dict)
    shares: list[Share] = field(default_factory=list)
    people: dict[UUID, Person] = field(default_factory=dict)
    teams: dict[UUID, UUID | None] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)
    told: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    audit: list[tuple[Any, ...]] = field(default_factory=list)  # of the step

    def note(self, tag: str, subject: Any, before: Any = None, after: Any = None) -> None:
        """A line of the audit log; of a change only what differs."""
        if before is not None and after is not None:
            changed = [name for name in after if after[name] != before.get(name)]
            before = {name: before.get(name) for name in changed}
            after = {name: after[name] for name in changed}
        self.audit.append((tag, subject, before, after))

    def of(self, goal: Goal) -> list[Share]:
        return [share for share in self.shares if share.goal is goal]

    def open_of(self, goal: Goal) -> list[Share]:
        return [share for share in self.of(goal) if share.is_open]

    def is_tracked(self, share: Share) -> bool:
        begun = share.start <= self.day
        return begun and share.is_open and share.goal.status is GoalStatus.ACTIVE

    def is_over(self, share: Share, day: date) -> bool:
        return day > share.end + timedelta(days=self.settings["grace_days"])

    def compute(self, shares: Iterable[Share]) -> None:
        """Bring to what their readings say today those that are tracked."""
        for share in list(shares):
            if self.is_tracked(share):
                self._judge(share)

    def day_ends(self, share: Share) -> dict[date, Decimal]:
        """The value at the end of each day of the window so far, from the first reading on."""
        until = min(share.end, self.day)
        readings = self._by_hand if share.goal.by_hand else self._from_records
        at = dict(readings(share, until))
        found, value = {}, None
        for day in days.of(min([share.start, *at]), until):
            value = at.get(day, value)
            if value is not None and day >= share.start:
                found[day] = value
        return found

    def _by_hand(self, share: Share, until: date) -> Iterator[tuple[date, Decimal]]:
        """Entries that were taken back are as if they had never been."""
        changes, value = Counter[date](), NOTHING
        for line in share.log:
            if line.counts:
                change = line.value - value if line.kind is EntryKind.VALUE else line.change
                changes[line.day] += change
                value += change
        for day in sorted(changes):
            if day <= until:
                yield day, sum((changes[d] for d in changes if d <= day), NOTHING)

    def _from_records(self, share: Share, until: date) -> Iterator[tuple[date, Decimal]]:
        config = share.goal["source_config"]
        added: dict[date, list[Decimal]] = {}
        if config["aggregation"] in {"sum", "count"}:
            added[share.start] = []
        for record in self.records.values():
            amount = self._added(share, record, until)
            if amount is not None:
                added.setdefault(record.day, []).append(amount)
        so_far: list[Decimal] = []
        for day in sorted(added):
            so_far += added[day]
            yield day, max(so_far) if config["aggregation"] == "max" else sum(so_far, NOTHING)

    def _added(self, share: Share, record: Record, until: date) -> Decimal | None:
        """What a record adds to an assignment; None: it does not count."""
        goal = share.goal
        if record.day is None or not share.start <= record.day <= until:
            return None
        mine = {
            AssigneeType.USER: record.owner == share.who,
            AssigneeType.TEAM: any(
                m.team == share.who and m.person == record.owner and m.on(record.day)
                for m in self.members
            ),
            AssigneeType.TENANT: True,
        }[share.kind]
        if not mine or record.stage != goal["source_config"]["filter"]["stage"]:
            return None
        if goal["source_config"]["aggregation"] == "count":
            return Decimal(1)
        is_money = goal["metric"].value == "currency"
        return None if is_money and record.currency != goal["unit"] else record.amount

    def counts(self, share: Share, record: Record) -> bool:
        """Whether a record adds anything to an assignment."""
        return bool(self._added(share, record, min(share.end, self.day)))

    def _judge(self, share: Share) -> None:
        """SPEC section 3: value, progress, status; then what is told of them."""
        ends, was, rule = self.day_ends(share), share.status, share.goal["type"]
        latest = list(ends.values())[-1] if ends else None
        if share.goal.by_hand:
            latest = share.value if ends else None
        elif latest is None and share.log:
            latest = share.value  # the highest of nothing leaves the value as it is
        self._log(share, latest)
        share.closed = self.is_over(share, self.day)
        if rule is GoalType.MAINTAIN:
            inside = sum(share.in_range(value) for value in ends.values())
            share.progress = percent(inside, len(days.of(share.start, share.end)))
            broken = any(not share.in_range(value) for value in ends.values())
        else:
            share.progress = NOTHING if latest is None else percent(latest, share.target)
            broken = any(value > share.target for value in ends.values())
        if rule is GoalType.TARGET:
            reached = latest is not None and latest >= share.target
            ended = "failed" if share.closed else "active"
            share.status = AssignmentStatus("achieved" if reached else ended)
        else:
            kept = "achieved" if share.closed else "active"
            share.status = AssignmentStatus("failed" if broken else kept)
        self._date(share, was, ends)
        self._pass(share)
        self._tell_of(share, was)

    def _log(self, share: Share, latest: Decimal | None) -> None:
        if not share.goal.by_hand and latest is not None and latest != share.value:
            by = ("automatic", None, "", self.day, None)
            share.log.append(Line(EntryKind.VALUE, share.value, latest, *by))
            share.value = latest

    def _date(self, share: Share, was: AssignmentStatus, ends: dict[date, Decimal]) -> None:
        """On which day it was achieved: by the readings, whenever that is noticed."""
        if share.status is not AssignmentStatus.ACHIEVED:
            share.achieved_on = None
        elif was is not AssignmentStatus.ACHIEVED:
            since = None
            for day, value in ends.items() if share.goal["type"] is GoalType.TARGET else ():
                since = (since or day) if value >= share.target else None
            share.achieved_on = min(since or share.end, self.day)

    def _pass(self, share: Share) -> None:
        """Each milestone once; those above the progress again where they were re-armed."""
        if share.rearm:
            share.noted = {p: n for p, n in share.noted.items() if p <= share.progress}
            share.rearm = False
        for milestone in share.goal["milestones"]:
            percentage = milestone.percentage
            if percentage <= share.progress and percentage not in share.noted:
                notify = milestone.notify and not self._is_silent(share)
                share.noted[percentage] = (share.value, notify)
                if notify:
                    self._tell(Event.MILESTONE_REACHED, share, percentage)

    def _is_silent(self, share: Share) -> bool:
        """Its window was over when it was assigned: nobody is told what is long past."""
        return share.closed and self.is_over(share, share.created_on)

    def _tell_of(self, share: Share, was: AssignmentStatus) -> None:
        was_at_risk, share.at_risk = share.at_risk, self._is_at_risk(share)
        if self._is_silent(share):
            return
        news = {"achieved": Event.ACHIEVED, "failed": Event.FAILED}
        if share.status is not was and share.status.value in news:
            self._tell(news[share.status.value], share)
        if share.at_risk and not was_at_risk:
            self._tell(Event.AT_RISK, share)

    def _is_at_risk(self, share: Share) -> bool:
        """Little progress with little time left, while it is not decided; never a limit."""
        if share.closed or share.status is not AssignmentStatus.ACTIVE:
            return False
        left = max((share.end - self.day).days, 0) * 100
        little_time = left <= self.settings["risk_time_left"] * len(days.of(share.start, share.end))
        little = share.progress < self.settings["risk_progress_below"]
        return share.goal["type"] is not GoalType.LIMIT and little_time and little

    def _tell(self, event: Event, share: Share, milestone: int | None = None) -> None:
        left = max((share.end - max(self.day, share.start - days.DAY)).days, 0)
        data = (share.goal["name"], milestone, share.value, share.target, share.progress, left)
        for person in self._audience(event, share):
            self.told[share, event.value, person, data] += 1

    def _audience(self, event: Event, share: Share) -> set[UUID]:
        now = [m for m in self.members if m.on(self.day)]
        admins = {id_ for id_, person in self.people.items() if person.is_admin}
        if share.kind is AssigneeType.TENANT:
            assignees = managers = admins
        elif share.kind is AssigneeType.TEAM:
            assignees = {m.person for m in now if m.team == share.who}
            managers = {self.teams[share.who]}
        else:
            assignees, own = {share.who}, self.people[share.who].manager
            managers = {own} if own else {self.teams[m.team] for m in now if m.person == share.who}
        return {
            Event.MILESTONE_REACHED: assignees,
            Event.ACHIEVED: assignees | managers,
            Event.AT_RISK: managers,
            Event.FAILED: managers,
        }[event] - {None}


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """Percent within 0 and 100, cut to cents; of nothing everything is reached."""
    if whole == 0:
        return ALL
    cents = math.floor(Fraction(part) * 10_000 / Fraction(whole))
    return min(max(Decimal(cents) / 100, NOTHING), ALL)


def prorated(full: Decimal, worked: tuple[int, int] | None) -> Decimal:
    if worked is None:
        return full
    exact = Fraction(full) * worked[0] / worked[1]
    return (Decimal(exact.numerator) / exact.denominator).quantize(CENT, ROUND_HALF_UP)
