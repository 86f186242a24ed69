"""The drawer of one person: who they are, what can be done about their account, their teams."""

from collections.abc import Callable, Sequence
from html import escape
from uuid import UUID

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.engine.people_views import PersonState, PersonView
from goals_core.errors import GoalsError, NotFound
from goals_core.permissions import Role
from goals_core.services import people, signin
from goals_core.services.people import Membership, PersonDetails
from ui import dialogs, people_form, people_links, people_steps, reads
from ui.feedback import refusals, tell
from ui.forms import Form
from ui.people_list import COLORS, OPEN, close, state
from ui.places import IMPORTS, TEAMS
from ui.session import require_actor
from ui.wording import _, md, n_, name, spoken

INVITE = "invite"
_WIDTH = 560
_LINK, _OUT, _DISABLE = "link", "sign out", "disable"
_NOTHING = "—"


def start_invitation() -> None:
    """Open the empty form."""
    close()
    blank = {"email": "", "name": "", "title": "", "role": Role.REP}
    Form(INVITE).load(blank | {"manager_id": None, "hired_on": None})
    dialogs.go(INVITE)


def show(actor: Actor) -> None:
    """The drawer: of the person that the address names, or the form for somebody new."""
    wanted = st.query_params.get(OPEN)
    if wanted is None:
        if dialogs.step() == INVITE:
            title = _("Invite someone")
            st.dialog(title, position="right", width=_WIDTH, on_dismiss=_close)(_invite)()
        return
    try:
        with tenant_session(actor) as db:
            person = people.get(db, UUID(wanted)).person
    except (ValueError, NotFound):  # nobody of this company: the list says who there is
        _close()
        return
    drawer = st.dialog(md(person.name), position="right", width=_WIDTH, on_dismiss=_close)
    drawer(_body)(person.id)


def _close() -> None:
    close()
    dialogs.forget()
    people_links.forget()


def _invite() -> None:
    """A fragment: it runs again without its page."""
    actor = require_actor()
    top, form = st.container(), Form(INVITE)
    wanted = people_form.fields(form, people_form.managers(actor), is_new=True)
    st.caption(_("The person chooses a password by a link, which you get next."))
    with st.container(horizontal=True, vertical_alignment="center"):
        sent = st.button(_("Invite"), type="primary", key="invite_send")
        if st.button(
            _("Many at once: from a spreadsheet"),
            icon=":material/upload_file:",
            type="tertiary",
            key="invite_many",
        ):
            dialogs.forget()
            st.switch_page(IMPORTS, query_params={"kind": _("People")})
    if not sent:
        return
    try:
        with tenant_session(actor) as db:
            user_id = people.invite(
                db,
                email=wanted.email,
                name=wanted.name,
                title=wanted.title,
                role=wanted.role,
                manager_id=wanted.manager_id,
                hired_on=wanted.hired_on,
            )
        people_links.invite(actor, user_id)
    except GoalsError as error:
        form.tell(error, top=top)
        return
    st.query_params[OPEN] = str(user_id)
    dialogs.go()
    st.rerun()


def _body(user_id: UUID) -> None:
    """A fragment: it runs again without its page."""
    actor = require_actor()
    try:
        with tenant_session(actor) as db:
            details = people.get(db, user_id)
        if people_steps.show(actor, details):
            return
    except GoalsError as error:
        tell(error)
        st.button(_("Back"), on_click=dialogs.go, key="back")
        return
    dialogs.show_done()
    people_links.show(user_id)
    _facts(details)
    _actions(actor, details.person)
    st.space("small")
    _teams(details.memberships)


def _facts(details: PersonDetails) -> None:
    person = details.person
    badges = [
        f":{COLORS[person.state]}-badge[{state(person.state)}]",
        f":blue-badge[{name(person.role)}]",
    ]
    st.markdown(" ".join(badges))
    with st.container(gap="xxsmall"):
        for label, words in _told(details):
            with st.container(horizontal=True, wrap=False, gap="small"):
                st.markdown(f":gray[{md(label)}]", width=140)
                # as it is typed, and on as many lines as it needs: no e-mail becomes a link
                st.html(f'<span style="overflow-wrap: anywhere">{escape(words or _NOTHING)}</span>')


