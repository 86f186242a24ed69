"""Charts, made of what services hand out; Streamlit gives them the colours of light or dark."""

import re
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Literal
from uuid import UUID

import plotly.graph_objects as go
import streamlit as st

from goals_core.engine.glance import Ranked
from goals_core.engine.standings import Standing
from ui import standings
from ui.wording import _, spoken

ACCENT = "#000001"  # stands for the theme's first chart colour; the browser puts that in
QUIET = "rgba(134, 142, 150, 0.95)"  # what is not the value itself; seen on white as on black
SMALL = {"size": 12}
WHOLE = Decimal(100)


def show(
    figure: go.Figure,
    *,
    key: str,
    alt: str,
    called: str,
    height: Literal["content", "stretch"] = "content",
) -> None:
    """A chart with one tool: saving it as a picture `called` so."""
    config = {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "svg", "filename": called},
    }
    st.plotly_chart(figure, key=key, alt=alt, config=config, height=height)


@st.cache_data(max_entries=200, ttl=600, show_spinner=False)
def by_team(
    teams: Sequence[Ranked],
    expected: Decimal | None,
    locale: str,  # noqa: ARG001  (part of the key)
) -> go.Figure:
    """Attainment by team, the best on top, with lines at the whole and at what is expected."""
    figure = go.Figure()
    figure.add_bar(
        x=[float(team.attainment) for team in teams],
        y=[f"{plain(team.name)}  <b>{spoken().percent(team.attainment)}</b>" for team in teams],
        orientation="h",
        width=0.5,
        hoverinfo="skip",
        marker={"cornerradius": 4, "color": ACCENT},
    )
    _add_line(figure, WHOLE, spoken().percent(WHOLE), "solid", "left")
    if expected is not None:
        label = _("{share} expected").format(share=spoken().percent(expected))
        _add_line(figure, expected, label, "dot", "right")
    end = 1.2 * max([100.0, *(float(team.attainment) for team in teams)])
    figure.update_xaxes(visible=False, range=[0, end], fixedrange=True)
    figure.update_yaxes(
        autorange="reversed", ticksuffix="  ", fixedrange=True, tickfont={"size": 13}
    )
    figure.update_layout(height=64 + 44 * len(teams), margin={"l": 0, "r": 0, "t": 44, "b": 0})
    return figure


@st.cache_data(max_entries=200, ttl=600, show_spinner=False)
def by_window(
    goals: Sequence[Standing],
    names: Sequence[str],
    current: UUID,
    locale: str,  # noqa: ARG001  (part of the key)
) -> go.Figure:
    """One goal in several windows, oldest first; the current one stands out."""
    shares = [standings.share(goal) for goal in goals]
    figure = go.Figure()
    figure.add_bar(
        x=[
            f"{plain(name)}<br><b>{spoken().percent(share)}</b>"
            for name, share in zip(names, shares, strict=True)
        ],
        y=[float(share) for share in shares],
        width=min(0.6, 0.1 * len(goals)),
        customdata=[_point_of_window(goal, name) for goal, name in zip(goals, names, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
        marker={
            "cornerradius": 4,
            "color": ACCENT,
            "opacity": [1 if goal.id == current else 0.5 for goal in goals],
        },
    )
    figure.add_hline(100, line={"color": QUIET, "width": 1})
    end = 1.1 * max([100.0, *(float(share) for share in shares)])
    figure.update_xaxes(type="category", fixedrange=True, tickfont=SMALL)
    figure.update_yaxes(visible=False, range=[0, end], fixedrange=True)
    figure.update_layout(height=260, margin={"l": 0, "r": 0, "t": 8, "b": 0})
    return figure


def picture_name(goal: Standing) -> str:
    """The goal's name as a file's."""
    return re.sub(r"[^\w]+", "-", goal.goal).strip("-").lower()[:80] or "goal"


def teams_in_words(teams: Sequence[Ranked]) -> str:
    """The chart of teams for those who do not see it."""
    return ", ".join(f"{team.name}: {spoken().percent(team.attainment)}" for team in teams)


def plain(text: str) -> str:
    """Text that Plotly shows as it is: it reads tags such as <b> and <a>."""
    return escape(text, quote=False)


def _add_line(figure: go.Figure, share: Decimal, text: str, dash: str, side: str) -> None:
    """An upright line, its label on the side where no other line's is."""
    figure.add_vline(float(share), line={"color": QUIET, "width": 1, "dash": dash})
    figure.add_annotation(
        x=float(share),
        y=1,
        yref="paper",
        text=text,
        showarrow=False,
        xanchor=side,
        yanchor="bottom",
        font={"color": QUIET} | SMALL,
    )


def _point_of_window(goal: Standing, name: str) -> str:
    text = _("{value} of {target}").format(
        value=standings.full(goal, goal.value), target=standings.full(goal, goal.target)
    )
    return f"<b>{plain(name)}</b><br>{plain(text)}"
