"""The list of exchange rates: the pair lives in the address, a click on a line changes it."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from babel.dates import format_skeleton
from babel.numbers import get_decimal_symbol, get_group_symbol

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.paging import Page, PageRequest
from goals_core.engine.unconverted import Lack
from goals_core.services import rates
from goals_core.services.rates import RateView
from ui import charts
from ui.wording import _, md, n_, spoken

OPEN = "rate"
"""The query parameter that names the rate that is open."""
_PAIR = "pair"
_TABLE, _UNSELECT = "rates_table", "rates_unselect"
_PAGE_SIZE = 20
_UNSCROLLED = 6  # lines of what is lacking that are shown without a bar
_FEWEST_POINTS, _MOST_TICKS = 2, 6

Codes = tuple[str, str]


def lacking(actor: Actor) -> None:
    """What goals leave out for want of a rate, as long as they do."""
    with tenant_session(actor) as db:
        found = rates.lacking(db)
    if not found:
        return
    count = sum(each.records for each in found)
    text = n_(
        "{count} record is left out for want of a rate",
        "{count} records are left out for want of a rate",
        count,
    )
    with st.container(border=True, gap="small"):
        st.markdown(f":orange[:material/warning:] **{md(text)}**")
        st.dataframe(
            pd.DataFrame([_lack(each) for each in found], columns=list(_lacks())),
            column_config=_lacks(),
            hide_index=True,
            height="content" if len(found) <= _UNSCROLLED else 240,
            alt=_("Records without a rate"),
        )
        st.caption(
            _("A rate holds for seven days; only the exact pair is used, never its inverse.")
        )


def choose_pair(actor: Actor) -> Codes | None:
    """The pair whose rates are wanted, kept in the address; None: all."""
    with tenant_session(actor) as db:
        offered = {
            arrow((pair.from_currency, pair.to_currency)): (pair.from_currency, pair.to_currency)
            for pair in rates.pairs(db)
        }
    if not offered:
        return None
    if st.session_state.get(_PAIR) not in offered:
        st.session_state.pop(_PAIR, None)
    chosen = st.selectbox(
        _("Pair"),
        list(offered),
        index=None,
        placeholder=_("All pairs"),
        label_visibility="collapsed",
        width=240,
        key=_PAIR,
        bind="query-params",
    )
    return offered[chosen] if chosen else None


def read(actor: Actor, pair: Codes | None, number: int = 1) -> Page[RateView]:
    """One page of a pair's rates, or of all."""
    from_currency, to_currency = pair or (None, None)
    with tenant_session(actor) as db:
        return rates.list_(
            db,
            from_currency=from_currency,
            to_currency=to_currency,
            page=PageRequest(number, _PAGE_SIZE),
        )


def pages(first: Page[RateView]) -> int:
    """The control below the table; which page is wanted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(n_("{count} rate", "{count} rates", first.total), width="content")
        st.space("stretch")
        if first.pages == 1:
            return 1
        return st.pagination(first.pages, key="rates_page", bind="query-params")


def chart(actor: Actor, pair: Codes) -> None:
    """The pair's course, when there is more than a day of it."""
    with tenant_session(actor) as db:
        course = rates.series(db, from_currency=pair[0], to_currency=pair[1])
    if len(course) < _FEWEST_POINTS:
        return
    last = course[-1]
    words = f"{arrow(pair)}: {exact(last.rate)}, {spoken().day(last.day)}"
    charts.show(_line(course), key="rates_chart", alt=words, called="-".join(pair).lower())


def table(shown: Sequence[RateView]) -> None:
    """The rates; a click on one opens it."""
    if st.session_state.pop(_UNSELECT, False):
        st.session_state[_TABLE] = {"selection": {"rows": [], "columns": [], "cells": []}}
    st.dataframe(
        pd.DataFrame([_row(rate) for rate in shown], columns=list(_columns())),
        column_config=_columns(),
        hide_index=True,
        height="content",
        on_select=lambda: _open([rate.id for rate in shown]),
        selection_mode="single-cell",
        key=_TABLE,
        alt=_("Exchange rates"),
    )


def close() -> None:
    """Nothing is open any more, and nothing is selected: the same line can be clicked again."""
    st.query_params.pop(OPEN, None)
    st.session_state[_UNSELECT] = True


def arrow(pair: Codes) -> str:
    """EUR → USD."""
    return f"{pair[0]} → {pair[1]}"


def exact(rate: Decimal) -> str:
    """A rate with every digit that counts, the tenant's way."""
    return spoken().number(rate.normalize())


def _open(ids: Sequence[UUID]) -> None:
    cells = st.session_state[_TABLE]["selection"]["cells"]
    if cells:
        st.query_params[OPEN] = str(ids[cells[0][0]])


def _row(rate: RateView) -> tuple[object, ...]:
    return spoken().day(rate.day), arrow(rate.is_of), exact(rate.rate)


def _columns() -> Mapping[str, Any]:
    return {
        "day": st.column_config.TextColumn(_("Day"), width=105),
        "pair": st.column_config.TextColumn(_("Pair"), width=100),
        "rate": st.column_config.TextColumn(_("Rate"), width=120, alignment="right"),
    }


def _lack(each: Lack) -> tuple[object, ...]:
    month = format_skeleton("yMMMM", each.month, locale=spoken().locale)
    days = spoken().span(each.first_on, each.last_on)
    return arrow((each.from_currency, each.to_currency)), month, each.records, days


def _lacks() -> Mapping[str, Any]:
    return {
        "pair": st.column_config.TextColumn(_("Pair"), width=95),
        "month": st.column_config.TextColumn(_("Month"), width=115),
        "records": st.column_config.NumberColumn(_("Records"), width=70, format="localized"),
        "days": st.column_config.TextColumn(_("Their days"), width=220),
    }


def _line(course: Sequence[RateView]) -> go.Figure:
    figure = go.Figure()
    figure.add_scatter(
        x=[rate.day for rate in course],
        y=[float(rate.rate) for rate in course],
        mode="lines+markers" if len(course) <= 60 else "lines",
        line={"shape": "hv", "width": 2, "color": charts.ACCENT},
        customdata=[
            charts.plain(f"{spoken().day(rate.day)}: {exact(rate.rate)}") for rate in course
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    days = _months([rate.day for rate in course])
    labels = [format_skeleton("yMMM", day, locale=spoken().locale) for day in days]
    figure.update_xaxes(fixedrange=True, tickfont=charts.SMALL, tickvals=days, ticktext=labels)
    figure.update_yaxes(fixedrange=True, tickfont=charts.SMALL, nticks=5)
    figure.update_layout(
        height=200,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        showlegend=False,
        separators=get_decimal_symbol(spoken().locale) + get_group_symbol(spoken().locale),
    )
    return figure


def _months(days: Sequence[date]) -> list[date]:
    """The firsts of months among these days, or where there is none the first day; a few of all."""
    first, last = days[0], days[-1]
    months = [date(n // 12, n % 12 + 1, 1) for n in range(_month(first), _month(last) + 1)]
    found = [day for day in months if first <= day <= last] or [first]
    return found[:: -(-len(found) // _MOST_TICKS)]


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1
