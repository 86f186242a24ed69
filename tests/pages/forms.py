"""Pages as people use them: signed in, on the real database, fields found by key."""

from html import unescape
from typing import Any

from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from goals_core.actor import Actor
from goals_core.config import PROJECT
from goals_core.db import tenant_session
from goals_core.models.base import Base
from goals_core.models.goals import Assignment, Definition, MilestoneNotification, ProgressEntry
from goals_core.services import signin
from ui.auth import TOKEN

TABLES: tuple[type[Base], ...] = (Definition, Assignment, ProgressEntry, MilestoneNotification)
_PROBLEM = ":small[:red[:material/error: "


def open_page(actor: Actor, page: str, **query: str) -> AppTest:
    """The app in which `actor` has signed in and gone to a page."""
    at = AppTest.from_file(str(PROJECT / "ui" / "main.py"), default_timeout=30)
    at.session_state[TOKEN] = _sign_in(actor)
    if page != "overview":  # which is where everyone begins
        at.switch_page(f"../pages/{page}.py")
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def fill(at: AppTest, **fields: Any) -> AppTest:
    """Fill fields, whatever kind of widget they are; one that others bring up waits for its run."""
    while fields:
        there = {key: value for key, value in fields.items() if key in keys(at)}
        assert there, f"there is no {', '.join(fields)}: {keys(at)}"
        type_in(at, **there).run()
        assert not at.exception
        fields = {key: value for key, value in fields.items() if key not in there}
    return at


def type_in(at: AppTest, **fields: Any) -> AppTest:
    """Set fields by their keys; what is pressed next sends them along, as a browser does."""
    for key, value in fields.items():
        field = widget(at, key)
        if field.type == "selectbox" and isinstance(value, str) and value not in field.options:
            field.options = [*field.options, value]  # AppTest types only what is offered
        field.set_value(value)
    return at


def press(at: AppTest, key: str, **fields: Any) -> AppTest:
    """Press a button; with fields, just after they are filled."""
    type_in(at, **fields).button(key=key).click().run()
    assert not at.exception
    return at


def widget(at: AppTest, key: str) -> Any:
    found = [node for node in at if getattr(node, "key", None) == key]
    assert len(found) == 1, f"{len(found)} widgets have the key {key}: {keys(at)}"
    return found[0]


def table(at: AppTest, column: str) -> Any:
    """The table that has a column of that name; one that cannot be clicked has no key."""
    return next(each.value for each in at.dataframe if column in each.value)


def has_table(at: AppTest, column: str) -> bool:
    return any(column in each.value for each in at.dataframe)


def keys(at: AppTest) -> list[str]:
    """The keys of all widgets on the page."""
    return [node.key for node in at if getattr(node, "key", None)]


def problem_at(at: AppTest, key: str) -> str | None:
    """The sentence below a field: between its widget and the next one that is no button."""
    nodes = list(at)
    start = next(n for n, node in enumerate(nodes) if getattr(node, "key", None) == key)
    for node in nodes[start + 1 :]:
        if getattr(node, "key", None) and node.type != "button":
            return None
        if node.type == "markdown" and node.value.startswith(_PROBLEM):
            return unescape(node.value.removeprefix(_PROBLEM).removesuffix("]]"))
    return None


def problems(at: AppTest) -> list[str]:
    """Every sentence below a field."""
    return [
        unescape(each.value.removeprefix(_PROBLEM).removesuffix("]]"))
        for each in at.markdown
        if each.value.startswith(_PROBLEM)
    ]


def errors(at: AppTest) -> list[str]:
    """The sentences that have no field of their own."""
    return [unescape(each.value) for each in at.error]


def said(at: AppTest) -> list[str]:
    """The lines of success."""
    return [unescape(each.value) for each in at.success]


def rows(actor: Actor) -> dict[str, int]:
    """How many rows of each table the tenant has."""
    with tenant_session(Actor.system(actor.tenant)) as db:
        return {
            table.__tablename__: db.scalar(select(func.count()).select_from(table)) or 0
            for table in TABLES
        }


def _sign_in(actor: Actor) -> str:
    login = signin.find_login(actor.email)
    assert login is not None
    with tenant_session(login.actor) as db:
        return signin.open_session(db, login)
