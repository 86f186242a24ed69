"""Where ids and texts are drawn from: mostly theirs, and one's own, so that an attempt gets far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from goals_core.permissions import Operation
from tests.conftest import PASSWORD
from tests.walls.rows import Rows

DEFINITIONS, ASSIGNMENTS = "goals.definitions", "goals.assignments"
ENTRIES, PEOPLE, TEAMS = "goals.progress_log", "core.users", "core.teams"
THEIRS_SHARE = 0.65
# Which rows an id is of, by the parameter's name; one that is not here may be any row's.
MEANS: Mapping[str, tuple[str, ...]] = {
    "definition_id": (DEFINITIONS,),
    "definition_ids": (DEFINITIONS,),
    "assignment_id": (ASSIGNMENTS,),
    "entry_id": (ENTRIES,),
    "team_id": (TEAMS,),
    "assignee_id": (PEOPLE, TEAMS),
    "ids": (DEFINITIONS, ASSIGNMENTS),
    **dict.fromkeys(("user_id", "owner_id", "manager_id", "person_id", "who"), (PEOPLE,)),
}
_OLD_AND_NEW = ("old", "new", "password")


@dataclass(frozen=True)
class Pool:
    """What is whose; `also` are texts that are in no row, such as a token that was made up."""

    theirs: Rows
    mine: Rows
    also: Mapping[str, list[str]] = field(default_factory=dict)

    def id_for(self, chance: Random, operation: Operation, name: str) -> UUID:
        del operation
        names = MEANS.get(name) or tuple(sorted(self.theirs))
        return chance.choice(_ids(self._whose(chance), names) or _ids(self.mine, names))

    def text_for(self, chance: Random, name: str) -> str:
        """A text of a column of that name, else any."""
        if name in _OLD_AND_NEW:
            return chance.choice((PASSWORD, "a wrong passphrase", "another fine passphrase"))
        if name in self.also and chance.random() < 0.9:
            return chance.choice(self.also[name])
        rows = self._whose(chance)
        column = "name" if name == "search" else name
        return chance.choice(_texts(rows, column) or _texts(rows, "") or _texts(self.mine, column))

    def cells(self, chance: Random, column: str) -> list[Any]:
        """What stands in a column of that name, in any table."""
        rows = self._whose(chance)
        found = [row.get(column) for each in rows.values() for row in each]
        return [cell for cell in found if cell is not None]

    def _whose(self, chance: Random) -> Rows:
        return self.theirs if chance.random() < THEIRS_SHARE else self.mine


def _ids(rows: Rows, names: tuple[str, ...]) -> list[UUID]:
    return [row["id"] for name in names for row in rows.get(name, ()) if "id" in row]


def _texts(rows: Rows, column: str) -> list[str]:
    """The texts of a column, in any table; of every column without a name."""
    cells: list[tuple[str, Any]] = [
        c for each in rows.values() for row in each for c in row.items()
    ]
    return [cell for name, cell in cells if isinstance(cell, str) and cell and column in ("", name)]
