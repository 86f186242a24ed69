"""The columns of each file: their headings, what stands in them, and what they are for."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from goals_core.errors import N_, Invalid, Problem
from goals_core.imports.sheets import Sheet
from goals_core.imports.values import Value, text_of
from goals_core.kinds import GoalType, Metric, Period, Source
from goals_core.permissions import Role

_BETWEEN = re.compile(r"[\s_-]+")


class Form(StrEnum):
    """What stands in a column's cells."""

    TEXT = "text"
    NUMBER = "number"
    RATE = "rate"
    DAY = "day"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and its meaning; `choices` are the few texts that it may have."""

    key: str
    meaning: str
    form: Form = Form.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    example: str = ""


PROGRESS = (
    Column("goal", N_("The goal's name, exactly as it is."), example="Calls"),
    Column(
        "assignment", N_("The assignment's id, instead of goal and assignee or to be sure of them.")
    ),
    Column(
        "assignee",
        N_("A person's e-mail or a team's name; empty: the company."),
        example="ana@example.com",
    ),
    Column("day", N_("The day it happened."), Form.DAY, required=True, example="2026-05-20"),
    Column("value", N_("The new value; either this or the change."), Form.NUMBER, example="42"),
    Column(
        "change",
        N_("What is added to the value; either this or the value."),
        Form.NUMBER,
        example="5",
    ),
    Column("note", N_("Words about it.")),
    Column(
        "reference",
        N_("The row's own name, such as a number of another system: with it the row counts once."),
        example="CRM-1042",
    ),
)
DEFINITIONS = (
    Column("name", N_("What the goal is called."), required=True, example="Calls"),
    Column("description", N_("What it is about.")),
    Column("category", N_("The group it belongs to.")),
    Column(
        "type", N_("What is to be done with the target."), required=True, choices=tuple(GoalType)
    ),
    Column("metric", N_("What is measured."), required=True, choices=tuple(Metric)),
    Column("target_value", N_("The target."), Form.NUMBER, required=True, example="100"),
    Column("unit", N_("A currency's code, %, or words."), required=True, example="calls"),
    Column("period", N_("How it repeats."), required=True, choices=tuple(Period)),
    Column("starts_at", N_("The first day."), Form.DAY, required=True, example="2026-01-01"),
    Column("ends_at", N_("The last day; empty: until further notice."), Form.DAY),
    Column("source", N_("Where it is tracked from; empty: by hand."), choices=tuple(Source)),
    Column("source_config", N_("Which records count, as JSON; empty for goals tracked by hand.")),
    Column(
        "milestones",
        N_("The percentages that are told; empty: 25 50 75 100. None are told by: none."),
        example="25 50 75 100",
    ),
    Column("tags", N_("Words to find it by, separated by commas."), example="north, 2026"),
    Column("range_min", N_("Of the type maintain: the lowest value in range."), Form.NUMBER),
    Column("range_max", N_("Of the type maintain: the highest value in range."), Form.NUMBER),
    Column(
        "prorate",
        N_("Whether the target counts for the working days that someone is there; empty: no."),
        Form.YES_NO,
        choices=("yes", "no"),
    ),
)
PEOPLE = (
    Column(
        "email",
        N_("Who it is; somebody new is invited at this address."),
        required=True,
        example="ana@example.com",
    ),
    Column("name", N_("What the person is called; required for somebody new."), example="Ana Ruiz"),
    Column("role", N_("What the person may do; required for somebody new."), choices=tuple(Role)),
    Column("title", N_("What the person is in the company."), example="Account executive"),
    Column(
        "manager",
        N_("The e-mail of the person's manager, also of someone in the same file."),
        example="eva@example.com",
    ),
    Column("team", N_("The name of a team that there is already."), example="North"),
    Column(
        "member_from",
        N_("The first day in that team; empty: today, unless the person is in it already."),
        Form.DAY,
        example="2026-01-01",
    ),
    Column("hired_on", N_("The first day of work."), Form.DAY, example="2026-01-01"),
    Column("left_on", N_("The last day of work."), Form.DAY),
)
RATES = (
    Column("from_currency", N_("The code of what is converted."), required=True, example="EUR"),
    Column("to_currency", N_("The code of what it is worth in."), required=True, example="USD"),
    Column(
        "day",
        N_("The day of the rate; it holds for seven days, or until the next one."),
        Form.DAY,
        required=True,
        example="2026-05-20",
    ),
    Column(
        "rate",
        N_("What one unit is worth; up to ten decimals, nothing between thousands."),
        Form.RATE,
        required=True,
        example="1.0842",
    ),
)
QUOTAS = (
    Column("email", N_("The person."), required=True, example="ana@example.com"),
    Column("name", N_("For the reader; it is not read.")),
)


def key_of(heading: Value) -> str:
    """A heading as a key: "Target value" is target_value, "E-mail" is email."""
    key = _BETWEEN.sub("_", text_of(heading).strip().casefold())
    return "email" if key == "e_mail" else key


def places(sheet: Sheet, columns: Sequence[Column]) -> dict[str, int]:
    """Where each column is; columns that are missing, doubled or unknown are told together."""
    keys = [key_of(heading) for heading in sheet.header.cells]
    known = [column.key for column in columns]
    required = [column.key for column in columns if column.required]
    problems = [
        *doubled(keys),
        *_unknown(keys, known),
        *(missing(key) for key in required if key not in keys),
    ]
    if problems:
        raise Invalid(*problems)
    return {key: index for index, key in enumerate(keys) if key}


def doubled(keys: Sequence[str]) -> Iterable[Problem]:
    """What stands twice among the headings."""
    again = dict.fromkeys(key for key in keys if key and keys.count(key) > 1)
    return [
        Problem(key, N_("The column {column} is there twice."), {"column": key}) for key in again
    ]


def missing(key: str) -> Problem:
    return Problem(key, N_("The column {column} is missing."), {"column": key})


def _unknown(keys: Iterable[str], known: Collection[str]) -> Iterable[Problem]:
    facts = {"names": ", ".join(known)}
    return [
        Problem(key, N_("There is no column {column}; there is {names}."), facts | {"column": key})
        for key in keys
        if key and key not in known
    ]
