"""What the log says of an error: where and why, and nothing about a person."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from goals_core import db, tracebacks
from goals_core.actor import Role
from goals_core.services import identity
from goals_core.tracebacks import render, scrub

# Not where they are used: a traceback shows the code.
ANA, NOTE, NUMBER = "ana@acme.example", "a note\n\nof two parts", "987654321987"


def raised(deed) -> BaseException:
    try:
        deed()
    except Exception as error:  # noqa: BLE001  (whatever it is, it is looked at)
        return error
    raise AssertionError("nothing was raised")


def test_a_row_that_is_refused_is_not_cited(cast):
    def again():
        with db.directory() as connection:
            connection.execute(
                text("CREATE TEMPORARY TABLE people (email text UNIQUE, note text NOT NULL)")
            )
            row = {"email": ANA, "note": NOTE}
            for _ in range(2):
                connection.execute(text("INSERT INTO people VALUES (:email, :note)"), row)

    error = raised(again)
    assert isinstance(error, IntegrityError)
    assert "DETAIL:  Key (email)=(ana@acme.example)" in str(error)  # or the test tests nothing
    told = render(error)
    assert "people_email_key" in told
    assert "[state 23505]" in told
    assert "INSERT INTO people VALUES (%(email)s, %(note)s)" in told
    assert "test_tracebacks.py" in told
    for secret in ("ana", "acme.example", "two parts", "DETAIL"):
        assert secret not in told


def test_a_failing_row_of_several_lines_is_not_cited(cast):
    def empty():
        with db.directory() as connection:
            connection.execute(text("CREATE TEMPORARY TABLE kept (a text, note text NOT NULL)"))
            connection.execute(text("INSERT INTO kept VALUES (:a, NULL)"), {"a": NOTE})

    error = raised(empty)
    assert NOTE in str(error.orig)
    told = render(error)
    assert "[column note]" in told
    assert "two parts" not in told


def test_a_value_that_is_no_number_is_not_cited(cast):
    def cast_it():
        with db.directory() as connection:
            connection.execute(text("SELECT CAST(:value AS integer)"), {"value": NOTE})

    error = raised(cast_it)
    assert NOTE in str(error)
    assert "two parts" not in render(error)
    assert "invalid input syntax for type integer" in render(error)


def test_a_value_in_the_middle_of_a_sentence_is_not_cited_either(cast):
    def cast_it():
        with db.directory() as connection:
            connection.execute(text("SELECT CAST(:value AS integer)"), {"value": NUMBER})

    error = raised(cast_it)
    assert NUMBER in str(error)
    assert NUMBER not in render(error)
    assert 'value "…" is out of range' in render(error)


def test_names_are_cited(cast):
    def look():
        with db.directory() as connection:
            connection.execute(text("SELECT 1 FROM no_such_table"))

    assert 'relation "no_such_table" does not exist [state 42P01]' in render(raised(look))


def test_what_the_app_binds_is_hidden_from_its_own_errors(cast):
    def take_the_same_address():
        with db.tenant_session(cast.system) as session:
            session.execute(text("SELECT 1 / 0, :secret"), {"secret": "s3cret-value"})

    error = raised(take_the_same_address)
    assert isinstance(error, DBAPIError)
    assert "s3cret-value" not in str(error)
    assert "hidden" in str(error)


def test_causes_are_told_in_their_order():
    def deed():
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError("the import of ana@acme.example") from error

    told = render(raised(deed))
    assert told.index("ValueError: invalid literal") < told.index("direct cause")
    assert told.endswith("RuntimeError: the import of (e-mail)")
    assert told.count("Traceback (most recent call last)") == 2


def test_what_was_being_handled_and_what_was_noted_is_told():
    def deed():
        try:
            int("x")
        except ValueError:
            error = KeyError("gone")
            error.add_note("while asking for /x?token=abc")
            raise error  # noqa: B904  (its context is looked at)

    told = render(raised(deed))
    assert "During handling" in told
    assert told.endswith("while asking for /x?…")


def test_groups_are_told_with_everything_in_them():
    group = ExceptionGroup(
        "two", [ValueError("a"), ExceptionGroup("in", [KeyError("b@c.example")])]
    )
    told = render(group)
    assert "  | ValueError: a" in told
    assert "  |   | KeyError: '(e-mail)'" in told


def test_a_circle_of_causes_ends():
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert 2 <= render(one).count("ValueError: one") <= 20


def test_a_validator_tells_the_field_and_not_the_input():
    class Form(BaseModel):
        age: int

    error = raised(lambda: Form(age=NOTE))
    assert isinstance(error, ValidationError)
    told = render(error)
    assert "age: Input should be a valid integer" in told
    assert "two parts" not in told


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Ana <ana.ruiz+x@acme.example> left", "Ana <(e-mail)> left"),
        ("postgresql://app:pa55@host/db", "postgresql://…@host/db"),
        ("smtp+plain://a%40b:c@host:25", "smtp+plain://…@host:25"),
        ("GET /my_goals?who=ana&token=abc HTTP/1.1", "GET /my_goals?… HTTP/1.1"),
        ("https://x.example/a?b=c", "https://x.example/a?…"),
        ("Cookie: goals_session=abc; other=1", "Cookie: …"),
        ("{'cookie': '__Host-goals_session=abc'}", "{'cookie': '__Host-goals_session=…"),
        ("__Host-goals_session=abc", "__Host-goals_session=…"),
        ("password=hunter2, user=x", "password=…, user=x"),
        ("{'password': 'hunter 2', 'a': 1}", "{'password': …, 'a': 1}"),
        ('{"new_password": "hunter 2"}', '{"new_password": …}'),
        ("Authorization: Bearer abcdefghij.k", "Authorization: Bearer …"),
        ("api_token: abc", "api_token: …"),
        ("x\nDETAIL:  Key (email)=(ana) exists.\nHINT:  no", "x\n"),
        ("Really? Yes, at 12:30 in /tmp/goals", "Really? Yes, at 12:30 in /tmp/goals"),
        ("Goals is ready: http://localhost:8501", "Goals is ready: http://localhost:8501"),
        ("3 % of [SQL: SELECT 1]", "3 % of [SQL: SELECT 1]"),
    ],
)
def test_secrets_and_people_are_taken_out_of_any_text(written, told):
    assert scrub(written) == told


@given(st.text(max_size=200))
def test_any_text_can_be_scrubbed_and_holds_no_address_afterwards(written):
    once = scrub(written)
    assert scrub(once) == once or len(scrub(once)) <= len(once) + 10
    assert "ana@acme.example" not in scrub(f"{written} ana@acme.example {written}")


@pytest.mark.parametrize(
    "long",
    ["a", "/", "a.", "a-", "x://", "password", "DETAIL:\n", "LINE 1:", "cookie", "\n ", "@", "'"],
)
def test_a_long_text_takes_no_long_time(long):
    began = time.monotonic()
    told = scrub(long * 200_000)
    assert time.monotonic() - began < 5  # seconds; it would be hours
    assert len(told) <= 60_000


def test_a_person_who_exists_already_is_a_fact_and_never_reaches_the_log(cast):
    def again():
        with db.tenant_session(cast.system) as session:
            identity.create_user(
                session,
                email=cast.rep.email,
                name="Again",
                role=Role.REP,
                password=cast.PASSWORD,
            )

    assert cast.rep.email not in render(raised(again))


def test_an_address_that_nobody_listens_at_is_told_without_the_password():
    engine = create_engine("postgresql+psycopg://app:pa55word@127.0.0.1:1/x", hide_parameters=True)
    told = render(raised(engine.connect))
    assert "127.0.0.1" in told
    assert "pa55word" not in told
    assert tracebacks.sentence(raised(engine.connect)) in told
