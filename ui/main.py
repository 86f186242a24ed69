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
        "": [
            st.Page(
                PAGES / "overview.py",
                title=_("Overview"),
                icon=":material/space_dashboard:",
                default=True,
            )
        ],
        _("My work"): [
            st.Page(PAGES / "my_goals.py", title=_("My goals"), icon=":material/flag:"),
            st.Page(PAGES / "at_risk.py", title=_("At risk"), icon=":material/warning:"),
        ],
        _("Goals"): [
            st.Page(
                PAGES / "definitions.py",
                title=_("Definitions"),
                icon=":material/list_alt:",
                visibility="visible" if writes else "hidden",
            ),
            st.Page(
                PAGES / "new_goal.py",
                title=_("New goal"),
                icon=":material/add_circle:",
                visibility="visible" if writes else "hidden",
            ),
            st.Page(
                PAGES / "imports.py",
                title=_("Import"),
                icon=":material/upload_file:",
                visibility="visible" if imports else "hidden",
            ),
            st.Page(
                PAGES / "goal.py",
                title=_("Goal"),
                icon=":material/track_changes:",
                visibility="hidden",
            ),
        ],
        _("Administration"): [
            st.Page(
                PAGES / "audit.py",
                title=_("Audit log"),
                icon=":material/history:",
                visibility="visible" if manages else "hidden",
            ),
        ],
    }


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
