"""Which assignment a row of progress means: by its id, or by goal, assignee and day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine.assigning import Assignee
from goals_core.errors import N_, Invalid, Problem
from goals_core.imports import lookup
from goals_core.imports.cells import Reader
from goals_core.imports.lookup import Candidate
from goals_core.imports.sheets import Line
from goals_core.kinds import AssigneeType


class Goals:
    """The assignments that the lines of a file name, found in a few statements."""

    def __init__(self, db: TenantSession, reader: Reader, lines: Sequence[Line]) -> None:
        self._reader = reader
        names = {reader.text(line, "goal") for line in lines}
        ids = {id_ for line in lines if (id_ := _uuid(reader.text(line, "assignment")))}
        days = {day for line in lines if (day := self._day(line))}
        assignees = {reader.text(line, "assignee") for line in lines} - {""}
        emails = {name.casefold() for name in assignees}
        self._people = {person.email: person.id for person in lookup.people(db, emails)}
        self._teams = lookup.teams(db, assignees)
        found = lookup.candidates(db, goals=names - {""}, ids=ids, days=days)
        self._by_id = {candidate.id: candidate for candidate in found}
        self._by_name: dict[tuple[str, Assignee], list[Candidate]] = defaultdict(list)
        for candidate in found:
            self._by_name[candidate.goal, candidate.assignee].append(candidate)

    def find(self, line: Line) -> tuple[Candidate | None, list[Problem]]:
        """The assignment of a line, or what keeps it from being found."""
        checks = Checks()
        found = None
        with checks.within(""):
            found = (
                self._named(line) if self._reader.text(line, "assignment") else self._meant(line)
            )
        return found, checks.problems

    def _named(self, line: Line) -> Candidate:
        """By its id; what else the row says of it must be so."""
        id_ = _uuid(self._reader.text(line, "assignment"))
        found = self._by_id.get(id_) if id_ else None
        if found is None:
            raise _problem("assignment", N_("There is no such assignment, or none of yours."))
        goal, assignee = self._reader.text(line, "goal"), self._reader.text(line, "assignee")
        if goal and goal != found.goal:
            raise _problem("goal", N_("The assignment is one of {goal}."), goal=found.goal)
        if assignee and self._assignee(assignee) != found.assignee:
            raise _problem("assignee", N_("The assignment is someone else's."))
        return found

    def _meant(self, line: Line) -> Candidate | None:
        """By goal, assignee and day; None when the day cannot be read, which is told already."""
        goal, name = self._reader.text(line, "goal"), self._reader.text(line, "assignee")
        if not goal:
            raise _problem("goal", N_("Please enter something here."))
        who, day = self._assignee(name), self._day(line)
        if day is None:
            return None
        found = [each for each in self._by_name.get((goal, who), ()) if day in each.window]
        running = [each for each in found if each.takes_progress] or found
        if len(running) == 1:
            return running[0]
        if running:
            message = N_(
                "{count} goals of this assignee are named {goal} on {day};"
                " give the assignment's id instead."
            )
            raise _problem("goal", message, count=len(running), goal=goal, day=day)
        message = N_("There is no goal {goal} of this assignee on {day}, or it is not yours.")
        raise _problem("goal", message, goal=goal, day=day)

    def _assignee(self, name: str) -> Assignee:
        """A person by e-mail in any case, or a team by its name."""
        if not name:
            return Assignee(AssigneeType.TENANT)
        found = [
            Assignee(type_, id_)
            for type_, id_ in (
                (AssigneeType.USER, self._people.get(name.casefold())),
                (AssigneeType.TEAM, self._teams.get(name)),
            )
            if id_ is not None
        ]
        if not found:
            message = N_("There is no person or team {name}, or it is not yours to see.")
            raise _problem("assignee", message, name=name)
        if len(found) > 1:
            message = N_("{name} is a person and a team; give the assignment's id instead.")
            raise _problem("assignee", message, name=name)
        return found[0]

    def _day(self, line: Line) -> date | None:
        return self._reader.day(line, "day")


def _problem(field: str, message: str, **facts: object) -> Invalid:
    return Invalid(Problem(field, message, facts))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
