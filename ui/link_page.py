"""The page of a one-time link: whom it greets, and the password that they choose."""

import streamlit as st

from goals_core.actor import Actor
from goals_core.engine import passwords
from goals_core.errors import N_, invalid
from goals_core.services import links
from goals_core.services.links import Invited, Purpose
from ui import auth, brand, sign_in_form, visitor
from ui.feedback import empty_state, field_error, refusals
from ui.wording import _, md, speak_in

_TOKEN = "goals_link"  # noqa: S105  (where this tab keeps it)
_FORM = "link"


def is_asked_for() -> bool:
    """Whether this tab came by such a link; it leaves the address as soon as it is read."""
    if token := st.query_params.get("link"):
        st.session_state[_TOKEN] = token
        st.query_params.clear()
    return _TOKEN in st.session_state


def page(actor: Actor | None) -> None:
    """In place of whatever page was asked for, whoever is signed in in this tab."""
    invited = links.find(st.session_state[_TOKEN])
    if invited is not None:
        speak_in(invited.locale)
    title = _("Choose a password")
    st.set_page_config(page_title=f"{title} · {brand.NAME}")
    with st.container(horizontal_alignment="center"):
        st.space("medium")
        with st.container(width=400, key="goals_link_page"):
            st.html(f'<div style="text-align: center">{brand.picture(56)}</div>')
            if invited is None:
                _say_it_is_over(actor)
            else:
                _greet(invited)
                _warn(invited, actor)
                _choose(invited, actor)
                _way_out(actor)


def _say_it_is_over(actor: Actor | None) -> None:
    if empty_state(
        ":material/link_off:",
        _("This link opens nothing any more"),
        _("This link has been used or has run out; ask for a new one."),
        action=_to_where(actor),
        key="link_leave",
    ):
        _leave()
        st.rerun()


def _greet(invited: Invited) -> None:
    if invited.purpose is Purpose.INVITATION:
        title = _("Welcome, {name}").format(name=invited.name)
        text = _("{company} invites you: choose a password, and you are in.")
    else:
        title = _("A new password for {name}").format(name=invited.name)
        text = _("It lets you in at {company}, and signs you out wherever you are signed in.")
    st.title(md(title), anchor=False, text_alignment="center")
    said = md(text.format(company=invited.company))
    st.markdown(f":gray[{said}]", text_alignment="center")


def _warn(invited: Invited, actor: Actor | None) -> None:
    """Whoever reads this may be somebody else than who is signed in."""
    if actor is None or actor.email == invited.email:
        return
    text = _(
        "You are signed in as {name}. This link is for {invited}: whoever uses it here signs"
        " {name} out."
    )
    sentence = text.format(name=actor.name, invited=invited.name)
    st.warning(md(sentence), icon=":material/switch_account:")


def _choose(invited: Invited, actor: Actor | None) -> None:
    with st.form("link"):
        # the browser keeps the password under this name
        st.text_input(_("E-mail"), invited.email, disabled=True, autocomplete="username")
        password = _secret(_("New password"), "password")
        again = _secret(_("New password again"), "again")
        hint = _("At least {least} characters; a few words are easy to remember.")
        st.caption(hint.format(least=passwords.SHORTEST))
        sent = st.form_submit_button(
            _("Choose this password"), type="primary", width="stretch", key="link_send"
        )
    if sent:
        with refusals(_FORM):
            if password != again:
                raise invalid("again", N_("The two new passwords differ."))
            links.accept(st.session_state[_TOKEN], password, address=visitor.address())
            _lead_on(invited, actor)


def _lead_on(invited: Invited, actor: Actor | None) -> None:
    """To the sign-in form: who came by a link has not yet shown that they know the password."""
    notice = _("Your password is set. Sign in with it.")
    if actor is not None:
        auth.leave(actor)
    _leave()
    sign_in_form.greet(invited.email, notice)
    st.rerun()


def _secret(label: str, field: str) -> str:
    typed = st.text_input(label, type="password", autocomplete="new-password", key=f"link_{field}")
    field_error(field, form=_FORM)
    return typed


def _way_out(actor: Actor | None) -> None:
    with st.container(horizontal_alignment="center"):
        st.button(_to_where(actor), type="tertiary", on_click=_leave, key="link_leave")


def _to_where(actor: Actor | None) -> str:
    return _("Not now: back to the app") if actor else _("To the sign-in")


def _leave() -> None:
    st.session_state.pop(_TOKEN, None)
