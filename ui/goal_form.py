"""The form of a goal: its settings to fields, and fields to settings."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from goals_core.actor import Actor
from goals_core.checks import EARLIEST_DAY
from goals_core.engine.drafts import Draft, Milestone
from goals_core.errors import N_
from goals_core.kinds import GoalType, Metric, Period, Source
from goals_core.models.windows import calendar_window
from goals_core.services.choices import Assignee
from goals_core.services.receipts import Owner
from ui import currencies, filter_state, prorate_form, source_form, standings
from ui.forms import Form, as_typed
from ui.wording import _, md, name

_EXPLAINED: Mapping[GoalType, str] = {
    GoalType.TARGET: N_("Reach a value, such as 50,000 of sales in a month."),
    GoalType.LIMIT: N_("Stay at or below a value, such as 10,000 of expenses."),
    GoalType.MAINTAIN: N_("Stay in a range the whole time, such as a score of 8.5 or more."),
}
_TARGETS: Mapping[GoalType, str] = {
    GoalType.TARGET: N_("Target"),
    GoalType.LIMIT: N_("Limit"),
    GoalType.MAINTAIN: N_("Value to maintain"),
}
_REPEATS: Mapping[Period, str] = {
    Period.DAILY: N_("Starts anew every day, until the last one."),
    Period.WEEKLY: N_("Starts anew every Monday, until the last day."),
    Period.MONTHLY: N_("Starts anew every month, until the last day."),
    Period.QUARTERLY: N_("Starts anew every quarter of the fiscal year, until the last day."),
    Period.YEARLY: N_("Starts anew every fiscal year, until the last day."),
    Period.CUSTOM: N_("Once, from the first day to the last."),
}
OWN = N_(
    "This is also your own goal: only someone who manages goals can change its target or end it."
)
_MILESTONES = ("10", "25", "50", "75", "80", "90", "100")
_STAND_IN = Decimal(1)  # for a target that cannot be read, so that the rest can be checked
_UNREADABLE = 0  # percent: the rule for milestones has the sentence for it


def blank(actor: Actor) -> Draft:
    """What a new goal starts from: this quarter's sales."""
    tenant = actor.tenant
    quarter = calendar_window(Period.QUARTERLY, tenant.today, tenant.fiscal_year_start)
    return Draft(
        name="",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY,
        target_value=Decimal(0),
        unit=tenant.currency,
        period=Period.QUARTERLY,
        starts_at=quarter.start,
        source=Source.SALES,
    )


def state_of(settings: Draft, *, currency: str) -> dict[str, object]:
    """What the fields show for a goal to begin with."""
    is_money = settings.metric is Metric.CURRENCY
    return {
        "name": settings.name,
        "description": settings.description,
        "category": settings.category,
        "tags": list(settings.tags),
        "type": settings.type,
        "metric": settings.metric,
        "target_value": as_typed(settings.target_value or None),
        "range_min": as_typed(settings.range_min),
        "range_max": as_typed(settings.range_max),
        "currency": settings.unit if is_money else currency,
        "unit": "" if is_money else settings.unit,
        "period": settings.period,
        "starts_at": settings.starts_at,
        "ends_at": settings.ends_at,
        "prorate": settings.prorate,
        "milestones": [str(each.percentage) for each in settings.milestones],
        "silent": [str(each.percentage) for each in settings.milestones if not each.notify],
        **filter_state.empty_state(),
        **source_form.state_of(settings),
    }


def settings(form: Form, actor: Actor, *, fixed: bool, kept: Draft | None = None) -> Draft:
    """The cards of the settings; `fixed`: there is progress, so some of them cannot change.

    `kept`: the goal is their own, so all that it is judged by stays as it is.
    """
    if kept is not None:
        st.info(_(OWN), icon=":material/lock:")
        with card(_("Goal")):
            return replace(kept, **_words(form))
    if fixed:
        st.info(
            _("There is progress, so what it is measured by is fixed. A copy of it can differ."),
            icon=":material/lock:",
        )
    with card(_("Goal")):
        words = _words(form)
    with card(_("Target")):
        target = _target(form, fixed=fixed)
        below_target = st.container(gap="xxsmall")
    with card(_("Days")):
        days = _days(form, fixed=fixed)
    with card(_("Tracking")):
        source, config = source_form.show(form, actor, metric=target["metric"], fixed=fixed)
    with below_target:  # only now is it known how the records add up
        prorate = prorate_form.show(form, target["type"], target["metric"], config)
    return Draft(**words, **target, **days, source=source, source_config=config, prorate=prorate)


def milestones(form: Form) -> tuple[Milestone, ...]:
    """The card of the percentages worth telling."""
    with card(_("Milestones")):
        chosen = form.choices(
            "milestones",
            _("Percent of the target"),
            _MILESTONES,
            accept_new_options=True,
            placeholder=_("Add a percentage"),
        )
        silent = form.choices(
            "silent",
            _("Without notification"),
            chosen,
            help=_("These are recorded; nobody is told."),
            placeholder=_("All of them notify"),
        )
    return tuple(Milestone(_percentage(typed), typed not in silent) for typed in chosen)


