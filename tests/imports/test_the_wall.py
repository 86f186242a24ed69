"""Imports name the tenant in every statement, as everything does."""

import re

from goals_core.db import tenant_session
from goals_core.imports import (
    definitions_import,
    people_import,
    progress_import,
    quotas_import,
)
from goals_core.imports.templates import Kind, template
from goals_core.imports.writing import Format
from tests.db.statements import loose_tables
from tests.imports.files import csv_of
from tests.makers import definition_of, make_goal, statements

_FREE = re.compile(r"core\.set_tenant|advisory|SAVEPOINT|standard_conforming", re.IGNORECASE)


def test_every_table_of_every_statement_is_held_to_the_tenant(cast):
    goal = make_goal(cast, cast.rep)
    with statements() as sent:
        _everything(cast, goal)
    held = [(text, bound) for text, bound in sent if not _FREE.search(text)]
    assert len(held) > 30
    loose = {
        text: tables
        for text, bound in held
        if not text.startswith("INSERT") and (tables := loose_tables(text, bound, cast.tenant.id))
    }
    assert loose == {}


def _everything(cast, goal):
    definition = definition_of(cast.admin, goal)
    progress = csv_of(
        ("goal", "assignee", "day", "value"), ("Calls", cast.rep.email, "2026-05-18", 1)
    )
    drafts = csv_of(
        ("name", "type", "metric", "target_value", "unit", "period", "starts_at"),
        ("Visits", "target", "count", "100", "visits", "monthly", "2026-01-01"),
    )
    quotas = csv_of(("email", "2026-05-01"), (cast.rep.email, 5))
    with tenant_session(cast.manager) as db:
        progress_import.commit(db, progress_import.read(db, progress, "a.csv"))
        definitions_import.commit(db, definitions_import.read(db, drafts, "a.csv"))
        preview = quotas_import.read(db, quotas, "a.csv", definition_id=definition)
        quotas_import.commit(db, preview)
        template(db, Kind.QUOTAS, Format.CSV, definition_id=definition)
    people = csv_of(
        ("email", "name", "role", "manager", "team", "member_from", "left_on"),
        ("nora@acme.example", "Nora", "rep", cast.rep.email, "North", "2026-05-01", ""),
        (cast.rep.email, "Rita", "", "", "North", "2026-05-01", "2026-12-31"),
    )
    with tenant_session(cast.admin) as db:
        people_import.commit(db, people_import.read(db, people, "a.csv"))
        template(db, Kind.PEOPLE, Format.CSV)
