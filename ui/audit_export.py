"""Taking the audit log away, a row for each fact: as CSV and as an Excel workbook."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.services import audit_reading
from goals_core.services.audit_reading import MOST_EXPORTED, AuditEntry, Filters
from ui import audit_words, exports, spreadsheets
from ui.exports import Cell
from ui.wording import _, md, speak, spoken

_SUBJECT = "audit-log"


def menu(actor: Actor, wanted: Filters, total: int) -> None:
    """The files, made by a click: every line that the filters leave, not only the page shown."""
    with st.popover(_("Export"), icon=":material/download:"):
        _button(
            _("Export CSV"),
            partial(_csv, actor, wanted),
            file_name=exports.file_name(actor, _SUBJECT),
            mime="text/csv",
            key="log_csv",
        )
        _button(
            _("Export Excel"),
            partial(_xlsx, actor, wanted),
            file_name=spreadsheets.file_name(actor, _SUBJECT),
            mime=spreadsheets.MIME,
            key="log_xlsx",
        )
        if total > MOST_EXPORTED:
            most = spoken().number(MOST_EXPORTED)
            st.caption(
                md(_("The newest {most} lines; narrow it for older ones.").format(most=most))
            )


def _button(label: str, make: Callable[[], bytes], **more: Any) -> None:  # noqa: ANN401  (Streamlit's)
    st.download_button(label, make, on_click="ignore", width="stretch", **more)


def _csv(actor: Actor, wanted: Filters) -> bytes:
    speak(actor)  # it runs in a thread of its own, which knows nobody
    return exports.to_csv(list(_columns()), _rows(actor, wanted))


def _xlsx(actor: Actor, wanted: Filters) -> bytes:
    speak(actor)  # as above
    return spreadsheets.to_xlsx(_columns(), _rows(actor, wanted), called=_("Audit log"))


def _columns() -> dict[str, int]:
    """What each column is called, and how wide a workbook shows it."""
    return {
        _("When"): 20,
        _("Who"): 24,
        _("What"): 24,
        _("About"): 36,
        _("Fact"): 20,
        _("Before"): 36,
        _("After"): 36,
        _("Tag"): 26,
        _("ID"): 38,
    }


def _rows(actor: Actor, wanted: Filters) -> Iterator[list[Cell]]:
    with tenant_session(actor) as db:
        entries = audit_reading.export(db, **wanted)
    for entry in entries:
        begin, end = _line(entry)
        for fact in _facts(entry):
            yield [*begin, *fact, *end]


def _line(entry: AuditEntry) -> tuple[list[Cell], list[Cell]]:
    """What stands before and after the facts of a line."""
    at = entry.at.astimezone(spoken().timezone).replace(microsecond=0)
    who = entry.who or _("The system")
    begin: list[Cell] = [at, who, audit_words.deed(entry.tag), entry.subject_name]
    return begin, [entry.tag, str(entry.subject_id)]


def _facts(entry: AuditEntry) -> list[list[Cell]]:
    """The name of each fact, its value before and after; a line without facts is a row as well."""
    facts: list[list[Cell]] = [
        [
            audit_words.field(change.field),
            audit_words.cell(entry, change, change.before),
            audit_words.cell(entry, change, change.after),
        ]
        for change in audit_words.changes(entry)
    ]
    return facts or [[None, None, None]]
