"""The parts of a goal's own page: its numbers, its milestones, and what is behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import TypeVar

import streamlit as st

from goals_core import db
from goals_core.actor import Actor
from goals_core.engine.paging import LARGEST_PAGE, Page, PageRequest
from goals_core.engine.standings import Standing
from goals_core.kinds import AssigneeType, GoalType, Metric, Source
from goals_core.services import assignments, receipts
from goals_core.services.milestones import Milestone
from goals_core.services.receipts import Receipt
from goals_core.sources.catalogue import Aggregation
from ui import as_of, charts, movement_list, progress_log, standings, tables, targets
from ui.places import GOAL, goal_address
from ui.session import require_actor
from ui.wording import _, md, n_, spoken

T = TypeVar("T")
ON_A_PAGE = 10
MOST_WINDOWS = 12
_CENT = Decimal("0.01")
_FITS = 13  # characters of a number in a tile


def tiles(goal: Standing, today: date) -> None:
    """The numbers that sum the goal up."""
    shown = [_now(goal), _aim(goal), _share(goal), *_still(goal, today)]
    with st.grid(len(shown), min_column_width=140):
        for tile in shown:
            st.metric(
                tile.label,
                md(tile.value),
                md(tile.delta) if tile.delta else None,
                delta_color="green" if tile.is_good else "red",
                delta_arrow="up" if tile.is_good else "down",
                border=True,
                height="stretch",
            )
    if how := targets.arithmetic(goal):
        label = _("Limit") if goal.type is GoalType.LIMIT else _("Target")
        st.caption(f":material/calculate: {md(f'{label}: {how}')}")


def milestones(goal: Standing, passed: Sequence[Milestone]) -> None:
    """The milestones, and when each was passed."""
    lines = [_milestone_line(goal, milestone) for milestone in passed]
    st.markdown("  \n".join(lines) if lines else f":gray[{_('None are set.')}]")


@st.fragment
def behind(goal: Standing) -> None:
    """What is behind the number, a tab each; a click in there leaves the page as it is."""
    actor = require_actor()
    sections = {_("Other windows"): _other_windows}
    if goal.window.days > 1:  # a single day shows its log in place of a chart
        sections = {_("Progress log"): progress_log.show} | sections
    if goal.source is not Source.MANUAL:
        tracked = {_("The records behind this number"): _records}
        sections = tracked | {_("What moved it"): movement_list.show} | sections
    sections |= {_("As of"): as_of.show}
    tabs = st.tabs(list(sections), key="tab", on_change="rerun")
    for tab, section in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                section(actor, goal)


def _records(actor: Actor, goal: Standing) -> None:
    """The receipt: every record, what they come to, and what was left out."""
    with db.tenant_session(actor) as session:
        receipt = receipts.of_assignment(session, goal.id, page=PageRequest(size=ON_A_PAGE))
    if receipt is None:
        text = _("Its records can be listed once it can be computed.")
        st.markdown(f":gray[{md(text)}]")
        return
    _notices(goal, receipt)
    if not receipt.lines.total:
        st.markdown(f":gray[{md(_('No record falls into this window.'))}]")
        return
    shown = st.container()
    st.markdown(f"**{md(_total(goal, receipt))}**")
    if (number := _page_number(receipt.lines, "records_page")) > 1:
        with db.tenant_session(actor) as session:
            wanted = PageRequest(number, ON_A_PAGE)
            receipt = receipts.of_assignment(session, goal.id, page=wanted) or receipt
    with shown:
        tables.records(receipt.lines.items, goal)


def _other_windows(actor: Actor, goal: Standing) -> None:
    """The same goal of the same assignee in the windows before and after."""
    begun, coming = _same_goal(actor, goal)
    if len(begun) + len(coming) < 2:
        st.markdown(f":gray[{md(_('This is the only window so far.'))}]")
        return
    if len(begun) > 1:
        _chart_of_windows(actor, goal, begun[::-1])
    opened = tables.windows([*coming, *begun], actor.tenant, key="windows")
    if opened and opened.id != goal.id:
        st.switch_page(GOAL, query_params=goal_address(opened.id))


def _chart_of_windows(actor: Actor, goal: Standing, oldest_first: Sequence[Standing]) -> None:
    names = [standings.window(w.period, w.window, actor.tenant) for w in oldest_first]
    charts.show(
        charts.by_window(oldest_first, names, goal.id, str(spoken().locale)),
        key="by_window",
        alt=", ".join(
            f"{called}: {spoken().percent(standings.share(w))}"
            for called, w in zip(names, oldest_first, strict=True)
        ),
        called=charts.picture_name(goal),
    )


def _same_goal(actor: Actor, goal: Standing) -> tuple[list[Standing], list[Standing]]:
    """What has begun of it and what is planned to come, the latest window first."""
    is_team = goal.assignee_type is AssigneeType.TEAM
    with db.tenant_session(actor) as session:
        found = assignments.list_(
            session,
            definition_id=goal.definition_id,
            assignee_type=goal.assignee_type,
            user_id=None if is_team else goal.assignee_id,
            team_id=goal.assignee_id if is_team else None,
            page=PageRequest(size=LARGEST_PAGE),
        ).items
    today = actor.tenant.today
    begun = [window for window in found if window.window.start <= today]
    coming = [window for window in found if window.window.start > today]
    return begun[:MOST_WINDOWS], coming[-MOST_WINDOWS:]


@dataclass(frozen=True, slots=True)
class _Tile:
    label: str
    value: str
    delta: str = ""
    is_good: bool = True


def _now(goal: Standing) -> _Tile:
    label = _("Reached") if goal.type is GoalType.TARGET else _("Now")
    return _Tile(label, _fitting(goal, goal.value))


def _aim(goal: Standing) -> _Tile:
    if goal.type is GoalType.MAINTAIN:
        return _Tile(_("Range"), standings.in_range(goal))
    label = _("Limit") if goal.type is GoalType.LIMIT else _("Target")
    return _Tile(label, _fitting(goal, goal.target))


def _share(goal: Standing) -> _Tile:
    share = spoken().percent(standings.share(goal))
    if goal.type is not GoalType.TARGET:
        return _Tile(_("Used") if goal.type is GoalType.LIMIT else _("Days in range"), share)
    ahead = goal.progress - goal.pace.expected_percent
    delta = standings.points(ahead) if standings.is_open(goal) and ahead else ""
    return _Tile(_("Attainment"), share, delta, ahead >= 0)


def _still(goal: Standing, today: date) -> Iterator[_Tile]:
    """What is left, while there is time; before that, when it begins."""
    if today < goal.window.start:
        yield _Tile(_("Begins on"), spoken().day(goal.window.start))
        return
    if goal.closed_at is None and goal.type is GoalType.LIMIT:
        yield _Tile(_("Left"), _fitting(goal, goal.missing))
    is_paced = goal.type is GoalType.TARGET and goal.metric is not Metric.BOOLEAN
    if is_paced and standings.is_open(goal):
        yield _Tile(_("Expected by now"), _fitting(goal, goal.pace.expected_value))
    if today > goal.window.end:
        yield _Tile(_("Ended on"), spoken().day(goal.window.end))
    else:
        left = goal.pace.days_left
        yield _Tile(_("Days left"), spoken().number(left) if left else _("Last day"))


def _fitting(goal: Standing, amount: Decimal) -> str:
    """In full when all the amounts of the tiles fit so, otherwise short as the others."""
    shown = (goal.value, goal.target, goal.pace.expected_value)
    fits = all(len(standings.full(goal, other)) <= _FITS for other in shown)
    return standings.full(goal, amount) if fits else standings.short(goal, amount)


def _milestone_line(goal: Standing, milestone: Milestone) -> str:
    share = spoken().percent(Decimal(milestone.percentage))
    icon = ":green[:material/check_circle:]" if milestone.passed else ":gray[:material/circle:]"
    facts = []
    if milestone.value is not None and goal.metric is not Metric.BOOLEAN:
        value = milestone.value.quantize(_CENT, ROUND_CEILING)  # never too little
        facts.append(standings.short(goal, value))
    if milestone.passed_on:
        facts.append(spoken().day(milestone.passed_on))
    return f"{icon} **{md(share)}** :gray[{md(' · '.join(facts))}]"


def _notices(goal: Standing, receipt: Receipt) -> None:
    if receipt.left_out > goal.left_out or (receipt.left_out and goal.closed_at is not None):
        text = n_(
            "{count} record is left out: there is no exchange rate for its day.",
            "{count} records are left out: there is no exchange rate for their days.",
            receipt.left_out,
        )
        st.warning(text, icon=":material/currency_exchange:")
    if receipt.value is None or receipt.value == goal.value:
        return
    facts = {
        "now": standings.full(goal, receipt.value),
        "then": standings.full(goal, goal.value),
    }
    if goal.closed_at is not None:
        text = _(
            "Restated: the records now come to {now}. The window closed at {then}, which stands."
        )
    else:
        text = _("The records now come to {now}; the next sync brings the goal up to it.")
    st.info(md(text.format(**facts)), icon=":material/info:")


def _total(goal: Standing, receipt: Receipt) -> str:
    count = n_("{count} record", "{count} records", receipt.lines.total - receipt.left_out)
    value = "—" if receipt.value is None else standings.full(goal, receipt.value)
    sentences = {
        Aggregation.SUM: _("Total of {count}: {value}"),
        Aggregation.COUNT: _("Count of {count}: {value}"),
        Aggregation.AVG: _("Average of {count}: {value}"),
        Aggregation.MIN: _("Smallest of {count}: {value}"),
        Aggregation.MAX: _("Largest of {count}: {value}"),
    }
    return sentences[receipt.aggregation].format(count=count, value=value)


def _page_number(page: Page[T], key: str) -> int:
    return st.pagination(page.pages, key=key) if page.pages > 1 else 1
