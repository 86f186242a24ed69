"""What every page stands in: the one table of pages, the guard, the sidebar."""

import streamlit as st

from goals_core.actor import Actor, Permission
from goals_core.config import PROJECT
from ui import auth, brand, import_files
from ui.account import account
from ui.feedback import show_flash
from ui.session import find_actor
from ui.sync import sync_button
from ui.wording import _

PAGES = PROJECT / "pages"


def table_of_pages(actor: Actor | None) -> dict[str, list[st.Page]]:
    """Every page there is; what a role cannot use is not in its menu, but keeps its address."""
    writes = actor is not None and actor.may(Permission.WRITE)
    imports = actor is not None and bool(import_files.kinds(actor))
    manages = actor is not None and actor.may(Permission.MANAGE)
    return {
        "": [_page("overview", _("Overview"), "space_dashboard", default=True)],
        _("My work"): [
            _page("my_goals", _("My goals"), "flag"),
            _page("at_risk", _("At risk"), "warning"),
        ],
        _("Goals"): [
            _page("definitions", _("Definitions"), "list_alt", shown=writes),
            _page("new_goal", _("New goal"), "add_circle", shown=writes),
            _page("imports", _("Import"), "upload_file", shown=imports),
            _page("goal", _("Goal"), "track_changes", shown=False),
        ],
        _("Administration"): [_page("audit", _("Audit log"), "history", shown=manages)],
    }


def _page(
    name: str, title: str, icon: str, *, shown: bool = True, default: bool = False
) -> st.Page:
    return st.Page(
        PAGES / f"{name}.py",
        title=title,
        icon=f":material/{icon}:",
        default=default,
        visibility="visible" if shown else "hidden",
    )


# First of all, or the browser would fetch the icon of the page from another host.
st.set_page_config(page_icon=brand.MARK, layout="wide", initial_sidebar_state="auto", menu_items={})
actor = find_actor()
page = st.navigation(
    table_of_pages(actor), position="sidebar" if actor else "hidden", expanded=True
)
st.set_page_config(page_title=f"{page.title} · {brand.NAME}")
if actor is None:
    auth.sign_in_page()

st.logo(brand.LOGO, size="large", icon_image=brand.MARK)
with st.sidebar:
    sync_button(actor)
    st.space("xxsmall")
    account(actor)
show_flash()
if page.url_path != "imports":
    import_files.forget()
page.run()
