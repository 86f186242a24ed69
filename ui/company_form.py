"""The company's own settings, for those who manage it."""

import streamlit as st
from babel.dates import get_day_names

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.services import company
from goals_core.services.company import Settings
from ui import reads
from ui.feedback import field_error, flash, refusals
from ui.wording import _, spoken

_FORM = "company"
_DAYS = "1234567"  # ISO: Monday first


def company_form(actor: Actor) -> None:
    """By which rules goals are judged; every running goal follows at once."""
    with tenant_session(actor) as db:
        now = company.settings(db)
    with st.form("company", border=False):
        wanted = _fields(now)
        st.caption(
            _(
                "Running goals follow at once: what is late, what is at risk, and prorated targets."
                " What is closed stays as it was judged."
            )
        )
        sent = st.form_submit_button(_("Save"), type="primary", key="company_save")
    if sent:
        with refusals(_FORM):
            with tenant_session(actor) as db:
                company.change_settings(db, wanted)
            reads.forget()
            flash(_("The company's settings are saved."))
            st.rerun()


def _fields(now: Settings) -> Settings:
    name = st.text_input(_("Name"), now.name, key="company_name")
    field_error("name", form=_FORM)
    left, middle, right = st.columns(3)
    with left:
        grace = _whole("grace_days", _("Days of grace"), now.grace_days, most=60)
    with middle:
        below = _whole(
            "risk_progress_below", _("At risk below, %"), now.risk_progress_below, most=100
        )
    with right:
        left_over = _whole(
            "risk_time_left", _("with time left of at most, %"), now.risk_time_left, most=100
        )
    days = st.pills(
        _("Working days"),
        list(_DAYS),
        selection_mode="multi",
        default=list(now.workweek),
        format_func=_weekday,
        key="company_workweek",
    )
    field_error("workweek", form=_FORM)
    return Settings(
        name=name,
        grace_days=grace,
        risk_progress_below=below,
        risk_time_left=left_over,
        workweek="".join(sorted(days)),
    )


def _whole(name: str, label: str, value: int, *, most: int) -> int:
    number = st.number_input(label, 0, most, value, key=f"company_{name}")
    field_error(name, form=_FORM)
    return int(number)


def _weekday(iso: str) -> str:
    return str(get_day_names("abbreviated", "stand-alone", spoken().locale)[int(iso) - 1])
