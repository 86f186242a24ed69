"""The preview of a goal in the making: which records count now, where each assignee would stand."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import streamlit as st

from goals_core.actor import Actor
from goals_core.engine.drafts import QUARTERS, Draft
from goals_core.errors import Invalid
from goals_core.kinds import Metric, Source
from goals_core.services.preview import Expected, Preview
from goals_core.services.receipts import Line
from goals_core.sources.catalogue import Aggregation
from ui import reads, standings
from ui.goal_form import card
from ui.goal_saving import Entered
from ui.wording import _, md, n_, spoken

_NOTHING = "—"
_SHOWN_ROWS = 8
# What may still be missing without changing which records count.
_APART = ("name", "description", "category", "tags", "milestones", "target_value", "range_")


def show(actor: Actor, entered: Entered) -> None:
    """The card of the preview: as much of it as what was entered so far allows."""
    with card(_("Preview")):
        if entered.draft.source is Source.MANUAL:
            st.caption(_("Tracked by hand: its value is what people record."))
            return
        try:
            found = find(actor, entered)
        except Invalid:
            st.caption(_("The records that count show up here once the goal is complete."))
            return
        if found is None:
            st.caption(_("Its last day is over: there is no window left to count in."))
            return
        _show(actor, found, entered)


def find(actor: Actor, entered: Entered) -> Preview | None:
    """What `preview` finds for the parts that decide it; the others may still be missing."""
    own_targets = {owner: own for owner, own in entered.everyone.items() if own and own > 0}
    return reads.preview(actor, decisive(entered), list(entered.everyone), own_targets)


def decisive(entered: Entered) -> Draft:
    """The draft with stand-ins for all that does not decide which records count; or `Invalid`."""
    if problems := [p for p in entered.problems if not p.field.startswith((*_APART, "custom_"))]:
        raise Invalid(*problems)
    return replace(
        entered.draft,
        name=_NOTHING,
        description="",
        category="",
        tags=(),
        milestones=QUARTERS,
        target_value=entered.draft.target_value if _has_target(entered) else Decimal(1),
        range_min=None,
        range_max=None,
    )


def counted(line: Line, draft: Draft) -> str:
    """What a record adds; of records that are only counted, its own amount."""
    if line.counted is None:
        return _("left out")
    if (draft.source_config or {}).get("aggregation") != Aggregation.COUNT:
        return _value(line.counted, draft)
    if line.amount is None:
        return _NOTHING
    metric = Metric.CURRENCY if line.currency else Metric.NUMBER
    return spoken().value(line.amount, metric=metric, unit=line.currency)


def _has_target(entered: Entered) -> bool:
    unread = any(problem.field == "target_value" for problem in entered.problems)
    return entered.draft.target_value > 0 and not unread


def _show(actor: Actor, found: Preview, entered: Entered) -> None:
    window = standings.window(entered.draft.period, found.window, actor.tenant)
    st.metric(
        _("Records that count in {window}").format(window=md(window)),
        spoken().number(found.matching),
    )
    if found.left_out:
        st.warning(
            n_(
                "{count} record is left out: there is no exchange rate for its day.",
                "{count} records are left out: there is no exchange rate for their day.",
                found.left_out,
            ),
            icon=":material/currency_exchange:",
        )
    if found.expected:
        _show_expected(found.expected, entered)
    if found.sample:
        st.caption(_("The latest of them"))
        _show_sample(found.sample[:_SHOWN_ROWS], entered.draft)


def _show_expected(expected: Sequence[Expected], entered: Entered) -> None:
    st.caption(_("Where everyone would stand today"))
    shares = [one.attainment if _has_target(entered) else None for one in expected]
    frame = pd.DataFrame(
        {
            "who": [one.assignee for one in expected],
            "value": [_value(one.value, entered.draft) for one in expected],
            "share": [_NOTHING if share is None else spoken().percent(share) for share in shares],
            "bar": [None if share is None else float(share) for share in shares],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "who": st.column_config.TextColumn(_("Who")),
            "value": st.column_config.TextColumn(_("Value"), alignment="right"),
            "share": st.column_config.TextColumn("", width=70, alignment="right"),
            "bar": st.column_config.ProgressColumn(
                _("Attainment"), width=90, min_value=0, max_value=100, format=" "
            ),
        },
        key="preview_expected",
        alt=_("Where everyone would stand today"),
    )


def _show_sample(lines: Sequence[Line], draft: Draft) -> None:
    frame = pd.DataFrame(
        {
            "day": [spoken().day(line.day) for line in lines],
            "name": [line.name or line.external_id for line in lines],
            "owner": [line.owner or _NOTHING for line in lines],
            "amount": [counted(line, draft) for line in lines],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "day": st.column_config.TextColumn(_("Day"), width=85),
            "name": st.column_config.TextColumn(_("Record"), width=70),
            "owner": st.column_config.TextColumn(_("Owner"), width=80),
            "amount": st.column_config.TextColumn(_("Counts as"), width=90, alignment="right"),
        },
        key="preview_sample",
        alt=_("Some of the records that count"),
    )


def _value(value: Decimal | None, draft: Draft) -> str:
    if value is None:
        return _NOTHING
    return spoken().value(value, metric=draft.metric, unit=draft.unit)
