"""What nobody expected: written to the log once, told to the person as one sentence."""

import logging
import secrets

import streamlit as st

from goals_core.errors import GoalsError
from ui.wording import _, md, say

log = logging.getLogger("goals")


def on_script_error(error: Exception) -> bool:
    """Stand in for Streamlit's traceback: a fact is said as it is, anything else by a number."""
    st.error(md(sentence_of(error)), icon=":material/error:")
    return True


def sentence_of(error: BaseException) -> str:
    """What a person is told about an error; of an unexpected one the log gets the whole."""
    if isinstance(error, GoalsError):
        return say(error)
    reference = f"{secrets.randbelow(10**8):08d}"
    log.error("Unexpected error, reference %s", reference, exc_info=error)
    return _(
        "Something went wrong. If it happens again, give your administrator the number {reference}."
    ).format(reference=reference)


def log_errors_once() -> None:
    """Keep Streamlit from logging a script's error too: it comes here first or never."""
    logging.getLogger("streamlit.error_util").addFilter(
        lambda record: record.msg != "Uncaught app execution"
    )
