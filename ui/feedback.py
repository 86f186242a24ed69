"""What pages tell people: problems below their fields, success after a rerun, empty places."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from goals_core.errors import GoalsError, Invalid, Problem
from ui.wording import _, md, say

_FLASH = "goals_flash"
_SLOTS = "goals_slots"


def field_error(field: str, *, form: str = "") -> None:
    """Keep a place right below a widget where `tell` shows what is wrong with it."""
    # Each run draws its places anew, so that a problem is gone with the next try.
    slots: dict[str, DeltaGenerator] = st.session_state.setdefault(_SLOTS, {})
    slots[_slot(form, field)] = st.empty()


def tell(error: GoalsError, *, form: str = "") -> None:
    """Show an error: what is invalid below its field, anything else as one sentence here."""
    if isinstance(error, Invalid) and error.problems:
        for problem in error.problems:
            _tell_problem(problem, form)
    else:
        st.error(md(say(error)), icon=":material/error:")


@contextmanager
def refusals(form: str = "") -> Iterator[None]:
    """Tell what stops the block instead of failing; what stands after it in the block is skipped.

    with refusals():
        with tenant_session(actor) as db:
            definitions.create(db, ...)
        flash(_("Goal created."))
        st.switch_page("pages/definitions.py")
    """
    try:
        yield
    except GoalsError as error:
        tell(error, form=form)


def flash(message: str, *, is_warning: bool = False) -> None:
    """Keep a plain sentence for the next run, which shows it above the page."""
    st.session_state[_FLASH] = (message, is_warning)


def show_flash() -> None:
    """Show the sentence that the run before left, once; `ui/main.py` does, before each page."""
    message, is_warning = st.session_state.pop(_FLASH, ("", False))
    if message and is_warning:
        st.warning(md(message), icon=":material/warning:")
    elif message:
        st.success(md(message), icon=":material/check_circle:")


def empty_state(icon: str, title: str, text: str, *, action: str = "", key: str = "") -> bool:
    """A calm place where nothing is yet, with what to do about it; True when that was clicked.

    `icon` is a Material symbol such as `:material/inbox:`; the texts are plain.
    """
    with st.container(border=True, horizontal_alignment="center", gap="xsmall"):
        st.space("small")
        st.markdown(f"### {icon} {md(title)}", text_alignment="center", anchors=False)
        st.markdown(f":gray[{md(text)}]", text_alignment="center")
        clicked = bool(action) and st.button(md(action), key=key or f"empty_{title}")
        st.space("small")
    return clicked


def clear_filters(clear: Callable[[], None]) -> None:
    """The button beside the filters of a list, once there is one to take away."""
    st.button(
        _("Clear"),
        icon=":material/filter_list_off:",
        on_click=clear,
        type="tertiary",
        key="clear",
    )


def _tell_problem(problem: Problem, form: str) -> None:
    slots: dict[str, DeltaGenerator] = st.session_state.get(_SLOTS, {})
    slot = slots.get(_slot(form, problem.field))
    sentence = md(say(problem))
    if slot is None:
        st.error(sentence, icon=":material/error:")
    else:
        slot.markdown(f":small[:red[:material/error: {sentence}]]")


def _slot(form: str, field: str) -> str:
    return f"{form}/{field}"
