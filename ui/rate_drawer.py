"""The drawer of one exchange rate: a new one, another value, or the question before it is gone."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

import streamlit as st
from babel import Locale
from streamlit.delta_generator import DeltaGenerator

from goals_core.actor import Actor, Tenant
from goals_core.db import TenantSession, tenant_session
from goals_core.engine.exchange import Rate
from goals_core.errors import N_, GoalsError, Invalid, NotFound, Problem
from goals_core.imports import typed
from goals_core.services import rates
from goals_core.services.rates import RateView
from ui import currencies, dialogs, reads
from ui.dialogs import Question
from ui.feedback import flash
from ui.forms import Form
from ui.rate_list import OPEN, arrow, close, exact
from ui.session import require_actor
from ui.wording import _, md, spoken

NEW, DELETE = "new rate", "delete rate"
_FORM = "rate"
_WIDTH = 420


def start_new(tenant: Tenant) -> None:
    """Open the empty form."""
    close()
    began = {"to_currency": tenant.currency, "from_currency": None, "day": tenant.today, "rate": ""}
    Form(_FORM).load(began)
    dialogs.go(NEW)


def show(actor: Actor) -> None:
    """The drawer: of the rate that the address names, or the form for a new one."""
    wanted = st.query_params.get(OPEN)
    if wanted is None:
        if dialogs.step() == NEW:
            st.dialog(_("New rate"), position="right", width=_WIDTH, on_dismiss=_close)(_new)()
        return
    try:
        with tenant_session(actor) as db:
            found = rates.get(db, UUID(wanted))
    except (ValueError, NotFound):  # none of this company: the list says which there are
        _close()
        return
    if Form(_FORM).read("of") != wanted:
        Form(_FORM).load({"of": wanted, "rate": exact(found.rate)})
    title = md(f"{arrow(found.is_of)}, {spoken().day(found.day)}")
    st.dialog(title, position="right", width=_WIDTH, on_dismiss=_close)(_body)(found)


def _close() -> None:
    close()
    dialogs.forget()
    Form(_FORM).load({"of": None})


def _new() -> None:
    """A fragment: it runs again without its page."""
    actor = require_actor()
    top, form = st.container(), Form(_FORM)
    left, right = st.columns(2)
    with left:
        from_currency = _currency(form, "from_currency", _("One unit of"))
    with right:
        to_currency = _currency(form, "to_currency", _("is worth, in"))
    day = form.day("day", _("Day"), help=_("It holds for seven days, or until the next one."))
    value = _value(form, actor)

    def add(db: TenantSession) -> None:
        assert day is not None and value is not None  # noqa: S101, PT018  (a problem otherwise)
        rates.add(db, Rate(from_currency or "", to_currency or "", day, value))

    if st.button(_("Add"), type="primary", key="rate_send"):
        _done(actor, form, top, add, _("The rate is added; the next sync computes everything."))


def _body(rate: RateView) -> None:
    """A fragment: it runs again without its page."""
    actor = require_actor()
    if dialogs.step() == DELETE:
        _delete(actor, rate)
        return
    top, form = st.container(), Form(_FORM)
    value = _value(form, actor)

    def change(db: TenantSession) -> None:
        assert value is not None  # noqa: S101  (a problem otherwise)
        rates.change(db, rate.id, rate=value)

    if st.button(_("Save"), type="primary", key="rate_send"):
        _done(actor, form, top, change, _("The rate is saved; the next sync computes everything."))
    st.button(
        _("Delete…"),
        icon=":material/delete:",
        type="tertiary",
        on_click=dialogs.go,
        args=(DELETE,),
        key="rate_delete",
    )


def _delete(actor: Actor, rate: RateView) -> None:
    question = Question(
        _("Delete this rate?"),
        _(
            "Records of its days count by an earlier rate, of up to six days before,"
            " or are left out."
        ),
        _("Delete"),
        "rate",
    )

    def delete() -> None:
        with tenant_session(actor) as db:
            rates.delete(db, rate.id)

    if dialogs.ask(question, delete):
        _leave(_("The rate is deleted; the next sync computes everything."))


def _currency(form: Form, name: str, label: str) -> str | None:
    code: str | None = form.typed_choice(
        name, label, currencies.in_use(), words=currencies.titled, placeholder=_("Choose")
    )
    if code is None:
        form.problem(name, N_("Choose a currency."))
    return code


def _value(form: Form, actor: Actor) -> Decimal | None:
    """The rate that was typed; what is none becomes a problem of the field."""
    text = form.text("rate", _("Rate"), placeholder=exact(Decimal("1.0842")))
    try:
        return typed.rate(text, Locale.parse(actor.tenant.locale))
    except Invalid as error:
        form.problems += [Problem("rate", p.message, p.facts) for p in error.problems]
        return None


def _done(
    actor: Actor,
    form: Form,
    top: DeltaGenerator,
    deed: Callable[[TenantSession], None],
    sentence: str,
) -> None:
    """Do it, unless something is wrong, which is told at its field or at the top."""
    try:
        if form.problems:
            raise Invalid(*form.problems)
        with tenant_session(actor) as db:
            deed(db)
    except GoalsError as error:
        form.tell(error, top=top)
        return
    _leave(sentence)


def _leave(sentence: str) -> None:
    reads.forget()
    _close()
    flash(sentence)
    st.rerun()
