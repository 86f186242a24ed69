"""What can be imported, its templates, and the file that was given, read once."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import Any
from uuid import UUID

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.paging import LARGEST_PAGE, PageRequest
from goals_core.errors import GoalsError, Invalid, Problem
from goals_core.imports import (
    definitions_import,
    invitations,
    people_import,
    progress_import,
    quotas_import,
    rates_import,
)
from goals_core.imports.preview import Imported, Preview
from goals_core.imports.sheets import MOST_BYTES
from goals_core.imports.templates import Kind, template
from goals_core.imports.writing import Format
from goals_core.kinds import GoalStatus
from goals_core.permissions import Permission
from goals_core.services import definitions
from goals_core.services.definitions import DefinitionView
from ui import exports, import_refusals, people_links, spreadsheets
from ui.feedback import empty_state, field_error, tell
from ui.wording import _, md, name, say, speak, spoken

FORM = "import"
LARGEST_MB = MOST_BYTES >> 20
_READ = "goals_import_read"
_NEXT = "goals_import_next"
_NEEDS = {
    Kind.PROGRESS: Permission.PROGRESS,
    Kind.DEFINITIONS: Permission.WRITE,
    Kind.QUOTAS: Permission.ASSIGN,
    Kind.PEOPLE: Permission.MANAGE,
    Kind.RATES: Permission.MANAGE,
}
_IMPORTERS: dict[Kind, ModuleType] = {
    Kind.PROGRESS: progress_import,
    Kind.DEFINITIONS: definitions_import,
    Kind.QUOTAS: quotas_import,
    Kind.PEOPLE: people_import,
    Kind.RATES: rates_import,
}
_LIVING = (GoalStatus.ACTIVE, GoalStatus.DRAFT, GoalStatus.PAUSED)


def kinds(actor: Actor) -> list[Kind]:
    """What the actor may bring in."""
    return [kind for kind, needed in _NEEDS.items() if actor.may(needed)]


def choose_kind(offered: list[Kind]) -> Kind:
    """What is brought in, kept in the address."""
    words = {
        Kind.PROGRESS: _("Progress"),
        Kind.DEFINITIONS: _("Goals"),
        Kind.QUOTAS: _("Quotas"),
        Kind.PEOPLE: _("People"),
        Kind.RATES: _("Exchange rates"),
    }
    kind: Kind = st.segmented_control(
        _("What the file has"),
        offered,
        default=offered[0],
        required=True,
        format_func=words.__getitem__,
        key="kind",
        bind="query-params",
    )
    return kind


def goals(actor: Actor) -> dict[str, UUID]:
    """The goals that can be assigned, each under a name of its own."""
    found: list[DefinitionView] = []
    with tenant_session(actor) as db:
        number, pages = 1, 1
        while number <= pages:
            wanted = PageRequest(number, LARGEST_PAGE)
            page = definitions.list_(db, statuses=_LIVING, page=wanted)
            found += page.items
            number, pages = number + 1, page.pages
    return _by_label(found)


def choose_goal(offered: dict[str, UUID]) -> UUID | None:
    """The goal whose quotas the grid has, kept in the address; none is taken for granted."""
    label = st.selectbox(
        _("Goal"),
        list(offered),
        index=None,
        placeholder=_("Choose a goal"),
        key="goal",
        bind="query-params",
    )
    return offered[label] if label else None


def templates(actor: Actor, kind: Kind, goal: UUID | None) -> None:
    """The empty file to fill, or, of quotas, the grid as it is now."""
    subject = f"{kind.value}-template"
    files = (
        ("Excel", Format.XLSX, spreadsheets.file_name(actor, subject), spreadsheets.MIME),
        ("CSV", Format.CSV, exports.file_name(actor, subject), "text/csv"),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":gray[{md(_('Template'))}]", width="content")
        for label, format_, file_name, mime in files:
            st.download_button(
                label,
                partial(_template, actor, kind, format_, goal),
                file_name=file_name,
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"template_{format_.value}",
            )


def upload(actor: Actor, kind: Kind, goal: UUID | None) -> Preview[Any] | None:
    """The file that was given, read once; what is wrong with the whole of it stands below."""
    number = st.session_state.setdefault(_NEXT, 0)
    given = st.file_uploader(
        _("File"),
        type=[format_.value for format_ in Format],
        max_upload_size=LARGEST_MB,
        key=f"file_{kind.value}_{number}",
    )
    field_error("file", form=FORM)
    if given is None:
        forget()
        return None
    key = (kind, goal, given.file_id)
    if st.session_state.get(_READ, (None, None))[0] != key:
        st.session_state[_READ] = (key, _read(actor, kind, goal, given.getvalue(), given.name))
    found = st.session_state[_READ][1]
    if isinstance(found, GoalsError):
        tell(_of_the_file(found), form=FORM)
        return None
    preview: Preview[Any] = found
    return preview


def explain(kind: Kind) -> None:
    """What a file of this kind says, as long as there is none."""
    words = {
        Kind.PROGRESS: _(
            "One row is one reading: which goal, whose, the day,"
            " and the new value or what is added to it."
        ),
        Kind.DEFINITIONS: _(
            "One row is one goal. It becomes a draft: nothing is tracked until it is activated."
        ),
        Kind.QUOTAS: _(
            "A row for each person, a column for each window. The template has the targets"
            " of now; an empty cell leaves a target as it is."
        ),
        Kind.PEOPLE: _(
            "One row is one person: who is new is invited, who is there is changed. An empty cell"
            " leaves it as it is, and nobody goes for not being in the file."
        ),
        Kind.RATES: _(
            "One row is what one unit of a currency is worth in another on a day. A rate of the"
            " same pair and day is replaced; none goes for not being in the file."
        ),
    }
    then = _("You see what would happen before anything is written.")
    empty_state(":material/upload_file:", _("Fill in the template"), f"{words[kind]} {then}")


def commit(actor: Actor, kind: Kind, preview: Preview[Any]) -> Imported | None:
    """Bring the file in, all of it or nothing; afterwards the field is empty again.

    Who is new by it gets a link, which is mailed or kept to be taken away. None: some rows no
    longer fit; the file is kept, and they are marked in its preview.
    """
    try:
        with tenant_session(actor) as db:
            done: Imported = _IMPORTERS[kind].commit(db, preview)
            made = invitations.offer(db, done.made) if done.made else []
    except Invalid as error:
        marked = import_refusals.marked(preview, error.problems)
        if marked.is_ready:  # what is wrong is at none of its rows
            raise
        st.session_state[_READ] = (st.session_state[_READ][0], marked)
        return None
    st.session_state[_NEXT] += 1
    forget()
    people_links.send_all(actor, made)
    return done


def forget() -> None:
    """Let go of what was read, which can be large: it is read anew when it is wanted again."""
    st.session_state.pop(_READ, None)


def leave() -> None:
    """Another page is open: nothing of this one stays, links neither."""
    forget()
    people_links.forget_all()


def _by_label(found: Sequence[DefinitionView]) -> dict[str, UUID]:
    """By name; goals of one name also by period and first day, numbered by age if need be."""
    named = Counter(view.name for view in found)
    labels: dict[str, UUID] = {}
    for view in sorted(found, key=lambda view: (view.name.casefold(), view.created_at, view.id)):
        label = view.name
        if named[label] > 1:
            since = spoken().day(view.settings.starts_at)
            label = f"{label} · {name(view.settings.period)} · {since}"
        called, number = label, 1
        while called in labels:
            number += 1
            called = f"{label} ({number})"
        labels[called] = view.id
    return labels


def _of_the_file(error: GoalsError) -> GoalsError:
    """Everything that keeps the file from being read, in one place: below its field."""
    problems = error.problems if isinstance(error, Invalid) else (error,)
    text = " ".join(say(problem) for problem in problems)
    return Invalid(Problem("file", "{text}", {"text": text}))


def _read(
    actor: Actor, kind: Kind, goal: UUID | None, data: bytes, file_name: str
) -> Preview[Any] | GoalsError:
    of_goal = {"definition_id": goal} if kind is Kind.QUOTAS else {}
    try:
        with tenant_session(actor) as db:
            read: Preview[Any] = _IMPORTERS[kind].read(db, data, file_name, **of_goal)
    except GoalsError as error:
        return error
    return read


def _template(actor: Actor, kind: Kind, format_: Format, goal: UUID | None) -> bytes:
    speak(actor)  # it runs in a thread of its own, which knows nobody
    with tenant_session(actor) as db:
        return template(db, kind, format_, definition_id=goal, translate=_)
