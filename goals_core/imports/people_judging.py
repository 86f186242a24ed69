"""Whether the people of a file can be as it says: row by row, then all of them together."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from goals_core.db import TenantSession
from goals_core.engine.accounts import IN_A_CIRCLE, LastAdministrator, OwnAccount
from goals_core.errors import N_, Problem
from goals_core.imports.people_rows import Account, Deed, There, Wanted, as_wanted
from goals_core.models.base import new_id
from goals_core.permissions import Role


@dataclass(frozen=True, slots=True)
class Judged:
    """A row, what it would do, and what keeps it from that."""

    wanted: Wanted
    deed: Deed
    problems: tuple[Problem, ...]


def judge(db: TenantSession, wanted: Sequence[Wanted]) -> list[Judged]:
    """Every row against what is there and the other rows; nothing is written."""
    company = _Company(db, wanted)
    judged = [company.judge(row) for row in wanted]
    circles = _in_circles({each.deed.after.id: each.deed.after for each in judged}, company.there)
    judged = [_with(each, _circle(each, circles)) for each in judged]
    return _leaving_an_administrator(judged, company.there)


class _Company:
    """Who is there and who would be."""

    def __init__(self, db: TenantSession, wanted: Sequence[Wanted]) -> None:
        self.there = There(db, wanted)
        self._own_id, self._today = db.actor.user_id, db.actor.tenant.today
        self._times = Counter(row.email for row in wanted)
        self._first: dict[str, int] = {}
        self._ids = {row.email: self._id(row.email) for row in wanted}

    def judge(self, wanted: Wanted) -> Judged:
        before = self.there.by_email.get(wanted.email)
        manager_id = self._id_of_manager(wanted)
        after = as_wanted(before or self._new(wanted), wanted, manager_id)
        boss = self.there.by_id.get(before.manager_id) if before and before.manager_id else None
        was = boss.email if boss else ""
        deed = self._placed(Deed(wanted, before, after, manager_was=was))
        problems = tuple(self._problems(wanted, deed))
        return Judged(wanted, deed, problems)

    def _id(self, email: str) -> UUID:
        there = self.there.by_email.get(email)
        return there.id if there else new_id()

    def _id_of_manager(self, wanted: Wanted) -> UUID | None:
        """Someone who is there, or in the same file."""
        there = self.there.by_email.get(wanted.manager or "")
        return there.id if there else self._ids.get(wanted.manager or "")

    def _new(self, wanted: Wanted) -> Account:
        """Somebody of whom only the row is known."""
        return Account(self._ids[wanted.email], wanted.email, "", "", Role.REP, None, None, None)

    def _placed(self, deed: Deed) -> Deed:
        """With what becomes of the team: a new membership, or another first day."""
        team_id = self.there.teams.get(deed.wanted.team or "")
        if team_id is None:
            return deed
        days = self.there.days_from(*self._reaching(deed, team_id))
        if not days:
            return replace(deed, joins=(team_id, self._since(deed)))
        first = deed.wanted.member_from
        if first is not None and days[0].member_from != first:
            return replace(deed, moves=(days[0], first))
        return deed

    def _since(self, deed: Deed) -> date:
        """The day that was asked for; else today, or the first day of work that is to come."""
        return deed.wanted.member_from or max(self._today, deed.after.hired_on or self._today)

    def _problems(self, wanted: Wanted, deed: Deed) -> Iterator[Problem]:
        first = self._first.setdefault(wanted.email, wanted.row)
        if first != wanted.row:
            yield Problem("email", N_("Row {row} is this person's already."), {"row": first})
        if deed.before is None:
            yield from _missing(wanted)
        if "role" in deed.changed and deed.after.id == self._own_id:
            yield Problem("role", OwnAccount.message)
        yield from self._problems_of_manager(wanted, deed)
        yield from self._problems_of_team(wanted, deed)
        if _is_before(deed.after.left_on, deed.after.hired_on):
            field = "left_on" if wanted.left_on else "hired_on"
            yield Problem(field, N_("The last day must not be before the first one."))

    def _problems_of_manager(self, wanted: Wanted, deed: Deed) -> Iterator[Problem]:
        if wanted.manager is None:
            return
        if self._id_of_manager(wanted) is None:
            message = N_("There is no person {email}, neither here nor in this file.")
            yield Problem("manager", message, {"email": wanted.manager})
            return
        there = self.there.by_email.get(wanted.manager)
        changes = deed.before is None or "manager_id" in deed.changed
        if there is not None and not there.is_active and changes:
            message = N_("The account of {name} is disabled.")
            yield Problem("manager", message, {"name": there.name})

    def _problems_of_team(self, wanted: Wanted, deed: Deed) -> Iterator[Problem]:
        if wanted.team is None:
            if wanted.member_from is not None:
                yield Problem("member_from", N_("Which team is meant?"))
            return
        team_id = self.there.teams.get(wanted.team)
        if team_id is None:
            message = N_("There is no team {name}; make it first.")
            yield Problem("team", message, {"name": wanted.team})
            return
        if deed.moves and len(self.there.days_from(*self._reaching(deed, team_id))) > 1:
            yield Problem("member_from", N_("Change these days on the team's own page."))

    def _reaching(self, deed: Deed, team_id: UUID) -> tuple[UUID, UUID, date]:
        return team_id, deed.after.id, self._since(deed)


def _missing(wanted: Wanted) -> Iterator[Problem]:
    """A new person has a name and a role."""
    for field in ("name", "role"):
        if not getattr(wanted, field):
            yield Problem(field, N_("Please enter something here."))


def _is_before(day: date | None, other: date | None) -> bool:
    return day is not None and other is not None and day < other


def _circle(judged: Judged, circles: set[UUID]) -> Iterator[Problem]:
    if judged.deed.after.id in circles and judged.wanted.manager is not None:
        yield Problem("manager", IN_A_CIRCLE)


def _in_circles(changed: Mapping[UUID, Account], there: There) -> set[UUID]:
    """Whoever would be above themselves; each chain is followed once."""
    after = {**there.by_id, **changed}
    done: set[UUID] = set()
    circles: set[UUID] = set()
    for id_ in changed:
        way: list[UUID] = []
        at: UUID | None = id_
        while at is not None and at not in done:
            done.add(at)
            way.append(at)
            at = after[at].manager_id if at in after else None
        if at in way:
            circles |= set(way[way.index(at) :])
    return circles


def _leaving_an_administrator(judged: list[Judged], there: There) -> list[Judged]:
    """Refuse the rows that take the last administrators away; a new one has not come yet."""
    was = {id_ for id_, person in there.by_id.items() if _administers(person)}
    lost = {
        each.deed.after.id
        for each in judged
        if each.deed.before and _administers(each.deed.before) and not _administers(each.deed.after)
    }
    told = {each.deed.after.id for each in judged if each.problems}
    if was - lost or not lost:
        return judged
    return [
        _with(each, [Problem("role", LastAdministrator.message, {"name": each.deed.after.name})])
        if each.deed.after.id in lost - told
        else each
        for each in judged
    ]


def _administers(person: Account) -> bool:
    return person.is_active and person.role is Role.ADMIN


def _with(judged: Judged, problems: Iterator[Problem] | list[Problem]) -> Judged:
    return replace(judged, problems=(*judged.problems, *problems))
