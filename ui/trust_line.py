"""How far a goal's number can be trusted, below it: how fresh, what counts, what is left out."""

from collections.abc import Iterator
from datetime import date

import streamlit as st

from goals_core.actor import Tenant
from goals_core.engine.standings import Standing
from goals_core.services.trust import Trust
from ui import standings
from ui.wording import _, md, n_, spoken


def show(goal: Standing, trust: Trust | None) -> None:
    """One line, with the reasons to unfold."""
    if trust is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(md(" · ".join(_facts(goal, trust))), width="content")
        if trust.left_out:
            label = n_("{count} record left out", "{count} records left out", trust.left_out)
            with st.popover(label, icon=":material/rule:", type="tertiary"):
                st.markdown("\n".join(f"- {md(reason)}" for reason in _reasons(trust)))


def warn(goal: Standing, tenant: Tenant) -> None:
    """Why the number is not to be relied on, and what waits for that."""
    if goal.sync_error:
        when = _since(goal)
        st.warning(
            md(f"{goal.sync_error} {when} {_waits(goal, tenant)}".strip()),
            icon=":material/sync_problem:",
        )
    elif goal.left_out and goal.closed_at is None:
        text = n_(
            "{count} record is left out: there is no exchange rate for its day.",
            "{count} records are left out: there is no exchange rate for their days.",
            goal.left_out,
        )
        st.warning(md(f"{text} {_waits(goal, tenant)}"), icon=":material/currency_exchange:")


def _since(goal: Standing) -> str:
    if goal.updated_at is None:
        return _("Nothing has been counted yet.")
    return _("The number is of {moment}.").format(moment=spoken().moment(goal.updated_at))


def _waits(goal: Standing, tenant: Tenant) -> str:
    """What is held back meanwhile."""
    told = _("Until that is mended, nobody is told that it is at risk, achieved or failed.")
    if not _is_over(goal, tenant.today, tenant.grace_days):
        return told
    ended = spoken().day(goal.window.end)
    rest = _("Its window ended on {day} and is not closed before.").format(day=ended)
    return f"{told} {rest}"


def _is_over(goal: Standing, today: date, grace_days: int) -> bool:
    return goal.closed_at is None and goal.window.is_closed(today, grace_days=grace_days)


def _facts(goal: Standing, trust: Trust) -> Iterator[str]:
    yield n_("{count} record counts", "{count} records count", trust.counted)
    if goal.closed_at is not None:
        yield _("frozen since {moment}").format(moment=spoken().moment(goal.closed_at))
        return
    if trust.synced_at is None:
        yield _("no sync has looked yet")
    else:
        yield _("as of {when}").format(when=standings.ago(trust.synced_at))
    if trust.waiting:
        yield n_(
            "{count} change waits for the next sync",
            "{count} changes wait for the next sync",
            trust.waiting,
        )
    elif trust.rates_wait:
        yield _("exchange rates have changed since")
    elif trust.synced_at is not None:
        yield _("nothing has changed since")


def _reasons(trust: Trust) -> Iterator[str]:
    """Of those that are left out, why, and how many each."""
    if n := trust.without_rate:
        yield n_(
            "{count} has another currency and no exchange rate",
            "{count} have another currency and no exchange rate",
            n,
        )
    if n := trust.without_number:
        yield n_(
            "{count} has no number where one is added up",
            "{count} have no number where one is added up",
            n,
        )
    if n := trust.later:
        yield n_("{count} is dated later than today", "{count} are dated later than today", n)
    if n := trust.undated:
        yield n_("{count} has no date", "{count} have no date", n)
    if n := trust.unowned:
        yield n_("{count} of these days has no owner", "{count} of these days have no owner", n)
    if n := trust.not_member:
        yield n_(
            "{count} is of a day on which its owner was not in the team",
            "{count} are of days on which their owners were not in the team",
            n,
        )
