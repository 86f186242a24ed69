"""A standing in words: its state, its days, its pace, what is still needed, why it is at risk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from babel.dates import format_interval, format_skeleton, format_timedelta

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.engine.standings import Standing
from goals_core.errors import N_
from goals_core.kinds import AssigneeType, AssignmentStatus, GoalStatus, GoalType, Metric, Period
from goals_core.models.attainment import percent
from goals_core.models.windows import Window, calendar_window
from goals_core.services.dashboard import State
from ui.wording import _, n_, name, spoken

Color = Literal["blue", "gray", "green", "orange", "red", "yellow"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a state is called and how it is shown; colours are never the only sign."""

    name: str
    icon: str
    color: Color
    rank: int  # what needs a look first


LOOKS = {
    State.AT_RISK: Look(N_("At risk"), ":material/warning:", "orange", 0),
    State.BEHIND: Look(N_("Behind"), ":material/trending_down:", "yellow", 1),
    State.ON_TRACK: Look(N_("On track"), ":material/trending_up:", "blue", 2),
    State.ACHIEVED: Look(N_("Achieved"), ":material/check_circle:", "green", 3),
    State.FAILED: Look(N_("Failed"), ":material/cancel:", "red", 4),
}
_NOT_BEGUN = Look(N_("Not begun"), ":material/schedule:", "gray", 5)
_CANCELLED = Look(N_("Cancelled"), ":material/block:", "gray", 8)
_NOT_TRACKED = {
    GoalStatus.DRAFT: Look(N_("Draft"), ":material/edit:", "gray", 5),
    GoalStatus.PAUSED: Look(N_("Paused"), ":material/pause_circle:", "gray", 6),
    GoalStatus.COMPLETED: Look(N_("Completed"), ":material/task_alt:", "gray", 7),
    GoalStatus.CANCELLED: _CANCELLED,
}


def look(standing: Standing, today: date) -> Look:
    """The one state that a goal is in."""
    if standing.status is AssignmentStatus.CANCELLED:
        return _CANCELLED
    if standing.status is not AssignmentStatus.ACTIVE:
        return LOOKS[State(standing.status.value)]
    if standing.goal_status is not GoalStatus.ACTIVE:
        return _NOT_TRACKED[standing.goal_status]
    if today < standing.window.start:
        return _NOT_BEGUN
    if standing.at_risk:
        return LOOKS[State.AT_RISK]
    return LOOKS[State.BEHIND if standing.is_behind else State.ON_TRACK]


def is_open(standing: Standing) -> bool:
    """Whether something can still be done about it."""
    return standing.is_running and standing.status is AssignmentStatus.ACTIVE


def badge(standing: Standing, today: date) -> str:
    """The state as a badge, in Markdown."""
    state = look(standing, today)
    return f":{state.color}-badge[{state.icon} {_(state.name)}]"


def doubt(standing: Standing) -> str:
    """Why its number is not to be relied on; nothing where it is."""
    if standing.sync_error:
        return _("Cannot be computed")
    if not standing.left_out:
        return ""
    return n_("{count} record left out", "{count} records left out", standing.left_out)


def full(standing: Standing, amount: Decimal) -> str:
    """An amount of the goal's unit, every digit of it."""
    return spoken().value(amount, metric=standing.metric, unit=standing.unit)


def short(standing: Standing, amount: Decimal) -> str:
    """An amount of the goal's unit, for a tile."""
    return spoken().short(amount, metric=standing.metric, unit=standing.unit)


def bare(standing: Standing, amount: Decimal) -> str:
    """An amount for a tile or an axis without the unit, unless that is a currency or percent."""
    unit = standing.unit if standing.metric is Metric.CURRENCY else ""
    return spoken().short(amount, metric=standing.metric, unit=unit)


def signed(standing: Standing, change: Decimal) -> str:
    """A change in the goal's unit, with its sign; of yes or no, what it changed to."""
    if standing.metric is Metric.BOOLEAN:
        return full(standing, max(change, Decimal(0)))
    return f"+{full(standing, change)}" if change > 0 else full(standing, change)


