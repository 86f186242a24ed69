"""What the drawer shows of a definition: its settings in words, and who has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.engine.drafts import Draft, Milestone
from goals_core.engine.paging import LARGEST_PAGE, Page, PageRequest
from goals_core.engine.standings import Standing
from goals_core.kinds import AssignmentStatus, GoalType
from goals_core.models.windows import Window
from goals_core.permissions import Permission
from goals_core.services import assignments, choices, definitions
from goals_core.services.choices import Assignee
from goals_core.services.definitions import DefinitionView
from goals_core.services.receipts import Owner
from ui import dialogs, source_sentence, standings, targets
from ui.definition_list import COLORS
from ui.own_goals import is_own
from ui.places import GOAL, goal_address
from ui.wording import _, md, name, spoken

REMOVE = "remove "
"""The step that asks about an assignment, whose id follows."""
_AT_ONCE = 8
_MOST_WINDOWS = PageRequest(size=200)


@dataclass(frozen=True)
class Opened:
    """What the drawer knows of a definition in one run."""

    view: DefinitionView
    is_theirs: bool  # to change
    assignable: Sequence[Assignee]  # to whom they may assign it
    window: Window | None  # today's, or the first to come
    is_own: bool  # they neither move nor end it
    can_be_copied: bool  # with those who have it

    def may_assign(self, one: Standing) -> bool:
        """Whether that assignee is among those whose goals they set."""
        owner = Owner(one.assignee_type, one.assignee_id)
        return any(owner == each.owner for each in self.assignable)


def read(actor: Actor, definition_id: UUID) -> Opened:
    """All of it but the assignments, which come a page at a time."""
    with tenant_session(actor) as db:
        view = definitions.get(db, definition_id)
        schedule = definitions.schedule_of(db, view.settings)
        assignable = choices.assignees(db) if actor.may(Permission.ASSIGN) else []
        return Opened(
            view=view,
            is_theirs=bool(definitions.changeable(db, [definition_id])),
            assignable=assignable,
            window=schedule.current_or_first(actor.tenant.today),
            is_own=is_own(db, definition_id),
            can_be_copied=_can_be_copied(db, view, assignable),
        )


def settings(view: DefinitionView) -> None:
    """Its state, and its settings one a line."""
    goal = view.settings
    badges = [f":{COLORS[view.status]}-badge[{name(view.status)}]"]
    badges += [f":gray-badge[{name(kind)}]" for kind in (goal.type, goal.period)]
    badges += [f":gray-badge[:material/sell: {md(tag)}]" for tag in goal.tags]
    st.markdown(" ".join(badges))
    if goal.description:
        st.markdown(md(goal.description))
    if view.sync_error:
        st.error(
            _("The last sync could not compute it: {reason}").format(reason=md(view.sync_error)),
            icon=":material/sync_problem:",
        )
    with st.container(gap="xxsmall"):
        for label, words in _facts(goal):
            _fact(label, words)


def assigned(actor: Actor, opened: Opened) -> None:
    """Who has it in today's window, each with the way to the goal and out of it."""
    title, window = _("Assigned"), opened.window
    if window is not None:
        called = standings.window(opened.view.settings.period, window, actor.tenant)
        title = _("Assigned in {window}").format(window=called)
    st.markdown(f"**{md(title)}**")
    if window is None:
        st.caption(_("Its last day is over."))
        return
    found = _in_window(actor, opened, window, 1)
    if not found.total:
        st.caption(_("Nobody yet."))
        return
    place = st.container(gap="xxsmall")
    number = 1
    if found.pages > 1:
        number = st.pagination(found.pages, key=f"assigned_page_{opened.view.id.hex}")
    with place:
        for one in (found if number == 1 else _in_window(actor, opened, window, number)).items:
            _assigned_to(actor, opened, one)


def all_windows(actor: Actor, opened: Opened) -> None:
    """Every assignment of every window, the latest first; a click opens the goal."""
    key = f"all_windows_{opened.view.id.hex}"
    place = st.expander(_("All windows"), icon=":material/history:", on_change="rerun", key=key)
    if not place.open:  # there may be many
        return
    with tenant_session(actor) as db:
        found = assignments.by_definition(db, opened.view.id, page=_MOST_WINDOWS)
    with place:
        chosen = st.dataframe(
            pd.DataFrame([_row(actor, one) for one in found.items], columns=list(_columns())),
            column_config=_columns(),
            hide_index=True,
            on_select="rerun",
            selection_mode="single-cell",
            key=f"{key}_table",
            alt=_("All windows"),
        )
    if cells := chosen["selection"]["cells"]:
        st.switch_page(GOAL, query_params=goal_address(found.items[cells[0][0]].id))


