"""What can go wrong, as facts: not found, not allowed, conflict, invalid; in words for people.

Messages are marked for translation by `N_` and filled with their facts where they are shown.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


def N_(message: str) -> str:
    """Mark a text for translation without translating it yet."""
    return message


class GoalsError(Exception):
    """A fact that stopped a deed; `message` is its sentence, `facts` fill it."""

    message: ClassVar[str] = N_("Something went wrong.")

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.message.format(**facts))


class NotFound(GoalsError):
    """There is no such thing, or none that this person may see."""

    message = N_("There is no such {thing}, or it is not yours to see.")

    def __init__(self, thing: str) -> None:
        super().__init__(thing=thing)


class NotAllowed(GoalsError):
    """The person is known, the deed is not theirs to do."""

    message = N_("You need the permission {permission} for this.")


class OwnTarget(NotAllowed):
    message = N_("Nobody changes their own target; ask someone who manages goals.")


class Conflict(GoalsError):
    """The deed does not fit the state that things are in."""

    message = N_("This does not fit the current state.")


class WindowClosed(Conflict):
    message = N_("{goal} closed on {closed_on}; its window can no longer be changed.")


class Stale(Conflict):
    message = N_("Someone else changed {name} meanwhile. Reload to see it, then change it again.")


class Busy(Conflict):
    """Somebody else does the same thing right now."""

    message = N_("{who} has been syncing since {since}; try again in a moment.")


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad input: the field, the rule it breaks, and the facts of its sentence."""

    field: str
    message: str
    facts: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.message.format(**self.facts)


class Invalid(GoalsError):
    """One or more inputs break a rule; nothing was written."""

    message = N_("Please check what you entered.")

    def __init__(self, *problems: Problem) -> None:
        self.problems: Sequence[Problem] = problems
        super().__init__()

    def __str__(self) -> str:
        return " ".join(f"{problem.field}: {problem}" for problem in self.problems)


def invalid(field_name: str, message: str, **facts: object) -> Invalid:
    """An `Invalid` with a single problem."""
    return Invalid(Problem(field_name, message, facts))
