"""Signing in and out by a provider: the buttons, coming back from there, leaving for there."""

import streamlit as st

from goals_core.engine.provider_words import NotWelcome, WordOver
from goals_core.services import sso
from goals_core.services.signin import UsedAlready
from goals_core.services.sso import Entry
from ui import providers, visitor
from ui.wording import _, md, say

_REFUSED = "goals_provider_refused"


def buttons() -> None:
    """One for each provider; none where none is configured."""
    offers = providers.offers()
    for offer in offers:
        label = _("Sign in with {name}").format(name=md(offer.name))
        if st.button(label, key=f"goals_sso_{offer.key}", width="stretch", icon=":material/login:"):
            st.login(offer.key)
    if offers:
        st.markdown(_(":gray[or with your password]"), text_alignment="center")


def come_in() -> Entry | None:
    """The session of whoever has just come back from a provider; a refusal is said here."""
    if refused := st.session_state.get(_REFUSED):
        st.error(refused, icon=":material/lock:")
    elif is_logged_in():
        try:
            return _enter()
        except (WordOver, UsedAlready):
            return None  # Streamlit's cookie outlives the sign-in by weeks: it means nothing more
        except NotWelcome as error:
            st.session_state[_REFUSED] = md(say(error))
            return come_in()
    return None


def is_logged_in() -> bool:
    """Whether this browser brought a provider's claims, be they new or old."""
    return st.user.to_dict().get("is_logged_in") is True


def leave() -> None:
    """Go and take Streamlit's cookie away, by way of the provider, where one signed in by it."""
    if is_logged_in():
        st.logout()


def _enter() -> Entry | None:
    claims = st.user.to_dict()
    offer = providers.find(claims.get("provider"))
    if offer is None:
        return None  # it is configured no more
    return sso.enter(
        claims,
        provider=offer.provider,
        user_agent=visitor.user_agent(),
        address=visitor.address(),
    )
