"""Who may do what: one table of permissions, roles and reach, and what each operation needs.

Services, menus and docs/permissions.md are made from `REACH`; `OPERATIONS` knows every operation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")  # a session or an actor


class Role(StrEnum):
    ADMIN = "admin"
    MANAGER = "manager"
    REP = "rep"
    ANALYST = "analyst"


class Permission(StrEnum):
    READ = "goals:read"
    WRITE = "goals:write"
    ASSIGN = "goals:assign"
    PROGRESS = "goals:progress"
    MANAGE = "goals:manage"


class Reach(Flag):
    """Whose goals a permission extends to; `engine/visibility.py` makes conditions of it."""

    NONE = 0
    OWN = auto()  # assigned to oneself
    JOINED = auto()  # of the teams one is in today
    COMPANY = auto()  # assigned to the whole company
    LED = auto()  # of the teams one leads, and of their members of today
    CREATED = auto()  # with a definition that one made
    ALL = auto()


REACH: dict[Permission, dict[Role, Reach]] = {
    Permission.READ: {
        Role.ADMIN: Reach.ALL,
        Role.MANAGER: Reach.LED | Reach.OWN | Reach.JOINED | Reach.COMPANY,
        Role.REP: Reach.OWN | Reach.JOINED | Reach.COMPANY,
        Role.ANALYST: Reach.ALL,
    },
    Permission.WRITE: {Role.ADMIN: Reach.ALL, Role.MANAGER: Reach.CREATED | Reach.LED},
    Permission.ASSIGN: {Role.ADMIN: Reach.ALL, Role.MANAGER: Reach.LED},
    Permission.PROGRESS: {
        Role.ADMIN: Reach.ALL,
        Role.MANAGER: Reach.LED | Reach.OWN,
        Role.REP: Reach.OWN,
    },
    Permission.MANAGE: {Role.ADMIN: Reach.ALL},
}


class Open(StrEnum):
    """What an operation asks for in place of a permission."""

    VISITOR = "nothing: it is how one comes in"
    SIGNED_IN = "a session: it is about oneself"
    OPERATOR = "the command line: it is about the installation"


@dataclass(frozen=True, slots=True)
class Operation:
    """A public function of the services, and what it needs."""

    module: str  # its last part: assignments
    name: str
    needs: Permission | Open
    function: Callable[..., Any]

    @property
    def title(self) -> str:
        return f"{self.module}.{self.name}"


class _Asked(Protocol):
    def need(self, permission: Permission) -> None: ...


OPERATIONS: dict[str, Operation] = {}
"""Every operation by its title, filled as the services are imported."""


def reach(role: Role, permission: Permission) -> Reach:
    """How far a role's permission extends; `Reach.NONE` where it has none."""
    return REACH[permission].get(role, Reach.NONE)


def needs(
    permission: Permission,
) -> Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], R]]:
    """Refuse with `NotAllowed` whoever lacks the permission, whatever they ask about.

    The operation's first argument is its session or its actor.
    """

    def declare(function: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
        @wraps(function)
        def guarded(session: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
            cast(_Asked, getattr(session, "actor", session)).need(permission)
            return function(session, *args, **kwargs)

        _register(guarded, permission)
        return guarded

    return declare


def open_to(whom: Open) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare an operation that no permission guards, and why."""

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        _register(function, whom)
        return function

    return declare


def _register(function: Callable[..., Any], needed: Permission | Open) -> None:
    operation = Operation(
        function.__module__.rpartition(".")[2], function.__name__, needed, function
    )
    OPERATIONS[operation.title] = operation
