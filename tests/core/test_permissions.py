"""Every operation names what it needs, and docs and menus say the same as the table."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from goals_core import imports, services
from goals_core.actor import Actor, Tenant
from goals_core.config import PROJECT
from goals_core.errors import NotAllowed
from goals_core.permissions import OPERATIONS, REACH, Open, Operation, Permission, Reach, Role
from tests import permissions_page


def modules() -> Iterator[Any]:
    """Where operations live: the services, and what brings in files."""
    for module in pkgutil.iter_modules(services.__path__):
        yield importlib.import_module(f"{services.__name__}.{module.name}")
    for module in pkgutil.iter_modules(imports.__path__):
        if module.name.endswith("_import") or module.name == "templates":
            yield importlib.import_module(f"{imports.__name__}.{module.name}")


def public_functions() -> dict[str, Callable[..., Any]]:
    """By module and name: what a module makes itself, and what it hands on by `__all__`."""
    found = {}
    for module in modules():
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own or name in getattr(module, "__all__", ()):
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = function
    return found


def undeclared(functions: dict[str, Callable[..., Any]]) -> list[str]:
    return [
        title
        for title, function in functions.items()
        if title not in OPERATIONS or OPERATIONS[title].function is not function
    ]


PUBLIC = public_functions()
TENANT = Tenant(
    id=UUID(int=1),
    slug="acme",
    name="Acme",
    timezone="UTC",
    locale="en_US",
    currency="USD",
    fiscal_year_start=1,
    grace_days=3,
    risk_progress_below=50,
    risk_time_left=25,
)
GUARDED = [each for each in OPERATIONS.values() if isinstance(each.needs, Permission)]


def test_every_public_function_of_the_services_names_what_it_needs():
    assert len(PUBLIC) > 60
    assert undeclared(PUBLIC) == []
    assert set(OPERATIONS) == set(PUBLIC)


def test_the_check_sees_a_function_that_names_nothing():
    assert undeclared(PUBLIC | {"goals.steal": public_functions}) == ["goals.steal"]
    assert undeclared({"teams.create_team": public_functions}) == ["teams.create_team"]


@pytest.mark.parametrize("operation", GUARDED, ids=lambda each: each.title)
def test_who_lacks_the_permission_is_refused_before_anything_is_looked_at(operation: Operation):
    refused = [role for role in Role if operation.needs not in role_permissions(role)]
    for role in refused:
        with pytest.raises(NotAllowed, match=operation.needs):
            operation.function(Actor(TENANT, None, role, "Nobody"))
    assert bool(refused) is (operation.needs is not Permission.READ)


def test_a_refusal_is_in_the_log_by_ids_only():
    actor = Actor(TENANT, UUID(int=7), Role.REP, "Linda", "linda@acme.example")
    with capture_logs() as told, pytest.raises(NotAllowed):
        actor.need(Permission.MANAGE)
    (line,) = told
    assert (line["user"], line["tenant"], line["permission"]) == (
        UUID(int=7),
        TENANT.id,
        "goals:manage",
    )
    assert "linda" not in str(line).casefold()


def role_permissions(role: Role) -> set[Permission]:
    return {permission for permission, reached in REACH.items() if role in reached}


def test_what_only_the_command_line_does_is_in_no_page():
    operators = [each for each in OPERATIONS.values() if each.needs is Open.OPERATOR]
    assert operators
    for place in ("pages", "ui"):
        for file in (PROJECT / place).glob("*.py"):
            source = file.read_text()
            assert not [op.title for op in operators if re.search(rf"\b{op.title}\(", source)], file


def test_the_table_is_the_specifications():
    assert set(REACH[Permission.MANAGE]) == {Role.ADMIN}
    assert REACH[Permission.READ][Role.ANALYST] is Reach.ALL
    assert REACH[Permission.PROGRESS][Role.REP] is Reach.OWN
    assert Role.ANALYST not in REACH[Permission.PROGRESS]
    assert Role.REP not in REACH[Permission.ASSIGN] | REACH[Permission.WRITE]


def test_the_documentations_tables_are_made_of_it():
    page = (PROJECT / "docs" / "permissions.md").read_text()
    assert page == permissions_page.text(), "run: python -m tests.permissions_page"
