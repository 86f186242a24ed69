"""The audit log in words: deeds, what they were done to, facts before and after."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from babel.dates import get_day_names, get_month_names

from goals_core.errors import N_
from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    Source,
)
from goals_core.permissions import Role
from goals_core.services.audit_reading import AuditEntry, Change
from ui import source_sentence
from ui.exports import Cell
from ui.wording import _, spoken

NOTHING = "—"

_DEEDS: Mapping[str, str] = {
    "tenant:created": N_("Company set up"),
    "tenant:changed": N_("Settings changed"),
    "user:created": N_("Person added"),
    "user:signed_in": N_("Signed in"),
    "user:password_changed": N_("Password changed"),
    "user:identity_linked": N_("Sign-in by a provider linked"),
    "user:identity_unlinked": N_("Sign-in by a provider unlinked"),
    "user:invited": N_("Invited"),
    "user:invitation_accepted": N_("Invitation accepted"),
    "user:reset_offered": N_("Link for a new password made"),
    "user:password_reset": N_("Password set by a link"),
    "user:sessions_ended": N_("Signed out elsewhere"),
    "user:employment_changed": N_("Employment changed"),
    "user:changed": N_("Person changed"),
    "user:disabled": N_("Account disabled"),
    "user:enabled": N_("Account enabled"),
    "team:created": N_("Team created"),
    "team:changed": N_("Team changed"),
    "team:joined": N_("Joined a team"),
    "team:left": N_("Left a team"),
    "team:membership_changed": N_("Days in a team changed"),
    "team:membership_taken_back": N_("Membership taken back"),
    "definition:created": N_("Goal created"),
    "definition:duplicated": N_("Goal duplicated"),
    "definition:changed": N_("Goal changed"),
    "definition:status_changed": N_("Goal's state changed"),
    "definition:deleted": N_("Goal deleted"),
    "assignment:created": N_("Goal assigned"),
    "assignment:changed": N_("Assignment changed"),
    "assignment:deleted": N_("Assignment deleted"),
    "rate:created": N_("Exchange rate added"),
    "rate:changed": N_("Exchange rate changed"),
    "rate:deleted": N_("Exchange rate deleted"),
    "progress:voided": N_("Progress taken back"),
    "progress:imported": N_("Progress imported"),
    "channel:added": N_("Channel added"),
    "channel:removed": N_("Channel removed"),
}
_SUBJECTS: Mapping[str, str] = {
    "tenant": N_("Company"),
    "user": N_("People"),
    "team": N_("Teams"),
    "definition": N_("Goals"),
    "assignment": N_("Assignments"),
    "rate": N_("Exchange rates"),
    "progress": N_("Progress"),
    "channel": N_("Channels"),
}
# In the order in which they are told; what is not here comes last.
_FIELDS: Mapping[str, str] = {
    "name": N_("Name"),
    "email": N_("E-mail"),
    "role": N_("Role"),
    "issuer": N_("Issuer"),
    "subject": N_("Known there as"),
    "sso_issuer": N_("Trusted issuer"),
    "sso_domains": N_("Domains of e-mails"),
    "title": N_("Title"),
    "is_active": N_("Account in use"),
    "definition_id": N_("Goal"),
    "user_id": N_("Person"),
    "team_id": N_("Team"),
    "manager_id": N_("Manager"),
    "assignee_type": N_("Kind"),
    "type": N_("Type"),
    "target_value": N_("Target"),
    "custom_target": N_("Own target"),
    "change": N_("Change"),
    "day": N_("Day"),
    "unit": N_("Unit"),
    "metric": N_("Metric"),
    "period": N_("Period"),
    "period_start": N_("First day"),
    "period_end": N_("Last day"),
    "starts_at": N_("First day"),
    "ends_at": N_("Last day"),
    "member_from": N_("First day"),
    "member_to": N_("Last day"),
    "hired_on": N_("First day"),
    "left_on": N_("Last day"),
    "status": N_("State"),
    "source": N_("Tracked from"),
    "source_config": N_("Counts"),
    "milestones": N_("Milestones"),
    "range_min": N_("Lowest in range"),
    "range_max": N_("Highest in range"),
    "prorate": N_("By days worked"),
    "category": N_("Category"),
    "tags": N_("Tags"),
    "description": N_("Description"),
    "notes": N_("Notes"),
    "note": N_("Note"),
    "rate": N_("Rate"),
    "file": N_("File"),
    "rows": N_("Rows"),
    "new": N_("New"),
    "slug": N_("Short name"),
    "currency": N_("Currency"),
    "timezone": N_("Time zone"),
    "locale": N_("Language"),
    "fiscal_year_start": N_("Fiscal year begins in"),
    "workweek": N_("Working days"),
    "grace_days": N_("Days of grace"),
    "risk_progress_below": N_("At risk below"),
    "risk_time_left": N_("At risk with time left"),
}
_PLACES = {key: place for place, key in enumerate(_FIELDS)}
_ENUMS: Mapping[str, type[StrEnum]] = {
    "role": Role,
    "type": GoalType,
    "metric": Metric,
    "period": Period,
    "source": Source,
    "assignee_type": AssigneeType,
}
_STATES: Mapping[str, type[StrEnum]] = {"definition": GoalStatus, "assignment": AssignmentStatus}
_NUMBERS = {"target_value", "custom_target", "change", "value", "range_min", "range_max", "rate"}
_DAY = re.compile(r"(.+_)?(on|at|from|to|start|end|day)")
# Which one a line is about, where its facts are of something else: it never changes.
_WHICH = {"definition_id", "user_id"}
_SAID_BY_ABOUT = {"definition_id", "user_id", "team_id", "assignee_type"}


def deed(tag: str) -> str:
    """What was done; a tag without words of its own is read as it is written."""
    return _(_DEEDS[tag]) if tag in _DEEDS else _readable(tag.replace(":", ": "))


def subject(kind: str) -> str:
    """What it was done to."""
    return _(_SUBJECTS[kind]) if kind in _SUBJECTS else _readable(kind)


def field(key: str) -> str:
    """What a fact is called."""
    return _(_FIELDS[key]) if key in _FIELDS else _readable(key.removesuffix("_id"))


def changes(entry: AuditEntry) -> list[Change]:
    """The facts of a line, the most telling first."""
    return sorted(entry.changes, key=lambda change: _PLACES.get(change.field, len(_PLACES)))


def news(entry: AuditEntry) -> list[Change]:
    """Those that say more than what was done and to what."""
    told = changes(entry)
    return told if entry.is_change else [each for each in told if _is_news(entry, each)]


def is_single(entry: AuditEntry, change: Change) -> bool:
    """Whether there is one value to tell, not one before and one after."""
    return not entry.is_change or (change.field in _WHICH and change.before is None)


def sentence(entry: AuditEntry, change: Change) -> str:
    """Target: 100 → 120."""
    before, after = (fact(entry, change, value) for value in (change.before, change.after))
    if is_single(entry, change):
        return f"{field(change.field)}: {after if change.before is None else before}"
    return f"{field(change.field)}: {before} → {after}"


def fact(entry: AuditEntry, change: Change, value: object) -> str:
    """One of a change's values as people read it."""
    found = _read(entry, change.field, value)
    if isinstance(found, Decimal) and (measured := _measured(entry)):
        metric, unit = measured
        return spoken().value(found, metric=metric, unit=unit)
    return str(spoken().fact(found)) or NOTHING


