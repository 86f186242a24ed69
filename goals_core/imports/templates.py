"""Files to be filled in: headings, an explanation of each, and for quotas the present targets."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from uuid import UUID

from babel import Locale

from goals_core.db import TenantSession
from goals_core.errors import N_, invalid
from goals_core.imports import (
    definitions_import,
    lookup,
    people_import,
    progress_import,
    quotas_import,
    rates_import,
    writing,
)
from goals_core.imports.columns import (
    DEFINITIONS,
    PEOPLE,
    PROGRESS,
    QUOTAS,
    RATES,
    Column,
    Form,
)
from goals_core.imports.quota_columns import label, offered
from goals_core.imports.values import Value
from goals_core.imports.writing import Field, Format, Look, Page, Table
from goals_core.kinds import Metric
from goals_core.models.goals import Definition
from goals_core.models.windows import Window
from goals_core.permissions import Permission, needs
from goals_core.services import definitions

Translate = Callable[[str], str]
_LOOKS = {
    Form.TEXT: Look.TEXT,
    Form.NUMBER: Look.NUMBER,
    Form.RATE: Look.RATE,
    Form.DAY: Look.DAY,
    Form.YES_NO: Look.TEXT,
}
_WIDTHS = {"description": 40, "note": 40, "source_config": 40, "email": 32, "name": 24, "goal": 24}


class Kind(StrEnum):
    """What a file brings."""

    PROGRESS = "progress"
    DEFINITIONS = "definitions"
    QUOTAS = "quotas"
    PEOPLE = "people"
    RATES = "rates"


@needs(Permission.READ)
def template(
    db: TenantSession,
    kind: Kind,
    format_: Format,
    *,
    definition_id: UUID | None = None,
    translate: Translate = str,
) -> bytes:
    """A file that can be brought back filled in; `translate` is for the words of its second sheet.

    The headings are the same in every language. Quotas are of one goal: a row for each person whose
    targets the actor may set, a column for each window, the present targets in the cells. Of people
    it has everyone with an account.
    """
    columns: Sequence[Column]
    match kind:
        case Kind.PROGRESS:
            db.actor.need(Permission.PROGRESS)
            table, columns = _empty(kind, PROGRESS, progress_import.MOST_ROWS), PROGRESS
        case Kind.DEFINITIONS:
            db.actor.need(Permission.WRITE)
            table, columns = _empty(kind, DEFINITIONS, definitions_import.MOST_ROWS), DEFINITIONS
        case Kind.QUOTAS:
            if definition_id is None:
                raise invalid("definition_id", N_("Choose a goal."))
            definition = quotas_import.assignable(db, definition_id)
            table, columns = _quotas(db, definition), (*QUOTAS, _window_column())
        case Kind.PEOPLE:
            db.actor.need(Permission.MANAGE)
            table, columns = _people(db), PEOPLE
        case Kind.RATES:
            db.actor.need(Permission.MANAGE)
            table, columns = _empty(kind, RATES, rates_import.MOST_ROWS), RATES
    return writing.write(table, _explained(columns, translate), format_)


def _people(db: TenantSession) -> Table:
    """Everyone who has an account, each in the team that they joined last."""
    rows: list[list[Value]] = [
        [
            row.email,
            row.name,
            row.role.value,
            row.title or None,
            row.manager,
            row.team,
            row.member_from,
            row.hired_on,
            row.left_on,
        ]
        for row in lookup.accounts(db)
    ]
    empty = _empty(Kind.PEOPLE, PEOPLE, people_import.MOST_ROWS)
    return replace(empty, rows=rows if len(rows) <= people_import.MOST_ROWS else ())


def _empty(kind: Kind, columns: Sequence[Column], most_rows: int) -> Table:
    return Table(kind.value, tuple(_field(c) for c in columns), fixed=1, choices_for=most_rows)


def _field(column: Column) -> Field:
    width = _WIDTHS.get(column.key, 16)
    return Field(column.key, _LOOKS[column.form], width, column.choices)


def _quotas(db: TenantSession, definition: Definition) -> Table:
    locale, schedule = (
        Locale.parse(db.actor.tenant.locale),
        definitions.schedule_of(db, definition),
    )
    windows = offered(schedule, db.actor.tenant.today)
    return Table(
        name=Kind.QUOTAS.value,
        fields=(*(_field(c) for c in QUOTAS), *_window_fields(db, definition, windows)),
        second=("", "", *(label(window, locale) for window in windows)),
        rows=_present(db, definition, windows),
        fixed=len(QUOTAS),
    )


def _window_fields(
    db: TenantSession, definition: Definition, windows: Sequence[Window]
) -> list[Field]:
    """A window's column; one that is closed by its days is faint."""
    tenant = db.actor.tenant
    whole = definition.metric in {Metric.COUNT, Metric.BOOLEAN}
    look = Look.WHOLE if whole else Look.NUMBER
    return [
        Field(
            window.start.isoformat(),
            look,
            width=18,
            is_faint=window.is_closed(tenant.today, grace_days=tenant.grace_days),
        )
        for window in windows
    ]


def _present(
    db: TenantSession, definition: Definition, windows: Sequence[Window]
) -> list[list[Value]]:
    """A row for each person, with what each window is held against before it is prorated."""
    people, held = lookup.people(db), lookup.targets(db, definition.id)
    if len(people) > quotas_import.MOST_PEOPLE:
        raise invalid(
            "file", N_("At most {most} people fit into one file."), most=quotas_import.MOST_PEOPLE
        )
    return [
        [
            person.email,
            person.name,
            *(
                there.target if (there := held.get((person.id, w.start))) and there.counts else None
                for w in windows
            ),
        ]
        for person in people
    ]


def _window_column() -> Column:
    return Column(
        "2026-01-01",
        N_("A window by its first day: the person's target. An empty cell leaves it as it is."),
        Form.NUMBER,
        example="1500",
    )


def _explained(columns: Sequence[Column], translate: Translate) -> Page:
    """Each column in words, for people."""
    headings = (N_("Column"), N_("What it means"), N_("Required"), N_("What it can be"))
    yes, no = translate(N_("Yes")), translate(N_("No"))
    rows = [
        (
            column.key,
            translate(column.meaning),
            yes if column.required else no,
            ", ".join(column.choices) or column.example,
        )
        for column in columns
    ]
    names = tuple(translate(heading) for heading in headings)
    return Page("columns", names, rows, widths=(18, 70, 12, 50))
