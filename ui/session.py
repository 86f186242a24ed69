"""The guard: who is signed in, asked of the database by every run of every page."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from goals_core.actor import Actor
from goals_core.services import signin
from ui import auth
from ui.wording import speak


def find_actor() -> Actor | None:
    """Who is signed in right now, or None; never remembered, since it can end at any time."""
    token = None if auth.is_handing_over() else auth.token()
    actor = signin.check(token) if token else None
    if actor is not None:
        speak(actor)
    return actor


def require_actor() -> Actor:
    """Who is signed in; anyone else sees the sign-in form, and the page goes no further.

    The first call of every page, and of every fragment that reads or writes: a fragment runs
    again without its page.
    """
    actor = find_actor()
    if actor is None:
        context = get_script_run_ctx()
        if context is not None and context.fragment_ids_this_run:
            st.rerun()  # the whole page asks for the sign-in, not the place of a fragment
        auth.sign_in_page()
    return actor
