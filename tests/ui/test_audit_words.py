"""The audit log in words, also of deeds and facts that nobody has words for yet."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from goals_core.services.audit_reading import AuditEntry, Change
from ui import audit_words


def line(tag, *changes, is_change=True, about="Calls"):
    return AuditEntry(
        id=UUID(int=1),
        at=datetime(2026, 5, 20, tzinfo=UTC),
        who="Ann",
        tag=tag,
        subject_id=UUID(int=2),
        subject_name=about,
        is_change=is_change,
        changes=tuple(Change(*change) for change in changes),
    )


def told(tag, field, value):
    entry = line(tag, (field, value, None))
    return audit_words.fact(entry, entry.changes[0], value)


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("definition:changed", "Goal changed"),
        ("rate:bulk_loaded", "Rate: bulk loaded"),
        ("odd", "Odd"),
        ("", ""),
    ],
)
def test_a_deed_has_words_or_is_read_as_it_is_written(tag, words):
    assert audit_words.deed(tag) == words


def test_subjects_and_facts_without_words_are_read_as_they_are_written():
    assert audit_words.subject("api_token") == "Api token"
    assert audit_words.field("assignment_id") == "Assignment"
    assert audit_words.field("last_used") == "Last used"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("status", "paused", "Paused"),
        ("role", "rep", "Sales rep"),
        ("prorate", True, "Yes"),
        ("target_value", "84250.50", "84,250.5"),
        ("rows", 1200, "1,200"),
        ("ends_at", "2026-05-20", "May 20, 2026"),
        ("paid_on", "2026-05-20", "May 20, 2026"),
        ("milestones", [{"percentage": 50, "notify": False}, {"percentage": 90}],
         "50% (silent), 90%"),
        ("tags", ["a", "b"], "a, b"),
        ("workweek", "67", "Sat, Sun"),
        ("fiscal_year_start", 4, "April"),
        ("risk_time_left", 25, "25%"),
        ("name", "0123", "0123"),
        ("description", None, "—"),
        ("description", "", "—"),
    ],
)  # fmt: skip
def test_a_fact_is_told_as_people_read_it(field, value, words):
    assert told("definition:changed", field, value) == words


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("status", "frozen", "frozen"),
        ("role", 7, "7"),
        ("target_value", "many", "many"),
        ("target_value", [], "[]"),
        ("ends_at", "soon", "soon"),
        ("ends_at", 7, "7"),
        ("milestones", "half", "half"),
        ("milestones", [{}], "[{}]"),
        ("source_config", {"module": "weather"}, '{"module": "weather"}'),
        ("source_config", "sales", "sales"),
        ("tags", [1], "[1]"),
        ("workweek", "8", "8"),
        ("fiscal_year_start", 13, "13"),
        ("something", {"é": 1}, '{"é": 1}'),
    ],
)
def test_a_fact_that_makes_no_sense_is_told_as_it_is(field, value, words):
    assert told("definition:changed", field, value) == words


def test_the_state_of_something_without_known_states_is_told_as_it_is():
    assert told("invoice:changed", "status", "open") == "open"


def test_in_a_file_numbers_and_days_stay_what_they_are():
    entry = line("definition:changed", ("target_value", "1.50", None), ("prorate", True, None))
    target, prorate = entry.changes
    assert audit_words.cell(entry, target, "1.50") == Decimal("1.50")
    assert audit_words.cell(entry, target, None) == ""
    assert audit_words.cell(entry, prorate, True) == "Yes"
    starts = Change("starts_at", None, "2026-05-20")
    assert audit_words.cell(entry, starts, "2026-05-20") == date(2026, 5, 20)


def test_a_goals_amounts_are_told_in_its_unit_where_the_line_tells_it():
    money = ("metric", None, "currency"), ("unit", None, "USD")
    made = line("definition:created", ("target_value", None, "5000.00"), *money, is_change=False)
    assert audit_words.sentence(made, made.changes[0]) == "Target: $5,000"
    assert "unit" not in {change.field for change in audit_words.news(made)}


def test_of_what_was_made_only_what_says_something_is_told():
    facts = ("name", None, "Calls"), ("category", None, ""), ("prorate", None, False)
    made = line("definition:created", *facts, ("unit", None, "calls"), is_change=False)
    assert [change.field for change in audit_words.news(made)] == ["unit"]
    assert next(change.field for change in audit_words.changes(made)) == "name"


def test_of_a_change_everything_is_told():
    changed = line("definition:changed", ("category", "Sales", ""), ("prorate", True, False))
    sentences = [audit_words.sentence(changed, each) for each in audit_words.news(changed)]
    assert sentences == ["By days worked: Yes → No", "Category: Sales → —"]


def test_who_left_a_team_is_no_change():
    left = line("team:left", ("user_id", None, "Rep"), ("member_to", None, "2026-05-31"))
    assert [audit_words.sentence(left, each) for each in audit_words.news(left)] == [
        "Person: Rep",
        "Last day: — → May 31, 2026",
    ]
