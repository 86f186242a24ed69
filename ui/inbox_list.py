"""The inbox's list: each piece of news a sentence, by the days on which they were told."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.news import News
from goals_core.engine.news_words import sentence
from goals_core.engine.paging import Page, PageRequest
from goals_core.kinds import Event
from goals_core.services import inbox
from ui.places import GOAL, goal_address
from ui.wording import _, md, n_, name, spoken

ALL, UNREAD = "all", "unread"
_PAGE_SIZE = 20
_ICONS = {
    Event.MILESTONE_REACHED: ":blue[:material/flag:]",
    Event.ACHIEVED: ":green[:material/check_circle:]",
    Event.AT_RISK: ":orange[:material/warning:]",
    Event.FAILED: ":red[:material/cancel:]",
}


def filters() -> tuple[bool, list[Event]]:
    """Draw them, both in the address: whether only what is unread, and which events."""
    shown = st.segmented_control(
        _("Show"),
        [ALL, UNREAD],
        format_func={ALL: _("All"), UNREAD: _("Unread")}.__getitem__,
        default=ALL,
        required=True,
        label_visibility="collapsed",
        key="show",
        bind="query-params",
    )
    events = st.pills(
        _("Events"),
        list(Event),
        selection_mode="multi",
        format_func=name,
        label_visibility="collapsed",
        wrap=True,
        key="events",
        bind="query-params",
    )
    return shown == UNREAD, events


def read(actor: Actor, unread: bool, events: Sequence[Event], number: int = 1) -> Page[News]:
    """One page of what the filters leave."""
    with tenant_session(actor) as db:
        page = PageRequest(number, _PAGE_SIZE)
        return inbox.list_(db, unread=unread, events=events, page=page)


def pages(first: Page[News]) -> int:
    """The control below the list; which page is wanted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(n_("{count} message", "{count} messages", first.total), width="content")
        st.space("stretch")
        if first.pages == 1:
            return 1
        return st.pagination(first.pages, key="inbox_page", bind="query-params")


def mark_all_button(actor: Actor, latest: News) -> None:
    """Everything up to the latest that is shown; what came meanwhile stays unread."""
    if st.button(
        _("Mark all as read"), icon=":material/done_all:", type="tertiary", key="mark_all"
    ):
        with tenant_session(actor) as db:
            inbox.mark_all_read(db, until=latest.at)
        st.rerun()


def rows(actor: Actor, shown: Sequence[News]) -> None:
    """The news, a heading for each day."""
    zone = ZoneInfo(actor.tenant.timezone)
    for day, told in groupby(shown, lambda news: news.at.astimezone(zone).date()):
        st.caption(f"**{md(_day(day, actor.tenant.today))}**")
        with st.container(border=True, gap="xsmall", key=f"inbox_{day}"):
            for news in told:
                _row(actor, news)


def _row(actor: Actor, news: News) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        text = md(sentence(news))
        said = f"{text}" if news.read_at else f"**{text}**"
        when = md(spoken().clock(news.at))
        st.markdown(f"{_ICONS[news.event]} {said}  \n:small[:gray[{when}]]", width="stretch")
        if st.button(
            ":material/arrow_forward:",
            type="tertiary",
            help=_("Open the goal"),
            key=f"open_{news.id}",
        ):
            _mark(actor, news, read=True)
            st.switch_page(GOAL, query_params=goal_address(news.assignment_id))
        _mark_button(actor, news)


def _mark_button(actor: Actor, news: News) -> None:
    is_read = news.read_at is not None
    if st.button(
        ":material/mark_email_unread:" if is_read else ":material/mark_email_read:",
        type="tertiary",
        help=_("Mark as unread") if is_read else _("Mark as read"),
        key=f"mark_{news.id}",
    ):
        _mark(actor, news, read=not is_read)
        st.rerun()


def _mark(actor: Actor, news: News, *, read: bool) -> None:
    with tenant_session(actor) as db:
        inbox.mark(db, [news.id], read=read)


def _day(day: date, today: date) -> str:
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return spoken().day(day)
