"""The page docs/permissions.md, made of the table in code: `python -m tests.permissions_page`."""

import importlib
import pkgutil

from goals_core import imports, services
from goals_core.config import PROJECT
from goals_core.permissions import OPERATIONS, REACH, Open, Permission, Reach, Role, reach

MEANING = {
    Permission.READ: "see goals",
    Permission.WRITE: "make and change goals",
    Permission.ASSIGN: "assign goals, set targets",
    Permission.PROGRESS: "record progress, sync",
    Permission.MANAGE: "people, teams, settings, sources, the audit log",
}
WORDS = {
    Reach.OWN: "own",
    Reach.JOINED: "of teams they are in",
    Reach.COMPANY: "the company's",
    Reach.LED: "of teams they lead and their members",
    Reach.CREATED: "what they made",
}


def text() -> str:
    """The page as it should be."""
    for package in (services, imports):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    return "\n".join([*_head(), *_roles(), "", *_operations(), ""])


def _head() -> list[str]:
    return [
        "# Who may do what",
        "",
        "Made from `goals_core/permissions.py` by `python -m tests.permissions_page`; the services",
        "check what stands here, and the menus show only what a role may use. How far a permission",
        "extends is turned into conditions of rows in `goals_core/engine/visibility.py`, once per",
        "subject for list, detail, leaderboard and export alike.",
        "",
        "Whoever lacks a permission is told so before anything is looked up. Whoever has it, and",
        "asks for what they may not see, gets the answer that there is no such thing.",
        "",
        "## Roles",
        "",
    ]


def _roles() -> list[str]:
    lines = [_row("permission", *(role.value for role in Role)), _row(*["---"] * (len(Role) + 1))]
    for permission in REACH:
        cells = (_words(reach(role, permission)) for role in Role)
        lines.append(_row(f"`{permission}`: {MEANING[permission]}", *cells))
    return lines


def _words(reached: Reach) -> str:
    if reached is Reach.ALL:
        return "all"
    return ", ".join(words for part, words in WORDS.items() if part in reached)


def _operations() -> list[str]:
    lines = ["## Operations", "", _row("operation", "needs"), _row("---", "---")]
    for title, operation in sorted(OPERATIONS.items()):
        needed = operation.needs
        lines.append(_row(f"`{title}`", needed if isinstance(needed, Open) else f"`{needed}`"))
    return lines


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell or '–' for cell in cells)} |"


if __name__ == "__main__":
    (PROJECT / "docs" / "permissions.md").write_text(text())
