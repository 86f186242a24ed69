"""The attempts in SQL, generated from the catalogue: by table and row, and by function."""

from collections.abc import Iterator
from random import Random

from tests.walls import catalogue_facts, statements
from tests.walls.catalogue_facts import Function, Table
from tests.walls.companies import World
from tests.walls.rows import Rows
from tests.walls.statements import Statement

APP_ROLE = "goals_app"


class Catalogue:
    """The tables and functions of the world's database."""

    def __init__(self, world: World) -> None:
        with world.owner.connect() as connection:
            self.tables: list[Table] = catalogue_facts.tables(connection)
            self.functions: list[Function] = catalogue_facts.functions(connection, APP_ROLE)
        self.theirs: Rows = world.theirs.rows
        self.mine: Rows = world.mine.rows

    def everything(self, rows_of_each: int) -> Iterator[Statement]:
        """Statements against the first rows of each table, and calls with their values."""
        first = {name: rows[:rows_of_each] for name, rows in self.theirs.items()}
        for table in self.tables:
            for row in first[table.name]:
                yield from statements.against_row(table, row, self.mine[table.name][0])
        for function in self.functions:
            yield from statements.called(function, first)

    def drawn(self, chance: Random) -> Statement:
        """Any statement against any row, or any call."""
        if chance.random() < 0.05:
            calls = statements.called(chance.choice(self.functions), self.theirs)
            return chance.choice(list(calls))
        table = chance.choice(self.tables)
        theirs, mine = chance.choice(self.theirs[table.name]), self.mine[table.name]
        return chance.choice(list(statements.against_row(table, theirs, chance.choice(mine))))
