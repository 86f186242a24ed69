"""What can be imported, its templates, and the file that was given, read once."""

from functools import partial
from types import ModuleType
from typing import Any
from uuid import UUID

import streamlit as st

from goals_core.actor import Actor, Permission
from goals_core.db import tenant_session
from goals_core.errors import GoalsError
from goals_core.imports import definitions_import, progress_import, quotas_import
from goals_core.imports.preview import Imported, Preview
from goals_core.imports.templates import Kind, template
from goals_core.imports.writing import Format
from goals_core.kinds import GoalStatus
from goals_core.services import definitions
from goals_core.services.definitions import DefinitionView
from goals_core.services.paging import PageRequest
from ui.feedback import field_error, tell
from ui.wording import _, md, speak

FORM = "import"
LARGEST_MB = 5
_READ = "goals_import_read"
_NEXT = "goals_import_next"
_NEEDS = {
    Kind.PROGRESS: Permission.PROGRESS,
    Kind.DEFINITIONS: Permission.WRITE,
    Kind.QUOTAS: Permission.ASSIGN,
}
_IMPORTERS: dict[Kind, ModuleType] = {
    Kind.PROGRESS: progress_import,
    Kind.DEFINITIONS: definitions_import,
    Kind.QUOTAS: quotas_import,
}
_MIMES = {
    Format.CSV: "text/csv",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
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


def choose_goal(actor: Actor) -> DefinitionView | None:
    """The goal whose quotas the grid has; None when there is none."""
    with tenant_session(actor) as db:
        found = definitions.list_(db, statuses=_LIVING, page=PageRequest(size=500))
    goal: DefinitionView | None = st.selectbox(
        _("Goal"), found.items, format_func=lambda each: each.name, key="goal"
    )
    return goal


def templates(actor: Actor, kind: Kind, goal: DefinitionView | None) -> None:
    """The empty file to fill, or, of quotas, the grid as it is now."""
    goal_id = goal.id if goal else None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":gray[{md(_('Template'))}]", width="content")
        for format_, label in ((Format.XLSX, "Excel"), (Format.CSV, "CSV")):
            st.download_button(
                label,
                partial(_template, actor, kind, format_, goal_id),
                file_name=f"{kind.value}.{format_.value}",
                mime=_MIMES[format_],
                icon=":material/download:",
                on_click="ignore",
                key=f"template_{format_.value}",
            )


def upload(actor: Actor, kind: Kind, goal: DefinitionView | None) -> Preview[Any] | None:
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
        return None
    key = (kind, goal.id if goal else None, given.file_id)
    if st.session_state.get(_READ, (None, None))[0] != key:
        st.session_state[_READ] = (key, _read(actor, kind, goal, given.getvalue(), given.name))
    found = st.session_state[_READ][1]
    if isinstance(found, GoalsError):
        tell(found, form=FORM)
        return None
    preview: Preview[Any] = found
    return preview


def commit(actor: Actor, kind: Kind, preview: Preview[Any]) -> Imported:
    """Bring the file in, all of it or nothing; afterwards the field is empty again."""
    with tenant_session(actor) as db:
        done: Imported = _IMPORTERS[kind].commit(db, preview)
    st.session_state[_NEXT] += 1
    st.session_state.pop(_READ, None)
    return done


def _read(
    actor: Actor, kind: Kind, goal: DefinitionView | None, data: bytes, name: str
) -> Preview[Any] | GoalsError:
    of_goal = {"definition_id": goal.id} if kind is Kind.QUOTAS and goal else {}
    try:
        with tenant_session(actor) as db:
            read: Preview[Any] = _IMPORTERS[kind].read(db, data, name, **of_goal)
    except GoalsError as error:
        return error
    return read


def _template(actor: Actor, kind: Kind, format_: Format, definition_id: UUID | None) -> bytes:
    speak(actor)  # it runs in a thread of its own, which knows nobody
    with tenant_session(actor) as db:
        return template(db, kind, format_, definition_id=definition_id, translate=_)