def cell(entry: AuditEntry, change: Change, value: object) -> Cell:
    """The same for a file: numbers and days stay what they are."""
    found = _read(entry, change.field, value)
    if isinstance(found, Decimal | date):
        return found
    return str(spoken().fact(found))


def _measured(entry: AuditEntry) -> tuple[Metric, str] | None:
    """What the amounts of a goal are in, where its line tells all of it; a change does not."""
    facts = {change.field: change.after or change.before for change in entry.changes}
    if entry.is_change or not isinstance(unit := facts.get("unit"), str):
        return None
    return next(((metric, unit) for metric in Metric if metric == facts.get("metric")), None)


def _is_news(entry: AuditEntry, change: Change) -> bool:
    """Whether a fact of something made or removed says more than what it is about."""
    value = change.after if change.before is None else change.before
    if value in (None, "", [], {}) or value is False or change.field == "id":
        return False
    if change.field == "name":
        return value != entry.subject_name
    if change.field == "unit":
        return _measured(entry) is None
    return change.field not in _SAID_BY_ABOUT or not entry.tag.startswith("assignment:")


def _read(entry: AuditEntry, key: str, value: object) -> object:
    """A value of JSON as what it stands for; what cannot be read so is told as it is."""
    if value is None and key == "source_config" and entry.is_change:
        return source_sentence.of_config(Source.MANUAL, None)
    if value is None or isinstance(value, bool):
        return "" if value is None else value
    with suppress(ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        return _reader(entry.tag.partition(":")[0], key)(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _reader(kind: str, key: str) -> Callable[[Any], object]:
    if reader := _READERS.get(key) or _ENUMS.get(key):
        return reader
    if key == "status":
        return _STATES[kind]
    if key in _NUMBERS:
        return Decimal
    return date.fromisoformat if _DAY.fullmatch(key) else _plain


def _plain(value: object) -> object:
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, list):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _percent(value: int) -> str:
    return spoken().percent(Decimal(value))


def _milestones(found: Sequence[Mapping[str, Any]]) -> str:
    silent = _("{percent} (silent)")
    shares = [(_percent(each["percentage"]), each.get("notify", True)) for each in found]
    return ", ".join(share if told else silent.format(percent=share) for share, told in shares)


def _source(config: dict[str, Any]) -> str:
    """What a `source_config` counts, as a definition tells it."""
    return source_sentence.of_config(Source(config["module"]), config)


def _weekdays(iso: str) -> str:
    names = get_day_names("abbreviated", "stand-alone", spoken().locale)
    return ", ".join(str(names[int(day) - 1]) for day in iso)


def _month(number: int) -> str:
    return str(get_month_names("wide", "stand-alone", spoken().locale)[number])


def _readable(key: str) -> str:
    words = key.replace("_", " ")
    return words[:1].upper() + words[1:]


_READERS: Mapping[str, Callable[[Any], object]] = {
    "fiscal_year_start": _month,
    "milestones": _milestones,
    "risk_progress_below": _percent,
    "risk_time_left": _percent,
    "source_config": _source,
    "workweek": _weekdays,
}
