"""What happened to a goal as one sentence with its numbers, in the language of this run.

Plain text: whoever shows it escapes it.
"""

from decimal import Decimal

from goals_core.engine.news import News
from goals_core.errors import N_
from goals_core.kinds import AssigneeType, Event, GoalType, Metric
from goals_core.wording import _, spoken

_OWN, _THEIRS = True, False
_TOGETHER = "{target}"
_REACHED = {
    _OWN: N_("You reached {milestone} of “{goal}”: {value} of {target}."),
    _THEIRS: N_("{who} reached {milestone} of “{goal}”: {value} of {target}."),
}
_USED = {
    _OWN: N_("You have used {milestone} of “{goal}”: {value} of at most {target}."),
    _THEIRS: N_("{who} used {milestone} of “{goal}”: {value} of at most {target}."),
}
_KEPT = {
    _OWN: N_("You have kept “{goal}” in its range for {milestone} of the time; now {value}."),
    _THEIRS: N_("{who} kept “{goal}” in its range for {milestone} of the time; now {value}."),
}
_SENTENCES: dict[tuple[Event, GoalType], dict[bool, str]] = {
    (Event.MILESTONE_REACHED, GoalType.TARGET): _REACHED,
    (Event.MILESTONE_REACHED, GoalType.LIMIT): _USED,
    (Event.MILESTONE_REACHED, GoalType.MAINTAIN): _KEPT,
    (Event.ACHIEVED, GoalType.TARGET): {
        _OWN: N_("You achieved “{goal}”: {value} of {target}."),
        _THEIRS: N_("{who} achieved “{goal}”: {value} of {target}."),
    },
    (Event.ACHIEVED, GoalType.LIMIT): {
        _OWN: N_("You stayed within “{goal}”: {value} of at most {target}."),
        _THEIRS: N_("{who} stayed within “{goal}”: {value} of at most {target}."),
    },
    (Event.ACHIEVED, GoalType.MAINTAIN): {
        _OWN: N_("You kept “{goal}” in its range to the end, at {value}."),
        _THEIRS: N_("{who} kept “{goal}” in its range to the end, at {value}."),
    },
    (Event.AT_RISK, GoalType.TARGET): {
        _OWN: N_("“{goal}” is at risk: you are at {value} of {target}, {days}."),
        _THEIRS: N_("“{goal}” is at risk: {who} is at {value} of {target}, {days}."),
    },
    (Event.FAILED, GoalType.TARGET): {
        _OWN: N_("You missed “{goal}”: {value} of {target}."),
        _THEIRS: N_("{who} missed “{goal}”: {value} of {target}."),
    },
    (Event.FAILED, GoalType.LIMIT): {
        _OWN: N_("You exceeded “{goal}”: {value} against a limit of {target}."),
        _THEIRS: N_("{who} exceeded “{goal}”: {value} against a limit of {target}."),
    },
    (Event.FAILED, GoalType.MAINTAIN): {
        _OWN: N_("“{goal}” has left its range: you are at {value}."),
        _THEIRS: N_("“{goal}” has left its range: {who} is at {value}."),
    },
}
# what is done or not has no numbers worth telling
_YES_OR_NO = {
    Event.MILESTONE_REACHED: {
        _OWN: N_("You reached {milestone} of “{goal}”."),
        _THEIRS: N_("{who} reached {milestone} of “{goal}”."),
    },
    Event.ACHIEVED: {_OWN: N_("You achieved “{goal}”."), _THEIRS: N_("{who} achieved “{goal}”.")},
    Event.AT_RISK: {
        _OWN: N_("“{goal}” is at risk: you have not done it yet, {days}."),
        _THEIRS: N_("“{goal}” is at risk: {who} has not done it yet, {days}."),
    },
    Event.FAILED: {_OWN: N_("You missed “{goal}”."), _THEIRS: N_("{who} missed “{goal}”.")},
}


def sentence(news: News) -> str:
    """Linda Mitchell reached 75% of “Bookings Q4”: $60,123 of $80,000."""
    template = _template(news)
    return _(template).format(
        who=_who(news),
        goal=news.goal,
        milestone=spoken().percent(Decimal(news.milestone or 0)),
        value=_value(news, alone=_TOGETHER not in template),
        target=spoken().value(news.target, metric=news.metric, unit=news.unit),
        days=spoken().days_left(news.days_left),
    )


def _template(news: News) -> str:
    if news.metric is Metric.BOOLEAN and news.event in _YES_OR_NO:
        return _YES_OR_NO[news.event][news.is_own]
    of_type = _SENTENCES.get((news.event, news.type))
    return (of_type or _SENTENCES[news.event, GoalType.TARGET])[news.is_own]


def _value(news: News, *, alone: bool) -> str:
    """12 of 12 calls: the unit is said once where both are counted in it."""
    if not alone and news.metric in {Metric.NUMBER, Metric.COUNT}:
        return spoken().number(news.value)
    return spoken().value(news.value, metric=news.metric, unit=news.unit)


def _who(news: News) -> str:
    if news.assignee_type is AssigneeType.TEAM:
        return _("The team {name}").format(name=news.assignee)
    return news.assignee