def assignees(form: Form, offered: Iterable[Assignee]) -> dict[Owner, Decimal | None]:
    """The card of who is to reach it, each with the own target, if any."""
    by_key = {key_of(each.owner): each for each in offered}
    with card(_("Assigned to")):
        chosen = form.choices(
            "assignees",
            _("People and teams"),
            by_key,
            at="assignee",
            words=titles(by_key).__getitem__,
            placeholder=_("Choose who is to reach it"),
        )
        return {by_key[key].owner: _own_target(form, by_key[key]) for key in chosen}


def key_of(owner: Owner) -> str:
    """The name of an assignee's fields."""
    return owner.type.value if owner.id is None else f"{owner.type.value}_{owner.id.hex}"


def titles(by_key: Mapping[str, Assignee]) -> dict[str, str]:
    """What a selector calls them; a name that occurs again gets a number.

    Streamlit tells options apart by their words only: the second Ana would select the first.
    """
    found: dict[str, str] = {}
    times: Counter[str] = Counter()
    for key, assignee in by_key.items():
        title = standings.titled(assignee.owner.type, assignee.name)
        times[title] += 1
        found[key] = title if times[title] == 1 else f"{title} #{times[title]}"
    return found


def own_target_of(owner: Owner) -> str:
    return f"custom_target_{key_of(owner)}"


def card(title: str) -> DeltaGenerator:
    """A bordered part of a page with its title."""
    place = st.container(border=True)
    place.subheader(title, anchor=False)
    return place


def _words(form: Form) -> dict[str, Any]:
    name = form.text("name", _("Name"), placeholder=_("Won deals, North"))
    description = form.text("description", _("Description"), widget=st.text_area, height=80)
    left, right = st.columns(2)
    with left:
        category = form.text("category", _("Category"), placeholder=_("Sales"))
    with right:
        tags = form.choices(
            "tags", _("Tags"), (), accept_new_options=True, placeholder=_("Add a tag")
        )
    return {"name": name, "description": description, "category": category, "tags": tuple(tags)}


def _target(form: Form, *, fixed: bool) -> dict[str, Any]:
    type_ = form.choice(
        "type",
        _("Type"),
        list(GoalType),
        words=name,
        widget=st.segmented_control,
        disabled=fixed,
    )
    st.caption(_(_EXPLAINED[type_]))
    columns = st.columns(3)
    # only a target can be a yes or a no
    metrics = [m for m in Metric if m is not Metric.BOOLEAN or type_ is GoalType.TARGET]
    with columns[0]:
        metric = form.choice("metric", _("Metric"), metrics, words=name, disabled=fixed)
    target: dict[str, Any] = {"type": type_, "metric": metric, "unit": "", "target_value": 1}
    if metric is not Metric.BOOLEAN:
        with columns[1]:
            typed = form.number("target_value", _(_TARGETS[type_]))
            target["target_value"] = _STAND_IN if typed is None else typed
        with columns[2]:
            target["unit"] = _unit(form, metric, fixed=fixed)
    return target | (_range(form) if type_ is GoalType.MAINTAIN else {})


def _unit(form: Form, metric: Metric, *, fixed: bool) -> str:
    if metric is Metric.PERCENTAGE:
        return "%"
    if metric is not Metric.CURRENCY:
        return form.text("unit", _("Unit"), placeholder=_("deals"), disabled=fixed)
    typed = form.typed_choice(
        "currency",
        _("Currency"),
        currencies.in_use(),
        at="unit",
        words=currencies.titled,
        accept_new_options=True,
        disabled=fixed,
    )
    return typed or ""


def _range(form: Form) -> dict[str, Decimal | None]:
    left, right = st.columns(2)
    with left:
        lowest = form.number(
            "range_min", _("Lowest in range"), optional=True, placeholder=_("No lowest value")
        )
    with right:
        highest = form.number(
            "range_max", _("Highest in range"), optional=True, placeholder=_("No highest value")
        )
    st.caption(
        _("Without a range, the value stays in range as long as it is not below the target.")
    )
    return {"range_min": lowest, "range_max": highest}


def _days(form: Form, *, fixed: bool) -> dict[str, Any]:
    columns = st.columns(3)
    with columns[0]:
        period = form.choice("period", _("Period"), list(Period), words=name, disabled=fixed)
    with columns[1]:
        first = form.day("starts_at", _("First day"), disabled=fixed)
    with columns[2]:
        last = form.day(
            "ends_at", _("Last day"), optional=True, help=_("Empty: until further notice.")
        )
    st.caption(_(_REPEATS[period]))
    return {"period": period, "starts_at": first or EARLIEST_DAY, "ends_at": last}


def _percentage(typed: str) -> int:
    digits = re.fullmatch(r"\s*(\d{1,3})\s*%?\s*", typed)
    return int(digits[1]) if digits else _UNREADABLE


def _own_target(form: Form, assignee: Assignee) -> Decimal | None:
    return form.number(
        own_target_of(assignee.owner),
        _("Own target of {name}").format(name=md(assignee.name)),
        optional=True,
        placeholder=_("Same as the goal's"),
    )
