"""Where a browser comes from and what it says it is, before anybody is known to use it."""

import streamlit as st


def address() -> str:
    """The visitor's IP address; nothing on the server's own machine."""
    found = st.context.ip_address
    return found if isinstance(found, str) else ""


def user_agent() -> str:
    found = st.context.headers.get("User-Agent")
    return found if isinstance(found, str) else ""
