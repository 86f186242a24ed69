"""The dry run: what a goal would have counted lately, and what a change to it would move."""

from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.drafts import Draft
from goals_core.errors import N_, Invalid
from goals_core.kinds import GoalStatus, Source
from goals_core.permissions import Permission
from goals_core.services import choices
from goals_core.services.choices import Assignee
from goals_core.services.dry_run import DryRun
from goals_core.services.receipts import Owner
from ui import dry_run_tables, dry_run_words, goal_editing, goal_preview, reads
from ui.definition_details import Opened
from ui.goal_editing import Editing
from ui.goal_form import card, key_of, titles
from ui.goal_saving import Entered
from ui.wording import _, md, n_

_IF_ACTIVE = N_("What it would have counted in its last windows, had it been active.")


def in_form(actor: Actor, editing: Editing, entered: Entered) -> DryRun | None:
    """The card below the tracking, as soon as it is clear which records count."""
    draft = entered.draft
    if draft.source is Source.MANUAL or editing.kept is not None:
        return None
    with card(_("Dry run")):
        try:
            decisive = goal_preview.decisive(entered)
            id_ = editing.definition.id if editing.definition else None
            return _run(actor, decisive, list(entered.everyone), id_, editing.form.key)
        except Invalid:
            st.caption(_("What it would have counted shows up here once the goal is complete."))
            return None


def in_drawer(actor: Actor, opened: Opened) -> DryRun | None:
    """Of a draft, before it is activated."""
    view = opened.view
    is_draft = view.status is GoalStatus.DRAFT
    if not is_draft or not opened.is_theirs or view.settings.source is Source.MANUAL:
        return None
    st.space("xsmall")
    st.markdown(f"**{_('Dry run')}**")
    with tenant_session(actor) as db:
        holders = list(goal_editing.assigned_now(db, view))
    try:
        return _run(actor, view.settings, holders, None, lambda name: f"{name}_{view.id.hex}")
    except Invalid:  # its sentence says what is wrong
        st.caption(_("Its source is no longer valid: edit it first."))
        return None


def activated(tried: DryRun | None) -> str:
    """What is said once a goal is active."""
    if tried is not None and not tried.records:
        return _("The goal is active, though nothing would have counted in its last windows.")
    return _("The goal is active.")


def _run(
    actor: Actor,
    draft: Draft,
    holders: Collection[Owner],
    definition_id: UUID | None,
    key: Callable[[str], str],
) -> DryRun | None:
    with tenant_session(actor) as db:
        whose = _whose(actor, holders, choices.assignees(db))
    top = st.container()
    chosen = st.selectbox(_("Whose records"), list(whose), key=key("dry_run_whose"))
    found = reads.dry_run(actor, draft, whose[chosen], definition_id)
    if found is None:
        return None
    with top:
        st.caption(dry_run_words.change(found) if found.is_change else _(_IF_ACTIVE))
    dry_run_tables.windows(found, draft, actor.tenant)
    for icon, sentence in dry_run_words.warnings(found, actor.tenant, draft):
        st.warning(md(sentence), icon=icon)
    if notes := dry_run_words.notes(found):
        st.caption("  \n".join(md(note) for note in notes))
    if found.gained or found.lost:
        with st.expander(_("Which records"), icon=":material/compare_arrows:"):
            dry_run_tables.differing(found, draft)
    return found


def _whose(
    actor: Actor, holders: Collection[Owner], offered: Sequence[Assignee]
) -> Mapping[str, Sequence[Owner]]:
    """What can be chosen, the likeliest first: who has it, all that one may see, each alone."""
    named = titles({key_of(each.owner): each for each in offered})
    theirs = [each.owner for each in offered if each.owner in holders]
    found: dict[str, Sequence[Owner]] = {}
    if len(theirs) > 1:
        found[n_("The {count} who have it", "The {count} who have it", len(theirs))] = theirs
    elif theirs:
        found[named[key_of(theirs[0])]] = theirs
    if not actor.may(Permission.MANAGE):
        found[_("Everyone whose goals you set")] = []
    return found | {named[key_of(each.owner)]: [each.owner] for each in offered}
