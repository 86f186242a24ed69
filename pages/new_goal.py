"""New goal: its settings, who is to reach it, and what that would count, before it is saved."""

from dataclasses import replace

import streamlit as st

from ui import dry_run, goal_editing, goal_form, goal_preview, goal_saving
from ui.goal_saving import Entered
from ui.session import require_actor

actor = require_actor()
editing = goal_editing.begin(actor)
form = editing.form

goal_editing.title(editing)
top = st.container()
left, right = st.columns([3, 2], gap="medium")
with left:
    settings = goal_form.settings(form, actor, fixed=editing.is_fixed, kept=editing.kept)
with right:
    assigned = goal_editing.assigned(editing, actor)
    milestones = goal_form.milestones(form)
draft = replace(settings, milestones=milestones)
entered = Entered(draft, assigned, form.problems, goal_editing.holders(editing, actor))

with left:
    tried = dry_run.in_form(actor, editing, entered)
nothing_found = tried is not None and not tried.records

with st.bottom:
    pressed = goal_editing.buttons(editing)
with goal_editing.telling(editing, top):
    if pressed:
        goal_editing.save(actor, editing, entered, pressed, nothing_found=nothing_found)
    elif goal_editing.was_tried(editing):
        goal_saving.check(actor, entered)
with right:
    goal_preview.show(actor, entered)
