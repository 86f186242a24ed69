"""What every page stands in: the menu, the guard, the sidebar."""

import streamlit as st

from ui import auth, brand, dialogs, import_files, link_page, menu, people_links, setup
from ui.account import account
from ui.feedback import empty_state, show_flash
from ui.inbox_bell import inbox_bell
from ui.session import admit
from ui.sync import sync_button
from ui.wording import _, say

# First of all, or the browser would fetch the icon of the page from another host.
st.set_page_config(page_icon=brand.MARK, layout="wide", initial_sidebar_state="auto", menu_items={})
actor, has_link = admit(), link_page.is_asked_for()
page = st.navigation(
    menu.pages(actor),
    position="sidebar" if actor and not has_link else "hidden",
    expanded=True,
)
st.set_page_config(page_title=f"{page.title} · {brand.NAME}")
if setup.is_asked_for():
    setup.page()
    st.stop()
if has_link:
    link_page.page(actor)
    st.stop()
if actor is None:
    auth.sign_in_page()

st.logo(brand.LOGO, size="large", icon_image=brand.MARK)
with st.sidebar:
    inbox_bell()
    sync_button(actor)
    st.space("xxsmall")
    account(actor)
show_flash()
dialogs.enter(page.url_path)
if page.url_path != "people":
    people_links.forget()
if page.url_path != "imports":
    import_files.leave()
if refused := menu.refusal(actor, page.url_path or menu.START):
    st.title(page.title, anchor=False)
    empty_state(":material/lock:", _("This page is not yours to use"), say(refused))
    st.stop()
page.run()
