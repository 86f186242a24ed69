"""What nobody expected: written to the log once, told to the person as one sentence."""

import logging
import secrets

import streamlit as st
import streamlit.logger

from goals_core import logs
from goals_core.errors import GoalsError
from ui.wording import _, md, say

log = logs.get("goals")


def on_script_error(error: Exception) -> bool:
    """Stand in for Streamlit's traceback: a fact is said as it is, anything else by a number."""
    st.error(md(sentence_of(error)), icon=":material/error:")
    return True


def sentence_of(error: BaseException) -> str:
    """What a person is told about an error; of an unexpected one the log gets the whole."""
    if isinstance(error, GoalsError):
        return say(error)
    reference = f"{secrets.randbelow(10**8):08d}"
    log.error("Unexpected error", reference=reference, exc_info=error)
    return _(
        "Something went wrong. If it happens again, give your administrator the number {reference}."
    ).format(reference=reference)


def adopt_streamlits_logs() -> None:
    """Let Streamlit log as we do, and not a script's error too: it comes here first or never."""
    streamlit.logger.setup_formatter = _adopt  # each of its loggers would have a handler of its own
    streamlit.logger.update_formatter()
    logging.getLogger("streamlit.error_util").addFilter(
        lambda record: record.msg != "Uncaught app execution"
    )


def _adopt(logger: logging.Logger) -> None:
    logs.adopt(logger.name)
