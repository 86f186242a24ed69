"""Small drawings in HTML: bars and lines, quicker than a chart, in the colours of both modes.

Streamlit cleans what `st.html` is given; every text in it is escaped here all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from math import ceil
from urllib.parse import quote

import streamlit as st

from goals_core.actor import Tenant
from goals_core.engine.standings import Standing
from goals_core.kinds import GoalType
from goals_core.models.windows import Window
from goals_core.services.dashboard import State
from goals_core.services.history import DayEnd
from ui import standings
from ui.course import day_by_day
from ui.wording import _, spoken

MOST_POINTS = 60  # of a line

# The theme's colours, light and dark: what is drawn here cannot ask Streamlit for them.
_FILL = {
    "blue": "light-dark(#3B5BDB, #748FFC)",
    "green": "light-dark(#12B886, #38D9A9)",
    "yellow": "light-dark(#F59F00, #FFD43B)",
    "orange": "light-dark(#E8590C, #FFA94D)",
    "red": "light-dark(#E03131, #FF8787)",
    "gray": "light-dark(#868E96, #909296)",
}
_TRACK = "light-dark(#E9ECF3, #2B3244)"
_ORDER = (State.ACHIEVED, State.ON_TRACK, State.BEHIND, State.AT_RISK, State.FAILED)


def progress_bar(goal: Standing, tenant: Tenant) -> None:
    """How much is reached, with a tick where the pace expects it."""
    st.html(_bar(goal, tenant))


def line_and_bar(goal: Standing, series: Sequence[DayEnd], tenant: Tenant) -> None:
    """The way to where it stands, over the whole window, and below it how much is reached."""
    st.html(_line(goal, series, tenant) + _bar(goal, tenant))


def state_strip(states: Mapping[State, int]) -> None:
    """The counts of all states as one bar, and below it their names."""
    total = sum(states.values())
    shown = [(standings.LOOKS[state], states[state]) for state in _ORDER if states[state]]
    parts = "".join(
        f'<div style="width:{100 * count / total:.3f}%;background:{_FILL[look.color]}"></div>'
        for look, count in shown
    )
    names = "".join(
        '<span style="white-space:nowrap"><span style="display:inline-block;width:.6rem;'
        f"height:.6rem;border-radius:2px;margin-right:.4rem;background:{_FILL[look.color]}"
        f'"></span>{escape(_(look.name))} <b>{escape(spoken().number(count))}</b></span>'
        for look, count in shown
    )
    st.html(
        f'<div style="display:flex;gap:2px;height:10px;border-radius:5px;overflow:hidden">{parts}'
        '</div><div style="display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;margin-top:.6rem;'
        f'font-size:.875rem">{names}</div>'
    )


def _bar(goal: Standing, tenant: Tenant) -> str:
    said = escape(standings.pace(goal, tenant.today))
    color = _FILL[standings.look(goal, tenant.today).color]
    return (
        f'<div role="img" aria-label="{said}" style="position:relative;height:6px;'
        f'border-radius:3px;background:{_TRACK}"><div style="height:100%;border-radius:3px;'
        f'width:{goal.progress}%;background:{color}"></div>{_tick(goal)}</div>'
    )


def _tick(goal: Standing) -> str:
    expected = goal.pace.expected_percent
    if goal.type is not GoalType.TARGET or not standings.is_open(goal) or not 0 < expected < 100:
        return ""
    return (
        '<div style="position:absolute;top:-3px;bottom:-3px;width:2px;border-radius:1px;'
        f'background:currentColor;opacity:.55;left:{expected}%"></div>'
    )


def _line(goal: Standing, series: Sequence[DayEnd], tenant: Tenant) -> str:
    """Steps from day to day over their ground, and dotted the pace; one day has no line."""
    values = day_by_day(goal, series, tenant.today)
    bounds = [b for b in (goal.rule.lowest, goal.rule.range_max) if b is not None]
    aims = bounds if goal.type is GoalType.MAINTAIN else [goal.target]
    top, low = max([*values.values(), *aims]), min([*values.values(), Decimal(0)])
    if goal.window.days == 1 or top == low or not values:
        return ""
    frame = _Frame(goal.window, low, top)
    color = _FILL[standings.look(goal, tenant.today).color]
    shapes = _shape(frame.steps(values), color)
    if goal.type is GoalType.TARGET:
        shapes += _shape(frame.pace(goal.target), "currentColor")
    return (
        '<div aria-hidden="true" style="position:relative;height:44px;margin:2px 0 8px">'
        f"{shapes}</div>"
    )


def _shape(paths: str, color: str) -> str:
    """Paths in a colour of the mode: they cut it out, since a drawing itself cannot ask for it."""
    drawing = quote(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" preserveAspectRatio="none">'
        f"{paths}</svg>"
    )
    return (
        f'<div style="position:absolute;inset:0;background:{color};'
        f"mask:url('data:image/svg+xml,{drawing}') 0 0 / 100% 100% no-repeat\"></div>"
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """A window's days from left to right, values from bottom to top; both from 0 to 100."""

    window: Window
    low: Decimal
    top: Decimal

    def steps(self, values: Mapping[date, Decimal]) -> str:
        every = ceil(len(values) / MOST_POINTS)
        points = [(self._x(day), self._y(value)) for day, value in values.items()][::every]
        first, last = points[0][0], self._x(max(values) + timedelta(days=1))
        line = f"M{first:.2f} {points[0][1]:.2f}"
        line += "".join(f"H{x:.2f}V{y:.2f}" for x, y in points[1:]) + f"H{last:.2f}"
        ground = self._y(Decimal(0))
        return (
            f'<path d="{line}V{ground:.2f}H{first:.2f}Z" fill-opacity=".12"/>'
            f'<path d="{line}" fill="none" stroke="#000" stroke-width="2"'
            ' vector-effect="non-scaling-stroke"/>'
        )

    def pace(self, target: Decimal) -> str:
        return (
            f'<path d="M0 {self._y(Decimal(0)):.2f}L100 {self._y(target):.2f}" stroke="#000"'
            ' stroke-opacity=".45" stroke-dasharray="2 3" vector-effect="non-scaling-stroke"/>'
        )

    def _x(self, day: date) -> float:
        return 100 * (day - self.window.start).days / self.window.days

    def _y(self, value: Decimal) -> float:
        return float(3 + 94 * (self.top - value) / (self.top - self.low))  # room for half a line
