"""The course of a goal: its value day by day, against its target and its pace."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor, log10

import plotly.graph_objects as go
import streamlit as st
from babel.dates import format_skeleton

from goals_core.engine.standings import Standing
from goals_core.kinds import GoalType, Metric, Source
from goals_core.models.windows import Window
from goals_core.services.history import DayEnd
from goals_core.services.milestones import Milestone
from ui import standings
from ui.charts import ACCENT, QUIET, SMALL, plain
from ui.wording import _, spoken

FAINT = "rgba(134, 142, 150, 0.22)"
ACCENT_AREA, GOOD_AREA = "rgba(76, 110, 245, 0.12)", "rgba(18, 184, 134, 0.10)"
TICKS = 5
DAY = timedelta(days=1)


@st.cache_data(max_entries=200, ttl=600, show_spinner=False)
def over_time(
    standing: Standing,
    series: Sequence[DayEnd],
    milestones: Sequence[Milestone],
    today: date,
    locale: str,  # noqa: ARG001  (part of the key: the words are the tenant's)
) -> go.Figure:
    """The value day by day against its target, and for a target against the linear pace."""
    line = day_by_day(standing, series, today)
    figure = go.Figure()
    _add_values(figure, standing, line)
    if standing.type is GoalType.TARGET and standing.metric is not Metric.BOOLEAN:
        _add_pace(figure, standing)
    _add_bounds(figure, standing)
    _add_milestones(figure, milestones, line)
    return _laid_out(figure, standing, line)


def day_by_day(standing: Standing, series: Sequence[DayEnd], today: date) -> Mapping[date, Decimal]:
    """The value at the end of each day through today, so that each can be pointed at."""
    ends = {end.day: end.value for end in series}
    value = Decimal(0) if standing.source is Source.MANUAL else None
    if standing.type is GoalType.MAINTAIN:
        value = None  # before the first reading there is nothing to be in range
    line: dict[date, Decimal] = {}
    day, last = standing.window.start, min(today, standing.window.end)
    while day <= last:
        value = ends.get(day, value)
        if value is not None:
            line[day] = value
        day += DAY
    return line


def _add_values(figure: go.Figure, standing: Standing, line: Mapping[date, Decimal]) -> None:
    """A step a day; the last one lasts until its day is over."""
    days, values = list(line), [float(value) for value in line.values()]
    texts = [_point(standing, day, value) for day, value in line.items()]
    figure.add_scatter(
        x=[*days, *(day + DAY for day in days[-1:])],
        y=[*values, *values[-1:]],
        name=_("Value"),
        mode="lines",
        line={"shape": "hv", "width": 2.5, "color": ACCENT},
        fill="none" if standing.type is GoalType.MAINTAIN else "tozeroy",
        fillcolor=ACCENT_AREA,
        customdata=[*texts, *texts[-1:]],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _add_pace(figure: go.Figure, standing: Standing) -> None:
    figure.add_scatter(
        x=[standing.window.start, standing.window.end + DAY],
        y=[0, float(standing.target)],
        name=_("Pace"),
        mode="lines",
        line={"dash": "dot", "width": 1.5, "color": QUIET},
        hoverinfo="skip",
    )


def _add_bounds(figure: go.Figure, standing: Standing) -> None:
    """The line of a target or limit, or the band of a range."""
    if standing.type is not GoalType.MAINTAIN:
        name = _("Limit") if standing.type is GoalType.LIMIT else _("Target")
        text = f"{name} {standings.bare(standing, standing.target)}"
        _add_level(figure, standing.target, text, standing)
        return
    low, high = standing.rule.lowest, standing.rule.range_max
    for bound, name in ((low, _("At least {value}")), (high, _("At most {value}"))):
        if bound is not None:
            text = name.format(value=standings.bare(standing, bound))
            _add_level(figure, bound, text, standing)
    if low is not None and high is not None:
        figure.add_hrect(float(low), float(high), fillcolor=GOOD_AREA, line_width=0)


def _add_level(figure: go.Figure, value: Decimal, text: str, standing: Standing) -> None:
    figure.add_hline(float(value), line={"color": QUIET, "width": 1})
    figure.add_annotation(
        x=standing.window.start,
        y=float(value),
        text=plain(text),
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"color": QUIET} | SMALL,
    )


def _add_milestones(
    figure: go.Figure, milestones: Sequence[Milestone], line: Mapping[date, Decimal]
) -> None:
    passed = [(m.percentage, m.passed_on) for m in milestones if m.passed_on in line]
    if not passed:
        return
    figure.add_scatter(
        x=[day for _percentage, day in passed],
        y=[float(line[day]) for _percentage, day in passed if day],
        name=_("Milestones"),
        mode="markers",
        marker={
            "symbol": "diamond",
            "size": 11,
            "color": ACCENT,
            "line": {"width": 2, "color": "white"},
        },
        cliponaxis=False,
        customdata=[
            _("<b>{share}</b> on {day}").format(
                share=spoken().percent(Decimal(percentage)), day=spoken().day(day)
            )
            for percentage, day in passed
            if day
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _laid_out(figure: go.Figure, standing: Standing, line: Mapping[date, Decimal]) -> go.Figure:
    bounds = [b for b in (standing.rule.lowest, standing.rule.range_max) if b is not None]
    values = [
        *line.values(),
        *(bounds if standing.type is GoalType.MAINTAIN else [standing.target]),
    ]
    low, high = float(min(values)), float(max(values))
    if standing.type is not GoalType.MAINTAIN:
        low = min(low, 0.0)
    room = (high - low or abs(high) or 1.0) * 0.08
    bottom = low - room if standing.type is GoalType.MAINTAIN or low < 0 else 0.0
    ticks = [0.0, 1.0] if standing.metric is Metric.BOOLEAN else _nice_ticks(bottom, high + room)
    days = _day_ticks(standing.window)
    figure.update_xaxes(
        range=[standing.window.start, standing.window.end + DAY],
        tickfont=SMALL,
        tickvals=days,
        ticktext=[format_skeleton("MMMd", day, locale=spoken().locale) for day in days],
        showgrid=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        range=[bottom, high + 1.5 * room],
        tickvals=ticks,
        ticktext=[standings.bare(standing, Decimal(str(tick))) for tick in ticks],
        gridcolor=FAINT,
        tickfont=SMALL,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_layout(
        height=340,
        hovermode="closest",
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        legend={"orientation": "h", "x": 0, "y": -0.12, "yanchor": "top", "font": SMALL},
    )
    return figure


def _nice_ticks(low: float, high: float) -> list[float]:
    """A few round numbers between two values."""
    rough = (high - low) / TICKS
    size = 10.0 ** floor(log10(rough))
    step = size * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough)
    return [round(n * step, 10) for n in range(ceil(low / step), floor(high / step) + 1)]


def _day_ticks(window: Window) -> list[date]:
    step = max(1, ceil(window.days / 6))
    return [window.start + timedelta(days=n) for n in range(0, window.days, step)]


def _point(standing: Standing, day: date, value: Decimal) -> str:
    return f"<b>{plain(standings.full(standing, value))}</b><br>{spoken().day(day)}"
