"""What one is told of, when and in which language: the form on the page of notifications."""

from datetime import time

import streamlit as st
from babel import Locale
from babel.dates import format_time

from goals_core import mail
from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.preferences import LANGUAGES, Choice, Preferences
from goals_core.kinds import Event, Mode
from goals_core.models.quiet import Hours
from goals_core.services import notifications
from ui.feedback import field_error, flash, refusals
from ui.wording import _, md, name, spoken

_FORM = "preferences"
_COMPANYS = ""


def preferences_form(actor: Actor) -> None:
    """Draw it with what holds now, and save what is sent."""
    with tenant_session(actor) as db:
        now = notifications.own(db)
    with st.form("preferences", border=True):
        wanted = Preferences(
            choices={event: _choice(event, now.choices[event]) for event in Event},
            by_mail=_by_mail(now),
            hours=_hours(now.hours),
            language=_language(now.language),
        )
        sent = st.form_submit_button(_("Save"), type="primary", key="preferences_save")
    if sent:
        with refusals(_FORM):
            with tenant_session(actor) as db:
                notifications.change(db, wanted)
            flash(_("Saved: it holds for what happens from now on."))
            st.rerun()


def _choice(event: Event, now: Choice) -> Choice:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"**{md(name(event))}**", width=125)
        in_inbox = st.checkbox(_("Inbox"), now.in_inbox, key=f"inbox_{event.value}", width=80)
        mode = st.segmented_control(
            name(event),
            list(Mode),
            format_func=name,
            default=now.mode,
            required=True,
            label_visibility="collapsed",
            key=f"mode_{event.value}",
        )
    return Choice(in_inbox, mode)


def _by_mail(now: Preferences) -> bool:
    st.space("xxsmall")
    wanted = st.toggle(_("Send it by e-mail too"), now.by_mail, key="by_mail")
    if not mail.is_configured():
        st.caption(_("No mail is sent from here yet: an operator has to set a mail server."))
    return wanted


def _hours(now: Hours) -> Hours:
    first, second, third = st.columns(3)
    with first:
        hour = st.selectbox(
            _("Daily at"),
            range(24),
            now.digest_hour,
            format_func=lambda hour: format_time(time(hour), "short", locale=spoken().locale),
            key="digest_hour",
        )
        field_error("digest_hour", form=_FORM)
    with second:
        quiet_from = st.time_input(_("Quiet from"), now.quiet_from, key="quiet_from")
    with third:
        quiet_until = st.time_input(_("until"), now.quiet_until, key="quiet_until")
        field_error("quiet_until", form=_FORM)
    st.caption(
        _("In {timezone}. What comes up in quiet hours is sent when they are over.").format(
            timezone=md(spoken().timezone.key)
        )
    )
    return Hours(hour, quiet_from, quiet_until)


def _language(now: str | None) -> str | None:
    chosen = st.selectbox(
        _("Language"),
        [_COMPANYS, *LANGUAGES],
        [_COMPANYS, *LANGUAGES].index(now or _COMPANYS),
        format_func=_called,
        key="language",
    )
    field_error("language", form=_FORM)
    return chosen or None


def _called(language: str) -> str:
    if language == _COMPANYS:
        return _("The company's")
    return str(Locale(language).get_display_name(language)).capitalize()
