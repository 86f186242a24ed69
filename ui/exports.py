"""Taking a list away as CSV, safe to open in a spreadsheet."""

import csv
import io
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal

import streamlit as st

from goals_core import db
from goals_core.actor import Actor
from goals_core.db import TenantSession
from goals_core.engine.paging import LARGEST_PAGE, Page, PageRequest
from goals_core.engine.standings import Standing
from ui import standings
from ui.wording import _, name, speak

Cell = str | Decimal | int | date | None
Read = Callable[[TenantSession, PageRequest], Page[Standing]]

# A spreadsheet takes a text that begins like this for a formula, and runs it.
_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r\n]")


def button(actor: Actor, subject: str, read: Read, *, key: str) -> None:
    """A button that makes the file when it is clicked: every row, not only the page shown."""

    def make() -> bytes:
        speak(actor)  # it runs in a thread of its own, which knows nobody
        with db.tenant_session(actor) as session:
            return to_csv(_header(), [_row(goal, actor) for goal in _all(session, read)])

    st.download_button(
        _("Export CSV"),
        make,
        file_name=file_name(actor, subject),
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        key=key,
    )


def to_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with the mark by which spreadsheets know it; numbers and days as machines read them."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_safe(cell) for cell in header])
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def file_name(actor: Actor, subject: str) -> str:
    """A name of its own: by its name and a sample, one large file may be taken for another."""
    tenant = actor.tenant
    return f"{tenant.slug}-{subject}-{tenant.today}-{secrets.token_hex(4)}.csv"


def _all(session: TenantSession, read: Read) -> Iterable[Standing]:
    number, pages = 1, 1
    while number <= pages:
        page = read(session, PageRequest(number, LARGEST_PAGE))
        yield from page.items
        number, pages = number + 1, page.pages


def _header() -> list[str]:
    return [
        _("Goal"),
        _("Who"),
        _("Kind"),
        _("First day"),
        _("Last day"),
        _("Value"),
        _("Target"),
        _("Unit"),
        _("Attainment in percent"),
        _("Expected in percent"),
        _("Missing"),
        _("Days left"),
        _("State"),
        _("Why"),
    ]


def _row(goal: Standing, actor: Actor) -> list[Cell]:
    today = actor.tenant.today
    return [
        goal.goal,
        goal.assignee,
        name(goal.assignee_type),
        goal.window.start,
        goal.window.end,
        goal.value,
        goal.target,
        goal.unit,
        standings.share(goal),
        goal.pace.expected_percent,
        goal.missing,
        goal.pace.days_left,
        _(standings.look(goal, today).name),
        standings.why(goal, today) if goal.at_risk else "",
    ]


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
