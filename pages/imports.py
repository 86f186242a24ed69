"""Import: progress, goals, quotas and people from a spreadsheet, looked at before it is written."""

import streamlit as st

from goals_core.imports.templates import Kind
from ui import import_files, import_preview, people_links, reads
from ui.feedback import empty_state, flash, refusals
from ui.session import require_actor
from ui.wording import _

actor = require_actor()
st.title(_("Import"), anchor=False)
kind = import_files.choose_kind(import_files.kinds(actor))
goal = None
if kind is Kind.QUOTAS:
    goals = import_files.goals(actor)
    if not goals:
        empty_state(
            ":material/flag:",
            _("There is no goal yet"),
            _("Make one first; then its quotas can be set for people and windows."),
        )
        st.stop()
    goal = import_files.choose_goal(goals)
    if goal is None:
        import_files.explain(kind)
        st.stop()

if kind is Kind.PEOPLE:
    people_links.show_all(actor)
import_files.templates(actor, kind, goal)
preview = import_files.upload(actor, kind, goal)
if preview is None:
    import_files.explain(kind)
    st.stop()

import_preview.counts(preview)
if preview.problems:
    import_preview.problems(preview.problems)
elif not preview.items:
    st.info(_("There is nothing in the file to import."), icon=":material/info:")
with st.container(horizontal=True):
    wanted = import_preview.button(preview)
    if preview.problems:
        st.button(
            _("Check again"),
            icon=":material/refresh:",
            on_click=import_files.forget,
            key="check_again",
        )
if wanted:
    with refusals(import_files.FORM):
        done = import_files.commit(actor, kind, preview)
        if done is not None:
            reads.forget()
            flash(import_preview.success(done))
        st.rerun()
import_preview.table(preview)
