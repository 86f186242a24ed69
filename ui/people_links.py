"""Links that let people choose a password: mailed where mails can be sent, else shown to copy."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from goals_core import mail
from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.errors import GoalsError
from goals_core.imports.invitations import Invitation
from goals_core.mail import MailNotSent
from goals_core.services import links, people
from ui import exports, letters
from ui.wording import _, md, n_, say

_OFFERED, _NOT_SENT = "goals_link_offered", "goals_links_not_sent"
_GIVE_UP_AFTER = 3  # mails in a row that nobody took


@dataclass(frozen=True)
class Offered:
    """A link of one person: mailed, or to be copied, perhaps because the mail was not taken."""

    user_id: UUID
    name: str
    address: str | None  # none: it was mailed
    days: int  # it works for; 0: for an hour
    error: GoalsError | None = None


def invite(actor: Actor, user_id: UUID) -> None:
    """A new invitation; what was sent before opens nothing any more."""
    with tenant_session(actor) as db:
        person = people.get(db, user_id).person
        token = links.invite(db, user_id=user_id)
    days = links.LIFE[links.Purpose.INVITATION].days
    _hand_over(actor, user_id, Invitation(person.name, person.email, token), days)


def reset(actor: Actor, user_id: UUID) -> None:
    """A link for another password."""
    with tenant_session(actor) as db:
        person = people.get(db, user_id).person
        token = links.reset(db, user_id=user_id)
    _hand_over(actor, user_id, Invitation(person.name, person.email, token), days=0)


def show(user_id: UUID) -> None:
    """The link that was just made for this person, until the drawer is closed."""
    offered: Offered | None = st.session_state.get(_OFFERED)
    if offered is None or offered.user_id != user_id:
        return
    if offered.address is None:
        text = _("The link is on its way to {name}.").format(name=offered.name)
        st.success(md(text), icon=":material/mark_email_read:")
        return
    if offered.error is not None:
        st.warning(md(say(offered.error)), icon=":material/warning:")
    with st.container(border=True, gap="xsmall"):
        title = _("Send this link to {name} yourself").format(name=offered.name)
        st.markdown(f":material/link: **{md(title)}**")
        st.code(offered.address, language=None, wrap_lines=True)
        st.caption(md(_how_long(offered.days)))


def forget() -> None:
    """No link is shown any more."""
    st.session_state.pop(_OFFERED, None)


def send_all(actor: Actor, made: Sequence[Invitation]) -> None:
    """Mail the links of people whom a file has brought; keep those that were not taken."""
    kept = list(_not_sent(actor, made)) if mail.is_configured() else list(made)
    if kept:
        st.session_state[_NOT_SENT] = kept


def show_all(actor: Actor) -> None:
    """The links that were not mailed, as a file to take away; gone once the page is left."""
    kept: list[Invitation] = st.session_state.get(_NOT_SENT, [])
    if not kept:
        return
    with st.container(border=True):
        title = n_("{count} person is invited", "{count} people are invited", len(kept))
        st.markdown(f":material/link: **{md(title)}**")
        st.markdown(
            md(
                _(
                    "Nobody has mailed them their links. Take the file now and pass each its own:"
                    " it is not offered again once you leave this page."
                )
            )
        )
        with st.container(horizontal=True):
            st.download_button(
                _("Links as CSV"),
                _as_csv(kept),
                file_name=exports.file_name(actor, "invitations"),
                mime="text/csv",
                on_click="ignore",
                icon=":material/download:",
                type="primary",
                key="invitations",
            )
            st.button(_("I have them"), on_click=forget_all, key="invitations_done")


def forget_all() -> None:
    st.session_state.pop(_NOT_SENT, None)


def _hand_over(actor: Actor, user_id: UUID, made: Invitation, days: int) -> None:
    """Mail it, or keep it to be shown: who may read the mail is nobody's business here."""
    address, error = links.address_of(made.token), None
    if mail.is_configured():
        try:
            (letters.invite if days else letters.reset)(actor, made)
            address = ""
        except MailNotSent as not_sent:
            error = not_sent
    st.session_state[_OFFERED] = Offered(user_id, made.name, address or None, days, error)


def _not_sent(actor: Actor, made: Sequence[Invitation]) -> Iterator[Invitation]:
    bar = st.progress(0.0, _("Sending the invitations"))
    misses = 0
    for number, one in enumerate(made, start=1):
        if misses < _GIVE_UP_AFTER:
            misses += 1
            with suppress(MailNotSent):  # kept, and told by being offered
                letters.invite(actor, one)
                misses = 0
        if misses:
            yield one
        bar.progress(number / len(made), _("Sending the invitations"))
    bar.empty()


def _how_long(days: int) -> str:
    if not days:
        return _("It works once, within an hour, and is shown only now.")
    return n_(
        "It works once, within {count} day, and is shown only now.",
        "It works once, within {count} days, and is shown only now.",
        days,
    )


def _as_csv(kept: Sequence[Invitation]) -> bytes:
    header = [_("Name"), _("E-mail"), _("Link")]
    return exports.to_csv(header, [[i.name, i.email, links.address_of(i.token)] for i in kept])
