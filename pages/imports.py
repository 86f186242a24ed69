"""Import: progress, goals and quotas from a spreadsheet, looked at before anything is written."""

import streamlit as st

from goals_core.errors import Invalid
from goals_core.imports.templates import Kind
from ui import import_files, import_preview, reads
from ui.feedback import empty_state, flash, refusals
from ui.session import require_actor
from ui.wording import _, n_

actor = require_actor()
st.title(_("Import"), anchor=False)
offered = import_files.kinds(actor)
if not offered:
    empty_state(
        ":material/lock:",
        _("Nothing to import"),
        _("You may look at goals; recording progress or setting goals is for others."),
    )
    st.stop()

kind = import_files.choose_kind(offered)
goal = import_files.choose_goal(actor) if kind is Kind.QUOTAS else None
if kind is Kind.QUOTAS and goal is None:
    empty_state(
        ":material/flag:",
        _("There is no goal yet"),
        _("Make one first; then its quotas can be set for people and windows."),
    )
    st.stop()
import_files.templates(actor, kind, goal)
preview = import_files.upload(actor, kind, goal)
if preview is None:
    st.caption(_("CSV or Excel. You see what would happen before anything is written."))
    st.stop()

import_preview.counts(preview)
if preview.problems:
    import_preview.problems(preview.problems)
count = len(preview.items)
label = n_("Import {count} row", "Import {count} rows", count)
if st.button(label, type="primary", disabled=not preview.is_ready, key="import"):
    with refusals(import_files.FORM):
        try:
            done = import_files.commit(actor, kind, preview)
        except Invalid as refused:  # it changed since it was looked at
            import_preview.problems(refused.problems)
        else:
            reads.forget()
            facts = {"new": done.new, "changed": done.changed, "same": done.same}
            flash(_("Imported: {new} new, {changed} changed, {same} unchanged.").format(**facts))
            st.rerun()
import_preview.table(preview)
