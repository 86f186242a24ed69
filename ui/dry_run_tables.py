"""The tables of a dry run: its windows, and the records that a change gains and loses."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from goals_core.actor import Tenant
from goals_core.engine.drafts import Draft
from goals_core.services.dry_run import DryRun, Try
from ui import standings
from ui.goal_preview import counted
from ui.wording import _, spoken

_NOTHING = "—"


def windows(found: DryRun, draft: Draft, tenant: Tenant) -> None:
    """A line for each window, the newest first; of a change what it comes to now and then."""
    columns = _columns_of_a_change() if found.is_change else _columns()
    rows = [
        (standings.window(draft.period, one.window, tenant), *_cells(one, draft))
        for one in found.windows
    ]
    _show(rows, columns, alt=_("Dry run"))


def differing(found: DryRun, draft: Draft) -> None:
    """The newest records that are gained, then those that are lost."""
    rows = [
        (sign, spoken().day(line.day), line.name or line.external_id, line.owner or _NOTHING,
         counted(line, draft))
        for sign, lines in ((_("Gained"), found.gained), (_("Lost"), found.lost))
        for line in lines
    ]  # fmt: skip
    columns = {
        "what": st.column_config.TextColumn("", width=70),
        "day": st.column_config.TextColumn(_("Day"), width=100),
        "name": st.column_config.TextColumn(_("Record")),
        "owner": st.column_config.TextColumn(_("Owner")),
        "counted": st.column_config.TextColumn(_("Counts as"), alignment="right"),
    }
    _show(rows, columns, alt=_("Records gained and lost"))


def _cells(one: Try, draft: Draft) -> tuple[str, ...]:
    number = spoken().number
    if one.change is None:
        return _value(one.value, draft), number(one.records)
    gained, lost = one.change.gained, one.change.lost
    return (
        _value(one.change.value, draft),
        _value(one.value, draft),
        f"+{number(gained)}" if gained else _NOTHING,
        f"−{number(lost)}" if lost else _NOTHING,
        number(one.records),
    )


def _columns() -> dict[str, Any]:
    return {
        "window": st.column_config.TextColumn(_("Window")),
        "value": _right(_("Value")),
        "records": _right(_("Records"), width=80),
    }


def _columns_of_a_change() -> dict[str, Any]:
    return {
        "window": st.column_config.TextColumn(_("Window")),
        "before": _right(_("Now")),
        "value": _right(_("Then")),
        "gained": _right(_("Gained"), width=65),
        "lost": _right(_("Lost"), width=60),
        "records": _right(_("Records"), width=70),
    }


def _right(label: str, width: int | None = None) -> Any:  # noqa: ANN401  (Streamlit's own type)
    return st.column_config.TextColumn(label, width=width, alignment="right")


def _value(value: Decimal | None, draft: Draft) -> str:
    if value is None:
        return _NOTHING
    return spoken().value(value, metric=draft.metric, unit=draft.unit)


def _show(rows: Sequence[tuple[str, ...]], columns: dict[str, Any], *, alt: str) -> None:
    st.dataframe(
        pd.DataFrame(rows, columns=list(columns)),
        column_config=columns,
        hide_index=True,
        height="content",
        alt=alt,
    )
