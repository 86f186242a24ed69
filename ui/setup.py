"""The page of a fresh installation's one-time link: its first company and administrator."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from zoneinfo import available_timezones

import streamlit as st
from babel import Locale, UnknownLocaleError, localedata
from babel.dates import get_month_names
from babel.numbers import get_territory_currencies

from goals_core.services import setup
from goals_core.services.setup import Administrator, NewCompany
from ui import brand, currencies
from ui.feedback import empty_state, field_error, refusals
from ui.wording import _, spoken

_TOKEN, _DONE = "goals_setup", "goals_setup_done"
_FORM = "setup"
T = TypeVar("T")


def is_asked_for() -> bool:
    """Whether this tab came by such a link; it leaves the address as soon as it is read."""
    if token := st.query_params.get("setup"):
        st.session_state[_TOKEN] = token
        st.query_params.clear()
    return _TOKEN in st.session_state


def page() -> None:
    """The form, in place of whatever page was asked for."""
    token = st.session_state[_TOKEN]
    with st.container(horizontal_alignment="center"), st.container(width=560):
        st.html(f'<div style="text-align: center">{brand.picture(56)}</div>')
        if (done := st.session_state.get(_DONE)) is not None:
            _lead_on(*done)
        elif setup.is_open(token):
            _begin(token)
        elif empty_state(
            ":material/link_off:",
            _("This link begins nothing any more"),
            _("It has been used or has run out. While there is no company, each start makes one."),
            action=_("To the sign-in"),
            key="setup_leave",
        ):
            _leave()


def _begin(token: str) -> None:
    st.title(_("Welcome to Goals"), anchor=False, text_alignment="center")
    st.markdown(
        _(":gray[Your company and who manages it: everybody else is invited afterwards.]"),
        text_alignment="center",
    )
    with st.form("setup", border=False):
        with st.container(border=True):
            company = _company()
        with st.container(border=True):
            administrator = _administrator()
        sent = st.form_submit_button(_("Begin"), type="primary", width="stretch", key="setup_begin")
    if sent:
        with refusals(_FORM):
            made = setup.begin(token, company, administrator)
            st.session_state[_DONE] = (made.name, administrator.email)
            st.rerun()


def _company() -> NewCompany:
    st.subheader(_("Your company"), anchor=False)
    name = st.text_input(_("Name"), key="setup_company", autocomplete="organization")
    field_error("company_name", form=_FORM)
    field_error("company_slug", form=_FORM)
    left, right = st.columns(2)
    with left:
        locale = _chosen("locale", _("How numbers and days are written"), _locales(), _own_locale())
        currency = _chosen("currency", _("Currency"), currencies.in_use(), _own_currency())
    with right:
        timezone = _chosen("timezone", _("Time zone"), _timezones(), st.context.timezone or "UTC")
        month = _chosen("fiscal_year_start", _("The fiscal year begins in"), tuple(range(1, 13)), 1)
    return NewCompany(
        name=name, timezone=timezone, locale=locale, currency=currency, fiscal_year_start=month
    )


def _administrator() -> Administrator:
    st.subheader(_("You, its administrator"), anchor=False)
    left, right = st.columns(2)
    with left:
        name = st.text_input(_("Your name"), key="setup_name", autocomplete="name")
        field_error("name", form=_FORM)
    with right:
        email = st.text_input(_("E-mail"), key="setup_email", autocomplete="username")
        field_error("email", form=_FORM)
    password = st.text_input(
        _("Password"),
        type="password",
        key="setup_password",
        autocomplete="new-password",
        help=_("At least 12 characters; a few words are easy to remember."),
    )
    field_error("password", form=_FORM)
    return Administrator(name=name, email=email, password=password)


def _lead_on(company: str, email: str) -> None:
    if empty_state(
        ":material/celebration:",
        _("{company} is there").format(company=company),
        _("Sign in as {email}; under Administration you invite the others.").format(email=email),
        action=_("To the sign-in"),
        key="setup_leave",
    ):
        _leave()


def _leave() -> None:
    for key in (_TOKEN, _DONE):
        st.session_state.pop(key, None)
    st.rerun()


def _chosen(name: str, label: str, options: tuple[T, ...], first: T) -> T:
    """One of many, searched by typing; `first` where the browser's own is not among them."""
    titles: dict[str, Callable[[Any], str]] = {
        "locale": _language,
        "currency": currencies.titled,
        "fiscal_year_start": _month,
    }
    chosen = st.selectbox(
        label,
        options,
        index=options.index(first) if first in options else 0,
        format_func=titles.get(name, str),
        key=f"setup_{name}",
    )
    field_error(f"company_{name}", form=_FORM)
    return chosen


def _language(name: str) -> str:
    return Locale.parse(name).get_display_name(spoken().locale) or name


def _month(number: int) -> str:
    return str(get_month_names("wide", "stand-alone", spoken().locale)[number])


def _own_locale() -> str:
    own = (st.context.locale or "en_US").replace("-", "_")
    return own if own in _locales() else "en_US"


def _own_currency() -> str:
    territory = Locale.parse(_own_locale()).territory
    found = get_territory_currencies(territory) if territory else []
    return found[0] if found else "USD"


@cache
def _locales() -> tuple[str, ...]:
    """A language in a country: what numbers and days need."""
    return tuple(sorted(name for name in localedata.locale_identifiers() if _has_country(name)))


def _has_country(name: str) -> bool:
    try:
        parsed = Locale.parse(name)
    except (ValueError, UnknownLocaleError):
        return False
    return bool(parsed.territory and not parsed.variant and len(parsed.territory) == 2)


@cache
def _timezones() -> tuple[str, ...]:
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC"))