def share(standing: Standing) -> Decimal:
    """The percentage that sums it up: of a range, the days within it."""
    return standing.progress if standing.type is GoalType.MAINTAIN else standing.attainment


def aim(standing: Standing) -> str:
    """What that percentage is a share of; without the unit, which stands beside the value."""
    if standing.type is GoalType.MAINTAIN:
        return _("of the days in range")
    if standing.metric is Metric.BOOLEAN:
        return ""
    text = _("of at most {target}") if standing.type is GoalType.LIMIT else _("of {target}")
    return text.format(target=bare(standing, standing.target))


def window(period: Period, days: Window, tenant: Tenant) -> str:
    """A window by its name, such as Q4 2026; by its days where it has none."""
    locale = spoken().locale
    first, last = days.start, days.end
    if period in {Period.CUSTOM, Period.DAILY, Period.WEEKLY} or days != calendar_window(
        period, first, tenant.fiscal_year_start
    ):
        return spoken().span(first, last)
    if period is Period.MONTHLY:
        return format_skeleton("yMMMM", first, locale=locale)
    if tenant.fiscal_year_start != 1:  # a fiscal quarter's number means another to other people
        return str(format_interval(first, last, "yMMM", locale=locale))
    return format_skeleton("yQQQ" if period is Period.QUARTERLY else "y", first, locale=locale)


def when(standing: Standing, tenant: Tenant) -> str:
    """The window and how far off its end is: Q4 2026 · 39 days left."""
    today, days = tenant.today, standing.window
    called = window(standing.period, days, tenant)
    if standing.closed_at is not None:
        return _("{window} · closed").format(window=called)
    if today < days.start:
        return _("{window} · begins {day}").format(window=called, day=spoken().day(days.start))
    left = spoken().days_left((days.end - today).days)
    return _("{window} · {left}").format(window=called, left=left)


def whose(standing: Standing) -> str:
    """The assignee, and what kind unless it is a person."""
    return titled(standing.assignee_type, standing.assignee)


def titled(kind: AssigneeType, called: str) -> str:
    """A person's name, or a team's or company's with what it is: North (team)."""
    if kind is AssigneeType.USER:
        return called
    return _("{name} ({kind})").format(name=called, kind=name(kind).lower())


def pace(standing: Standing, today: date) -> str:
    """Where it is against where it should be, in one sentence."""
    if standing.status is not AssignmentStatus.ACTIVE:
        return _outcome(standing)
    if standing.goal_status is not GoalStatus.ACTIVE:
        return _("{state}: nothing is tracked.").format(state=_(look(standing, today).name))
    if today < standing.window.start:
        return _("Nothing is expected yet.")
    return _so_far(standing)


def needed(standing: Standing, today: date) -> str:
    """What is still missing, and how much of it a day; nothing once there is nothing to do."""
    counts = standing.type is GoalType.TARGET and standing.metric is not Metric.BOOLEAN
    if not counts or not is_open(standing) or today < standing.window.start:
        return ""
    days = standing.pace.days_left
    if not days:
        return _("{missing} to go.").format(missing=full(standing, standing.missing))
    rate = standing.missing / days
    is_whole = standing.metric is Metric.COUNT or rate >= 100
    rate = rate.quantize(Decimal(1 if is_whole else "0.01"), ROUND_CEILING)  # never too little
    return _("{missing} to go, {rate} a day.").format(
        missing=full(standing, standing.missing), rate=full(standing, rate)
    )


def why(standing: Standing, today: date) -> str:
    """Why the rule flags it, in words and numbers."""
    days = (standing.window.end - today).days
    facts = {
        "reached": spoken().percent(standing.progress),
        "time": spoken().percent(percent(Decimal(max(days, 0)), Decimal(standing.window.days))),
        "missing": full(standing, standing.missing),
        "days": n_("{count} day", "{count} days", days),
    }
    return _(_reason(standing, days)).format(**facts)


