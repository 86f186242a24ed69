"""Saving what the form says: every problem is told at once, or everything is in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import drafts
from goals_core.engine.drafts import Draft
from goals_core.errors import GoalsError, Invalid, Problem
from goals_core.kinds import AssigneeType, GoalStatus, Source
from goals_core.services import assignments, definitions
from goals_core.services.receipts import Owner
from ui.goal_form import own_target_of


@dataclass(frozen=True)
class Entered:
    """What the form says: the settings, who is to reach them, and what could not be read."""

    draft: Draft
    assigned: Mapping[Owner, Decimal | None]  # with the own target
    problems: Sequence[Problem] = ()
    holders: Mapping[Owner, Decimal | None] = field(default_factory=dict)  # who has it already

    @property
    def everyone(self) -> Mapping[Owner, Decimal | None]:
        """Who has it or gets it."""
        return {**self.holders, **self.assigned}


def create(actor: Actor, entered: Entered, *, activate: bool) -> UUID:
    """The definition with its assignments; the definition's id."""
    check(actor, entered)
    with tenant_session(actor) as db:
        made = definitions.create(db, entered.draft).id
        for owner, own_target in entered.assigned.items():
            assign(db, made, owner, custom_target=own_target)
        if activate:
            definitions.set_status(db, made, GoalStatus.ACTIVE)
    return made


def update(
    actor: Actor, definition_id: UUID, entered: Entered, *, version: int, activate: bool
) -> None:
    """The settings that were loaded in `version`, changed; `Stale` when they are no longer."""
    check(actor, entered)
    with tenant_session(actor) as db:
        definitions.update(db, definition_id, entered.draft, version=version)
        if activate:
            definitions.set_status(db, definition_id, GoalStatus.ACTIVE)


def assign(
    db: TenantSession,
    definition_id: UUID,
    owner: Owner,
    *,
    custom_target: Decimal | None = None,
    notes: str = "",
    on: date | None = None,
) -> None:
    """Assign to someone; what speaks against it is a problem of the field `assignee`."""
    try:
        assignments.create(
            db,
            definition_id=definition_id,
            assignee_type=owner.type,
            user_id=owner.id if owner.type is AssigneeType.USER else None,
            team_id=owner.id if owner.type is AssigneeType.TEAM else None,
            custom_target=custom_target,
            notes=notes,
            on=on,
        )
    except Invalid:
        raise
    except GoalsError as error:
        raise Invalid(Problem("assignee", error.message, error.facts)) from error


def check(actor: Actor, entered: Entered) -> None:
    """Refuse with every problem there is, what could not be read first."""
    unreadable = {problem.field for problem in entered.problems}
    with tenant_session(actor) as db:
        found = [
            *entered.problems,
            *(p for p in _problems(db, entered.draft) if p.field not in unreadable),
            *_problems_of_own_targets(db, entered),
        ]
    if found:
        raise Invalid(*found)


def _problems(db: TenantSession, draft: Draft) -> Sequence[Problem]:
    try:
        drafts.check(db, draft)
    except Invalid as error:
        return error.problems
    return ()


def _problems_of_own_targets(db: TenantSession, entered: Entered) -> Iterable[Problem]:
    """An own target obeys the rule of the target that it stands for."""
    by_hand = replace(entered.draft, source=Source.MANUAL, source_config=None)
    for owner, own_target in entered.assigned.items():
        if own_target is not None:
            for problem in _problems(db, replace(by_hand, target_value=own_target)):
                if problem.field == "target_value":
                    yield replace(problem, field=own_target_of(owner))
