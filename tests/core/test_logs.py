"""The lines of the log: in both forms, from all who write them, without people in them."""

import io
import json
import logging
import sys
import threading
import warnings

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from goals_core import db, logs
from ui import failures

ANA = "ana@acme.example"
SECRETS = ("ana@acme.example", "hunter2", "s3cret-token", "who=ana")


@pytest.fixture
def lines(monkeypatch):
    """Sets the log up and hands out what was written: `lines("json")()`."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    names = ("uvicorn", "uvicorn.error", "uvicorn.access")
    states = {name: vars(logging.getLogger(name)).copy() for name in names}
    written = io.StringIO()

    configured = structlog.get_config()

    def set_up(form):
        monkeypatch.setattr(sys, "stderr", written)  # here, as pytest has its own for each phase
        logs.set_up(form)
        return written.getvalue

    yield set_up
    root.handlers, root.level, sys.excepthook, threading.excepthook = before
    for name, state in states.items():
        vars(logging.getLogger(name)).update(state)
    logging.captureWarnings(False)
    structlog.configure(**configured)


def objects(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_line_for_people_has_time_level_logger_event_and_what_it_is_about(lines):
    read = lines("text")
    logs.get("goals").info("Synced", tenant="acme", goals=3)
    assert read()[4] == "-"
    assert read()[19:] == " info     goals: Synced tenant=acme goals=3\n"


def test_an_object_for_programs_has_the_same(lines):
    read = lines("json")
    logs.get("goals").warning("Synced %s of %s", 3, 4, tenant="acmé")
    (event,) = objects(read())
    assert list(event)[:4] == ["time", "level", "logger", "event"]
    assert str(event.pop("time")).endswith("Z")
    assert event == {
        "level": "warning",
        "logger": "goals",
        "event": "Synced 3 of 4",
        "tenant": "acmé",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_unexpected_error_is_told_with_its_number_and_traceback_and_nobodys_data(
    lines, form, cast
):
    def insert_twice():
        with db.directory() as connection:
            connection.execute(text("CREATE TEMPORARY TABLE people (email text UNIQUE)"))
            for _ in range(2):
                connection.execute(text("INSERT INTO people VALUES (:email)"), {"email": ANA})

    read = lines(form)
    with pytest.raises(IntegrityError) as caught:
        insert_twice()
    told = failures.sentence_of(caught.value)
    written = read()
    number = told.split("number ")[1].rstrip(".")
    assert number in written
    assert "Traceback (most recent call last)" in written
    assert "people_email_key" in written
    assert not any(secret in written for secret in (*SECRETS, "DETAIL"))
    if form == "json":
        (event,) = objects(written)
        assert event["event"] == "Unexpected error"
        assert event["reference"] == number
        assert "Traceback" in str(event["exception"])


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("name", ["uvicorn.error", "streamlit.x", "sqlalchemy.engine", "x.y"])
def test_other_loggers_speak_in_the_same_form(lines, form, name):
    read = lines(form)
    logging.getLogger(name).error(
        "GET /x?who=ana by %s, password=%s token='%s'",
        "ana@acme.example",
        "hunter2",
        "s3cret-token",
    )
    written = read() if form == "text" else " ".join(map(str, objects(read())[0].values()))
    assert name in written
    assert "GET /x?… by (e-mail), password=… token=…" in written


@pytest.mark.parametrize("form", ["text", "json"])
def test_other_loggers_errors_are_rendered_by_us(lines, form):
    read = lines(form)
    try:
        raise ValueError(f"password={SECRETS[1]} of {ANA}")  # noqa: TRY301
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    written = read() if form == "text" else str(objects(read())[0]["exception"])
    assert written.count("ValueError: password=… of (e-mail)") == 1
    assert not any(secret in read() for secret in SECRETS)


def test_whatever_is_given_by_keyword_is_scrubbed_too(lines):
    read = lines("json")
    logs.get("goals").info(
        "x", who="ana@acme.example", what=["ana@acme.example"], why=ValueError("token=s3cret-token")
    )
    (event,) = objects(read())
    assert (event["who"], event["what"], event["why"]) == ("(e-mail)", "['(e-mail)']", "token=…")


def test_what_is_public_is_told_as_it_is(lines):
    read = lines("text")
    logs.get("goals").info(logs.Public("admin@adventure-works.example"))
    assert "admin@adventure-works.example" in read()


def test_no_text_from_outside_looks_like_a_line_of_its_own(lines):
    read = lines("text")
    forged = "x\n2026-01-01 00:00:00 info     goals: Forged\r\x1b[2K"
    logs.get("goals").info("Read %s", forged, name=forged)
    try:
        raise ValueError(forged)  # noqa: TRY301
    except ValueError as error:
        logs.get("goals").error("Unexpected error", exc_info=error)
    lines_ = read().split("\n")
    assert not [line for line in lines_ if line.startswith("2026-01-01")]
    assert "\r" not in read()
    assert "\x1b" not in read()
    assert r"x\n2026-01-01" in lines_[0]


def test_a_json_event_is_one_line(lines):
    read = lines("json")
    logs.get("goals").info("a\nb\u2028c", more={"a": 1})
    assert read().count("\n") == 1
    assert objects(read())[0]["event"] == "a\nb\u2028c"


def test_requests_and_visits_are_not_logged(lines):
    read = lines("text")
    logging.getLogger("uvicorn.access").info('1.2.3.4 - "GET /x?who=ana HTTP/1.1" 200')
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.setLevel(logging.INFO)
    uvicorn.info('%s - "WebSocket %s" [accepted]', "1.2.3.4:1", "/_stcore/stream?who=ana")
    uvicorn.info("connection open")
    assert read() == ""
    uvicorn.info("Application startup complete.")
    assert "startup complete" in read()


def test_a_warning_and_a_thread_that_dies_are_events(lines):
    read = lines("json")

    def die():
        raise RuntimeError(f"of {ANA}")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("watch out", stacklevel=1)
    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    warned, died = objects(read())
    assert "watch out" in str(warned["event"])
    assert died["event"] == "Uncaught error"
    assert "RuntimeError: of (e-mail)" in str(died["exception"])


def test_what_ends_the_process_is_an_event_and_ctrl_c_is_none(lines):
    read = lines("json")
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    sys.excepthook(ValueError, ValueError("hunter2@x.example"), None)
    (event,) = objects(read())
    assert (event["level"], event["exception"]) == ("critical", "ValueError: (e-mail)")


def test_set_up_twice_writes_once(lines):
    lines("json")
    read = lines("text")
    logs.get("goals").info("Once")
    assert read().count("Once") == 1


def test_streamlits_loggers_are_ours_also_those_that_come_later(lines, monkeypatch):
    import streamlit.logger

    monkeypatch.setattr(streamlit.logger, "setup_formatter", streamlit.logger.setup_formatter)
    read = lines("json")
    failures.adopt_streamlits_logs()
    streamlit.logger.get_logger("streamlit.later").warning("Host: %s", "ana@acme.example")
    streamlit.logger.get_logger("streamlit.error_util").error("Uncaught app execution")
    (event,) = objects(read())
    assert (event["logger"], event["event"]) == ("streamlit.later", "Host: (e-mail)")