def summary(shown: Sequence[Standing], today: date) -> str:
    """What deserves a look first, in one sentence."""
    ranks = [look(goal, today).rank for goal in shown]
    if at_risk := ranks.count(LOOKS[State.AT_RISK].rank):
        return n_(
            "{count} goal is at risk: begin there.",
            "{count} goals are at risk: begin there.",
            at_risk,
        )
    if behind := ranks.count(LOOKS[State.BEHIND].rank):
        return n_(
            "{count} goal is behind its pace.", "{count} goals are behind their pace.", behind
        )
    return _("Everything is on track.")


def points(difference: Decimal) -> str:
    """A difference of percentages, with its sign: +4.2 pt."""
    tenth = difference.quantize(Decimal("0.1"), ROUND_FLOOR)
    sign = "+" if tenth > 0 else ""
    return _("{sign}{points} pt").format(sign=sign, points=spoken().number(tenth))


def in_range(standing: Standing) -> str:
    """The values that a goal of the type maintain allows."""
    low, high = standing.rule.lowest, standing.rule.range_max
    facts = {
        "low": full(standing, low) if low is not None else "",
        "high": full(standing, high) if high is not None else "",
    }
    if high is None:
        return _("at least {low}").format(**facts)
    return _("at most {high}").format(**facts) if low is None else "{low} – {high}".format(**facts)


def ago(moment: datetime) -> str:
    """How long ago something was: 3 minutes ago."""
    passed = moment - clock.now()
    if passed.total_seconds() > -60:
        return _("just now")
    return format_timedelta(passed, add_direction=True, locale=spoken().locale)


def _reason(standing: Standing, days: int) -> str:
    if standing.type is GoalType.MAINTAIN:
        return N_("In range on {reached} of the days, with {time} of the time left.")
    if days < 0:
        return N_("{reached} of the target reached when the time was over.")
    if standing.metric is Metric.BOOLEAN:
        return N_("Not done yet, with {time} of the time left.")
    if days == 0:
        return N_("{reached} of the target reached on the last day; {missing} to go.")
    return N_(
        "{reached} of the target reached with {time} of the time left; {missing} to go in {days}."
    )


def _outcome(standing: Standing) -> str:
    """The sentence of what is decided."""
    if standing.status is AssignmentStatus.CANCELLED:
        return _("Cancelled: it is no longer tracked.")
    if standing.status is AssignmentStatus.ACHIEVED and standing.achieved_at:
        day = standing.achieved_at.astimezone(spoken().timezone).date()
        return _("Achieved on {day}.").format(day=spoken().day(day))
    if standing.type is GoalType.TARGET:
        share = spoken().percent(standing.attainment)
        return _("Closed at {share} of the target.").format(share=share)
    if standing.type is GoalType.MAINTAIN:
        return _("Out of range on at least one day.")
    if standing.value > standing.target:
        over = full(standing, standing.value - standing.target)
        return _("Over the limit by {over}.").format(over=over)
    return _("The limit was exceeded on the way.")


def _so_far(standing: Standing) -> str:
    """The sentence of what is still open."""
    if standing.type is GoalType.TARGET:
        return _(_against_pace(standing)).format(
            expected=spoken().percent(standing.pace.expected_percent),
            reached=spoken().percent(standing.progress),
        )
    if standing.type is GoalType.LIMIT:
        return _("{share} of the limit used, {left} left.").format(
            share=spoken().percent(standing.attainment), left=full(standing, standing.missing)
        )
    return _("In range so far: {range}.").format(range=in_range(standing))


def _against_pace(standing: Standing) -> str:
    if standing.is_behind:
        return N_("{expected} expected by now, {reached} reached: behind.")
    if standing.progress == standing.pace.expected_percent:
        return N_("{expected} expected by now, {reached} reached: on pace.")
    return N_("{expected} expected by now, {reached} reached: ahead.")
