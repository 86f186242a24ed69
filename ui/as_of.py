"""A goal as of a past moment: what its records said then, and what its page said."""

from datetime import datetime, time

import streamlit as st

from goals_core import clock, db
from goals_core.actor import Actor
from goals_core.engine.paging import PageRequest
from goals_core.engine.standings import Standing
from goals_core.kinds import AssignmentStatus, GoalType, Metric
from goals_core.models.attainment import attainment
from goals_core.services import past, receipts
from goals_core.services.dashboard import State
from goals_core.services.past import AsOf, ByRecords
from goals_core.services.receipts import Receipt
from ui import standings, tables
from ui.wording import _, md, n_, spoken

ON_A_PAGE = 10


def show(actor: Actor, goal: Standing) -> None:
    """The control, and what was so at the moment that it says."""
    at = _asked()
    with db.tenant_session(actor) as session:
        found = past.as_of(session, goal.id, at=at)
        receipt = _receipt_of(session, goal, found, at, 1)
    _numbers(goal, found)
    st.markdown(md(_told(goal, found)))
    if receipt is not None:
        _records(actor, goal, found, at, receipt)


def _asked() -> datetime | None:
    """A day and a time of the company's; None is now, until something else is chosen."""
    zone, now = spoken().timezone, clock.now()
    here = now.astimezone(zone)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        day = st.date_input(
            _("Day"), here.date(), max_value=here.date(), width=170, key="as_of_day"
        )
        at_time = st.time_input(_("Time"), None, step=900, width=130, key="as_of_time")
        st.caption(
            md(
                _("Without a time the end of the day is meant, today now. {zone}").format(zone=zone)
            ),
            width="content",
        )
    moment = datetime.combine(day or here.date(), at_time or time.max, zone)
    return moment if moment < now else None


def _numbers(goal: Standing, found: AsOf) -> None:
    by = found.by_records
    value = standings.full(goal, by.value) if by and by.value is not None else "—"
    said = "—" if found.shown is None else standings.full(goal, found.shown)
    with st.grid(4, min_column_width=230):
        st.metric(_("By its records"), md(value), border=True, height="stretch")
        st.metric(_("Its page said"), md(said), border=True, height="stretch")
        st.metric(_share_label(goal), md(_share(goal, found)), border=True, height="stretch")
        st.metric(_("State"), _state(by), border=True, height="stretch")


def _told(goal: Standing, found: AsOf) -> str:
    """The same in plain words, and what was not looked up as of then."""
    moment = spoken().moment(found.at)
    facts = {"moment": moment, "records": "", "page": ""}
    if found.shown is not None:
        facts["page"] = standings.full(goal, found.shown)
    by = found.by_records
    if by is None:
        return _unknown(found, facts)
    facts["records"] = _("nothing") if by.value is None else standings.full(goal, by.value)
    if found.shown is None:
        text = _("At {moment} it was not assigned yet; its records came to {records}.")
    elif by.value is None or by.value == found.shown:
        text = _("At {moment} its records came to {records}, and its page said the same.")
    elif goal.closed_at is not None and goal.closed_at <= found.at:
        text = _(
            "At {moment} its window was closed at {page}, which stood; its records came to"
            " {records}."
        )
    else:
        text = _(
            "At {moment} its records came to {records}. Its page said {page}: what had"
            " changed since had not been counted yet."
        )
    rest = _("Target, filter, memberships and exchange rates are those of today.")
    return f"{text.format(**facts)} {rest}"


def _unknown(found: AsOf, facts: dict[str, str]) -> str:
    if found.at >= found.known_since:
        text = _("Its page said {page}. What its records said can be told once it can be computed.")
        return text.format(**facts)
    since = spoken().moment(found.known_since)
    text = _(
        "What its records said before {since} is not known: their changes are kept since then."
    )
    if found.shown is not None:
        text += " " + _("Its page said {page}.")
    return text.format(since=since, **facts)


def _share_label(goal: Standing) -> str:
    if goal.type is GoalType.TARGET:
        return _("Attainment")
    return _("Used") if goal.type is GoalType.LIMIT else _("Days in range")


def _share(goal: Standing, found: AsOf) -> str:
    """By the records; where they are not known, by what the page said."""
    if found.by_records is not None:
        return spoken().percent(found.by_records.attainment)
    if found.shown is None or goal.type is GoalType.MAINTAIN:
        return "—"
    return spoken().percent(attainment(goal.rule, found.shown))


def _state(by: ByRecords | None) -> str:
    if by is None:
        return "—"
    if by.status is AssignmentStatus.ACTIVE:
        return _("Open")
    return _(standings.LOOKS[State(by.status.value)].name)


def _receipt_of(
    session: db.TenantSession, goal: Standing, found: AsOf, at: datetime | None, number: int
) -> Receipt | None:
    if found.by_records is None or goal.metric is Metric.BOOLEAN:
        return None
    page = PageRequest(number, ON_A_PAGE)
    return receipts.of_assignment(session, goal.id, at=at, page=page)


def _records(
    actor: Actor, goal: Standing, found: AsOf, at: datetime | None, receipt: Receipt
) -> None:
    st.markdown(f"**{md(_counted(receipt))}**")
    place = st.container()
    if receipt.lines.pages > 1:
        number = st.pagination(receipt.lines.pages, key="as_of_page")
        if number > 1:
            with db.tenant_session(actor) as session:
                receipt = _receipt_of(session, goal, found, at, number) or receipt
    if receipt.lines.total:
        with place:
            tables.records(receipt.lines.items, goal)


def _counted(receipt: Receipt) -> str:
    if not receipt.lines.total:
        return _("No record fell into this window.")
    return n_("The record as it was", "The {count} records as they were", receipt.lines.total)
