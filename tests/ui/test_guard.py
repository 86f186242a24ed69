"""No page shows anything before it knows who asks."""

import ast
from pathlib import Path

import pytest

from goals_core.config import PROJECT

PAGES = sorted((PROJECT / "pages").glob("*.py"))


def first_statement(source: str) -> ast.stmt | None:
    """The first one that does anything: after the docstring, imports and plain constants."""
    return next((s for s in ast.parse(source).body if not _is_idle(s)), None)


def _is_idle(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign | ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Import | ast.ImportFrom)


def is_guarded(source: str) -> bool:
    statement = first_statement(source)
    call = statement.value if isinstance(statement, ast.Assign | ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "require_actor"
        and "from ui.session import require_actor" in source
    )


def test_there_are_pages():
    assert PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_begins_with_the_guard(page: Path):
    assert is_guarded(page.read_text())


@pytest.mark.parametrize(
    "source",
    [
        "",
        '"""Only words."""',
        "import streamlit as st\nst.title('x')",
        "from ui.session import require_actor\nx = read()\nactor = require_actor()",
        "from ui.session import require_actor\nif True:\n    actor = require_actor()",
        "def require_actor(): ...\nactor = require_actor()",
    ],
)
def test_the_check_sees_a_page_without_it(source):
    assert not is_guarded(source)


TABLES = ("sqlalchemy", "psycopg", "goals_core.models.core", "goals_core.models.goals")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_knows_no_sql_and_no_tables(page: Path):
    assert [name for name in _imports(page.read_text()) if name.startswith(TABLES)] == []


def test_the_check_sees_a_page_that_knows_them():
    source = "from sqlalchemy import select\nimport goals_core.models.goals"
    assert all(name.startswith(TABLES) for name in _imports(source))
    assert len(_imports(source)) == 2


def _imports(source: str) -> list[str]:
    nodes = list(ast.walk(ast.parse(source)))
    from_ = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return from_ + [
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    ]
