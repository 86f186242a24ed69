"""Channels on the page of notifications: one's own or the company's, how they go, a new one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from goals_core import chat, mail, sealed
from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.engine.channels import ChannelView, Outcome
from goals_core.errors import GoalsError
from goals_core.kinds import DeliveryState, Event
from goals_core.services import notifications
from ui.feedback import field_error, flash, refusals
from ui.wording import _, md, name, say, spoken

EXAMPLES = (
    "https://hooks.slack.com/services/…",
    "https://….logic.azure.com/workflows/…",
    "https://discord.com/api/webhooks/…",
    "https://chat.googleapis.com/v1/spaces/…",
    "mmosts://chat.example.com/…",
    "tgram://…",
    "ntfys://ntfy.example.com/…",
    "jsons://hooks.example.com/…",
)


@dataclass(frozen=True, slots=True)
class _Whose:
    """One's own channels or the company's: the keys of their widgets, and what does it."""

    key: str
    read: Callable[[TenantSession], Sequence[ChannelView]]
    remove: Callable[[TenantSession, UUID], None]
    is_companys: bool


_OWN = _Whose("own", notifications.channels, notifications.remove_channel, is_companys=False)
_COMPANYS = _Whose(
    "company",
    notifications.company_channels,
    notifications.remove_company_channel,
    is_companys=True,
)


def mailbox(actor: Actor) -> None:
    """One's own address, how the last mail went, and a test."""
    with tenant_session(actor) as db:
        last = notifications.mailbox(db)
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap="xxsmall", width="stretch"):
            st.text(actor.email)  # in Markdown a link
            st.markdown(f":small[{_how(last)}]")
        if st.button(_("Send a test"), disabled=not mail.is_configured(), key="try_mailbox"):
            _try(lambda: notifications.try_mailbox(actor))


def own_channels(actor: Actor) -> None:
    """One's own, and a new one."""
    _channels(actor, _OWN)


def company_channels(actor: Actor) -> None:
    """Those of the company, for who manages it."""
    _channels(actor, _COMPANYS)


def _channels(actor: Actor, whose: _Whose) -> None:
    with tenant_session(actor) as db:
        found = whose.read(db)
    for each in found:
        with st.container(border=True):
            _shown(actor, each, whose)
    if sealed.is_possible():
        with st.expander(_("Add a channel"), icon=":material/add:", key=f"add_{whose.key}"):
            _new(actor, whose)
    else:
        st.caption(_(sealed.NoKey.message))


def _shown(actor: Actor, channel: ChannelView, whose: _Whose) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        told = ", ".join(name(event) for event in channel.events)
        about = f"  \n:small[:gray[{md(told)}]]" if told else ""
        st.markdown(
            f":material/forum: **{md(channel.name)}** · {md(name(channel.service))}"
            f"  \n:small[{_how(channel.last)}]{about}",
            width="stretch",
        )
        if st.button(_("Send a test"), key=f"try_{channel.id}"):
            _try(lambda: notifications.try_channel(actor, channel.id))
        if st.button(
            ":material/delete:", type="tertiary", help=_("Remove"), key=f"remove_{channel.id}"
        ):
            with refusals():
                with tenant_session(actor) as db:
                    whose.remove(db, channel.id)
                flash(_("{name} is removed.").format(name=channel.name))
                st.rerun()


def _new(actor: Actor, whose: _Whose) -> None:
    form = f"channel_{whose.key}"
    if st.session_state.pop(f"{form}_added", False):
        for field in ("name", "address"):
            st.session_state[f"{form}_{field}"] = ""  # nothing of it stays in the browser
    with st.form(form, border=False, clear_on_submit=False):
        called = st.text_input(_("Name"), max_chars=100, key=f"{form}_name")
        field_error("name", form=form)
        # a password field: the address is a secret, and no browser is to keep it in plain sight
        address = st.text_input(
            _("Address"),
            type="password",
            max_chars=chat.LONGEST,
            autocomplete="off",
            placeholder=EXAMPLES[0],
            help=_("As the service gives it, or in the way of Apprise, such as {examples}").format(
                examples=" ".join(f"`{example}`" for example in EXAMPLES)
            ),
            key=f"{form}_address",
        )
        field_error("address", form=form)
        events = _events(form) if whose.is_companys else []
        sent = st.form_submit_button(_("Add"), key=f"{form}_add")
    if sent:
        with refusals(form):
            _add(actor, called, address, events, whose)
            flash(_("{name} is there; send a test to see whether it arrives.").format(name=called))
            st.rerun()


def _events(form: str) -> list[Event]:
    events = st.pills(
        _("Events"),
        list(Event),
        selection_mode="multi",
        default=[Event.ACHIEVED],
        format_func=name,
        key=f"{form}_events",
    )
    field_error("events", form=form)
    return events


def _add(actor: Actor, called: str, address: str, events: list[Event], whose: _Whose) -> None:
    with tenant_session(actor) as db:
        if whose.is_companys:
            notifications.add_company_channel(db, name=called, address=address, events=events)
        else:
            notifications.add_channel(db, name=called, address=address)
    st.session_state[f"channel_{whose.key}_added"] = True


def _try(send: Callable[[], None]) -> None:
    try:
        send()
    except GoalsError as error:
        flash(say(error), is_warning=True)
    else:
        flash(_("The test was taken; see whether it arrives."))
    st.rerun()


def _how(last: Outcome | None) -> str:
    """Markdown: how the last delivery went."""
    if last is None:
        return f":gray[{_('Nothing was sent yet')}]"
    when = spoken().moment(last.at)
    match last.state:
        case DeliveryState.SENT:
            return f":gray[{md(_('Last sent {when}').format(when=when))}]"
        case DeliveryState.WAITING:
            said = _("Not taken yet ({reason}); tried again {when}")
        case DeliveryState.GIVEN_UP:
            said = _("Given up {when}: {reason}")
        case _other:
            said = _("Refused {when}: {reason}")
    return f":red[{md(said.format(when=when, reason=last.error or ''))}]"