def _told(details: PersonDetails) -> list[tuple[str, str]]:
    person = details.person
    signed_in = person.last_signed_in_at
    told = [
        (_("E-mail"), person.email),
        (_("Title"), person.title),
        (_("Manager"), person.manager or ""),
        (_("First day"), spoken().day(person.hired_on) if person.hired_on else ""),
        (_("Last day"), spoken().day(person.left_on) if person.left_on else ""),
        (_("Last sign-in"), spoken().moment(signed_in) if signed_in else ""),
        (_("Leads"), ", ".join(details.leads)),
    ]
    always = {_("E-mail"), _("Manager"), _("Last sign-in")}
    if details.manages:
        told.append((_("Manages"), n_("{count} person", "{count} people", details.manages)))
    return [(label, words) for label, words in told if words or label in always]


def _actions(actor: Actor, person: PersonView) -> None:
    """What may be done now; the services would refuse the rest."""
    with st.container(horizontal=True):
        if person.state is PersonState.DISABLED and st.button(
            _("Enable"), type="primary", icon=":material/person_check:", key="enable"
        ):
            _do(actor, person, people.enable, _("{name} can sign in again."))
        st.button(
            _("Edit"),
            icon=":material/edit:",
            on_click=people_steps.start_edit,
            args=(person,),
            key="edit",
        )
        more = _more(actor, person)
        if more:
            chosen = st.menu_button(_("More"), list(more), format_func=more.__getitem__, key="more")
            if chosen:
                _chosen(actor, person, chosen)


def _more(actor: Actor, person: PersonView) -> dict[str, str]:
    if person.state is PersonState.DISABLED:
        return {}
    is_invited = person.state is PersonState.INVITED
    more = {_LINK: _("New invitation link") if is_invited else _("Link for a new password")}
    if not is_invited:
        more[_OUT] = _("Sign out everywhere")
    if person.id != actor.user_id:
        more[_DISABLE] = _("Disable…")
    return more


def _chosen(actor: Actor, person: PersonView, deed: str) -> None:
    """Do it at once; what takes something away asks first."""
    if deed == _OUT:
        _do(actor, person, _sign_out, _("{name} is signed out of every browser."))
        return
    with refusals():
        if deed == _DISABLE:
            dialogs.go(people_steps.DISABLE)
        elif person.state is PersonState.INVITED:
            people_links.invite(actor, person.id)
        else:
            people_links.reset(actor, person.id)
        st.rerun()


def _do(
    actor: Actor, person: PersonView, deed: Callable[[TenantSession, UUID], None], done: str
) -> None:
    with refusals():
        with tenant_session(actor) as db:
            deed(db, person.id)
        reads.forget()
        dialogs.say_done(done.format(name=person.name))
        st.rerun()


def _sign_out(db: TenantSession, user_id: UUID) -> None:
    signin.revoke_all(db, user_id=user_id)


def _teams(found: Sequence[Membership]) -> None:
    """The teams over time; a click leads to the team."""
    st.markdown(f"**{md(_('Teams'))}**")
    if not found:
        st.caption(_("In no team yet: records count for the person alone."))
    with st.container(gap="xxsmall"):
        for each in found:
            with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
                if st.button(md(each.team), type="tertiary", key=f"team_{each.id}"):
                    st.switch_page(TEAMS, query_params={"team": str(each.team_id)})
                st.space("stretch")
                st.markdown(f":small[:gray[{md(days(each))}]]", width="content")


def days(membership: Membership) -> str:
    """Since when, or from when to when."""
    since = spoken().day(membership.member_from)
    if membership.member_to is None:
        return _("since {day}").format(day=since)
    return spoken().span(membership.member_from, membership.member_to)