def _can_be_copied(db: TenantSession, view: DefinitionView, assignable: Sequence[Assignee]) -> bool:
    """Whether they may assign it anew to everyone who has its last window, as far as they see."""
    if not (db.actor.may(Permission.WRITE) and view.assignments and assignable):
        return False
    if db.actor.may(Permission.MANAGE):
        return True
    found = assignments.list_(db, definition_id=view.id, page=PageRequest(size=LARGEST_PAGE)).items
    kept = [one for one in found if one.status is not AssignmentStatus.CANCELLED]
    last = max((one.window.start for one in kept), default=None)
    latest = {Owner(o.assignee_type, o.assignee_id) for o in kept if o.window.start == last}
    return bool(latest) and latest <= {each.owner for each in assignable}


def _facts(goal: Draft) -> list[tuple[str, str]]:
    """Labels and words; what has nothing to say is left out."""
    facts = [
        (
            _("Limit") if goal.type is GoalType.LIMIT else _("Target"),
            _value(goal, goal.target_value),
        ),
        (_("Range"), _range(goal)),
        (_("Prorated"), _("by the working days of each person") if goal.prorate else ""),
        (_("Days"), _days(goal)),
        (_("Tracked from"), source_sentence.sentence(goal)),
        (_("Milestones"), ", ".join(_milestone(each) for each in goal.milestones)),
        (_("Category"), goal.category),
    ]
    return [(label, words) for label, words in facts if words]


def _fact(label: str, words: str) -> None:
    with st.container(horizontal=True, wrap=False, gap="small"):
        st.markdown(f":gray[{label}]", width=100)
        st.markdown(md(words), width="stretch")


def _value(goal: Draft, amount: Decimal) -> str:
    return spoken().value(amount, metric=goal.metric, unit=goal.unit)


def _days(goal: Draft) -> str:
    if goal.ends_at is None:
        return _("from {day} until further notice").format(day=spoken().day(goal.starts_at))
    return spoken().span(goal.starts_at, goal.ends_at)


def _range(goal: Draft) -> str:
    low, high = goal.range_min, goal.range_max
    if low is not None and high is not None:
        return f"{_value(goal, low)} – {_value(goal, high)}"
    if low is not None:
        return _("at least {value}").format(value=_value(goal, low))
    if high is not None:
        return _("at most {value}").format(value=_value(goal, high))
    return ""


def _milestone(milestone: Milestone) -> str:
    percent = spoken().percent(Decimal(milestone.percentage))
    return percent if milestone.notify else _("{percent} (silent)").format(percent=percent)


def _in_window(actor: Actor, opened: Opened, window: Window, number: int) -> Page[Standing]:
    with tenant_session(actor) as db:
        return assignments.list_(
            db,
            definition_id=opened.view.id,
            on=window.start,
            page=PageRequest(number, _AT_ONCE),
        )


def _assigned_to(actor: Actor, opened: Opened, one: Standing) -> None:
    is_over = one.closed_at is not None or one.status is AssignmentStatus.CANCELLED
    may_remove = not is_over and opened.may_assign(one)
    with st.container(
        horizontal=True, vertical_alignment="center", wrap=False, gap="small", key=f"of_{one.id}"
    ):
        with st.container(width="stretch", gap=None):
            st.page_link(GOAL, label=md(standings.whose(one)), query_params=goal_address(one.id))
            if differs := targets.differing(one):
                with st.container(horizontal=True, wrap=False, gap=None):
                    st.space("xsmall")  # Streamlit's own link stands indented
                    st.caption(md(differs))
        st.markdown(standings.badge(one, actor.tenant.today), width="content")
        st.markdown(f"**{md(spoken().percent(one.attainment))}**", width="content")
        if may_remove:
            st.button(
                "",
                icon=":material/delete:",
                type="tertiary",
                help=_("Remove"),
                on_click=dialogs.go,
                args=(f"{REMOVE}{one.id}",),
                key=f"remove_{one.id}",
            )


def _row(actor: Actor, one: Standing) -> tuple[str, ...]:
    return (
        standings.window(one.period, one.window, actor.tenant),
        standings.whose(one),
        _(standings.look(one, actor.tenant.today).name),
        standings.short(one, one.value),
        spoken().percent(one.attainment),
    )


def _columns() -> dict[str, Any]:
    return {
        "window": st.column_config.TextColumn(_("Window")),
        "who": st.column_config.TextColumn(_("Who")),
        "state": st.column_config.TextColumn(_("State"), width=80),
        "value": st.column_config.TextColumn(_("Value"), width=80, alignment="right"),
        "share": st.column_config.TextColumn("", width=65, alignment="right"),
    }
