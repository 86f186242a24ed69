"""What a person wants to be told: their own choices, or what holds for everyone who made none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goals_core.kinds import Event, Mode
from goals_core.models.deliveries import PreferencesRow
from goals_core.models.quiet import Hours

LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Choice:
    """Of one event: whether it is in the inbox, and when it is sent."""

    in_inbox: bool = True
    mode: Mode = Mode.INSTANT


def _defaults() -> dict[Event, Choice]:
    # a milestone is worth a look, not a mail: it comes often, and the next one says more
    return {
        Event.MILESTONE_REACHED: Choice(mode=Mode.OFF),
        Event.ACHIEVED: Choice(),
        Event.AT_RISK: Choice(),
        Event.FAILED: Choice(),
    }


@dataclass(frozen=True, slots=True)
class Preferences:
    """Of all events, and at which hours, where and in which language things are sent."""

    choices: Mapping[Event, Choice] = field(default_factory=_defaults)
    by_mail: bool = True
    hours: Hours = field(default_factory=Hours)
    language: str | None = None  # none: the company's


def of(row: PreferencesRow | None) -> Preferences:
    if row is None:
        return Preferences()
    return Preferences(
        choices=_defaults()
        | {event: _choice(row.choices[event.value]) for event in Event if event in row.choices},
        by_mail=row.by_mail,
        hours=Hours(row.digest_hour, row.quiet_from, row.quiet_until),
        language=row.language,
    )


def columns_of(wanted: Preferences) -> dict[str, Any]:
    """The same as the columns of the row."""
    return {
        "choices": {
            event.value: {"in_inbox": choice.in_inbox, "mode": choice.mode.value}
            for event, choice in wanted.choices.items()
        },
        "by_mail": wanted.by_mail,
        "quiet_from": wanted.hours.quiet_from,
        "quiet_until": wanted.hours.quiet_until,
        "digest_hour": wanted.hours.digest_hour,
        "language": wanted.language,
    }


def _choice(said: Mapping[str, Any]) -> Choice:
    return Choice(bool(said["in_inbox"]), Mode(said["mode"]))
