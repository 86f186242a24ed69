"""Single sign-on on the settings page: whose word the company takes, how providers know one."""

from uuid import UUID

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.services import sso
from goals_core.services.sso import Identity, Rules
from ui import providers
from ui.feedback import field_error, flash, refusals
from ui.session import require_actor
from ui.wording import Wording, _, md

_FORM = "sso_rules"


def sso_rules(actor: Actor) -> None:
    """The company's rules, to see and to change; nothing where no provider is configured."""
    known = [offer.provider.issuer for offer in providers.offers()]
    if not known:
        return
    with tenant_session(actor) as db:
        rules = sso.rules(db)
    st.subheader(_("Single sign-on"), anchor=False)
    issuer, domains, sent = _form(rules, known)
    if sent:
        with refusals(_FORM):
            with tenant_session(require_actor()) as db:
                sso.change_rules(db, issuer=issuer, domains=domains.replace(",", " ").split())
            flash(_("The rules of single sign-on are saved."))
            st.rerun()


def linked_sign_ins(actor: Actor, *, user_id: UUID) -> None:
    """How providers know a person, each to be unlinked; nothing where none does."""
    with tenant_session(actor) as db:
        linked = sso.identities(db, user_id=user_id)
    if not linked:
        return
    st.subheader(_("Linked sign-ins"), anchor=False)
    for identity in linked:
        _linked(identity, Wording.of(actor))


def _form(rules: Rules, known: list[str]) -> tuple[str, str, bool]:
    issuers = list(dict.fromkeys(["", *known, rules.issuer]))
    with st.form(_FORM):
        issuer = st.selectbox(
            _("Trusted issuer"),
            issuers,
            index=issuers.index(rules.issuer),
            format_func=lambda name: name or _("None: people sign in with their passwords"),
            key="sso_issuer",
        )
        field_error("issuer", form=_FORM)
        domains = st.text_input(
            _("Domains of e-mails"),
            " ".join(rules.domains),
            help=_("A verified e-mail of one of these links a person to their account, once."),
            key="sso_domains",
        )
        field_error("domains", form=_FORM)
        return issuer, domains, st.form_submit_button(_("Save"), type="primary", key="sso_save")


def _linked(identity: Identity, wording: Wording) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{md(_called(identity.issuer))}**  \n:small[:gray[{md(identity.subject)}]]")
        since = _("since {day}").format(day=wording.moment(identity.linked_at))
        st.markdown(f":gray[{md(since)}]")
        st.space("stretch")
        if st.button(_("Unlink"), key=f"unlink_{identity.id}"):
            with refusals():
                with tenant_session(require_actor()) as db:
                    sso.unlink(db, identity_id=identity.id)
                flash(_("The sign-in is unlinked."))
                st.rerun()


def _called(issuer: str) -> str:
    """What the button calls a provider; by its issuer where it is configured no more."""
    names = {offer.provider.issuer: offer.name for offer in providers.offers()}
    return names.get(issuer, issuer)
