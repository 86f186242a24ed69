"""What dialogs share: which one is open, the question before something is lost, what was done.

The address says which thing is open, session state which step its dialog is at: a dialog that the
script opens by what it knows, not by a click, survives every run and can be linked to.
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from goals_core.errors import GoalsError
from ui.feedback import tell
from ui.wording import _, md

_STEP, _SAID, _PAGE = "goals_dialog_step", "goals_dialog_said", "goals_dialog_page"


def enter(page: str) -> None:
    """What was open on another page is so no more; `ui/main.py` says which page begins."""
    if st.session_state.get(_PAGE) != page:
        forget()
    st.session_state[_PAGE] = page


def step() -> str:
    """Where the open dialog is; empty at its beginning."""
    found: str = st.session_state.get(_STEP, "")
    return found


def go(to: str = "") -> None:
    """Take the open dialog to a step, or back to its beginning; also as a callback."""
    st.session_state[_STEP] = to


def say_done(sentence: str) -> None:
    """Keep a plain sentence for the dialog's beginning, and go there."""
    st.session_state[_SAID] = sentence
    go()


def show_done() -> None:
    """Show that sentence once."""
    if sentence := st.session_state.pop(_SAID, None):
        st.success(md(sentence), icon=":material/check_circle:")


def forget() -> None:
    """Nothing is open any more."""
    for key in (_STEP, _SAID):
        st.session_state.pop(key, None)


@dataclass(frozen=True)
class Question:
    """What is asked before something is lost; the texts are plain."""

    title: str
    consequence: str
    yes: str
    key: str


@dataclass(frozen=True)
class Instead:
    """The other way out, when what was asked for turns out to be impossible."""

    label: str
    step: str


def ask(question: Question, deed: Callable[[], None], *, instead: Instead | None = None) -> bool:
    """Ask, and do it when the answer is yes; whether it is done."""
    st.markdown(f"**{md(question.title)}**")
    st.markdown(md(question.consequence))
    place = st.container()
    with st.container(horizontal=True):
        agreed = st.button(md(question.yes), type="primary", key=f"{question.key}_yes")
        st.button(_("Back"), on_click=go, key=f"{question.key}_back")
    if not agreed:
        return False
    try:
        deed()
    except GoalsError as error:
        with place:
            tell(error)
            if instead is not None:
                st.button(
                    instead.label, on_click=go, args=(instead.step,), key=f"{question.key}_instead"
                )
        return False
    return True
