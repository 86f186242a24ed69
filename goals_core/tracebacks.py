"""Errors as the log tells them: everything that helps to mend them, nothing about a person.

A database cites the row that it refuses, a validator the input: of those only the fact is told.
"""

import re
import traceback
from collections.abc import Callable, Iterator

import psycopg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"
_DEEPEST = 20  # a chain that bites its own tail ends somewhere

# Errors about data cite values, all others names: `value "x" is out of range for type integer`.
_CITED = re.compile(r"""(["']).*["']""", re.DOTALL)
_DETAIL = re.compile(
    r"^[ \t]{0,20}(DETAIL|CONTEXT|HINT|LINE \d+):.*?(?=^\[SQL|\Z)", re.DOTALL | re.MULTILINE
)

# Every repetition has an end: what is logged may be long, and be written to keep us busy.
_LONGEST = 50_000  # signs
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(\w://)[^\s/@\"']{1,500}@"), r"\1…@"),  # the user and password of an address
    (re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63}){0,8}"), "(e-mail)"),
    (re.compile(r"(?i)\b(bearer|basic)\s{1,9}[\w.~+/=-]{8,5000}"), r"\1 …"),
    (re.compile(r"(?i)\b((?:set-)?cookie)\b(\s{0,9}[:=]\s{0,9})[^\n]*"), r"\1\2…"),
    (
        re.compile(
            r"(?i)((?:password|passwd|secret|token|ticket|goals_session|_xsrf)[\"']?)"
            r"(\s{0,9}[:=]\s{0,9})(\"[^\"]*\"|'[^']*'|[^\s,;)&]+)"
        ),
        r"\1\2…",
    ),
    (re.compile(r"(/[^\s\"'?/]{0,200})\?[^\s\"')]+"), r"\1?…"),  # what was asked for, not with what
)


def render(error: BaseException) -> str:
    """A traceback with all its causes, as Python writes it."""
    return "\n".join(_lines(error, _DEEPEST))


def sentence(error: BaseException) -> str:
    """What an error says, without the values that it cites."""
    return scrub(_facts(error))


def scrub(text: str) -> str:
    """Take e-mails, secrets, cookies and query strings out of a text, whoever wrote it."""
    text = _DETAIL.sub("", text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …")
    for found, instead in _SECRETS:
        text = found.sub(instead, text)
    return text


def _lines(error: BaseException, deepest: int) -> Iterator[str]:
    if deepest == 0:
        return
    if error.__cause__ is not None:
        yield from (*_lines(error.__cause__, deepest - 1), "", _CAUSE, "")
    elif error.__context__ is not None and not error.__suppress_context__:
        yield from (*_lines(error.__context__, deepest - 1), "", _CONTEXT, "")
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield "".join(traceback.format_tb(error.__traceback__)).rstrip()
    yield f"{_name(type(error))}: {sentence(error)}"
    yield from map(scrub, getattr(error, "__notes__", ()))
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from (f"  | {line}" for line in "\n".join(_lines(each, deepest - 1)).split("\n"))


def _facts(error: BaseException) -> str:
    for kind, tell in _TOLD.items():
        if isinstance(error, kind):
            return tell(error)
    return str(error)


def _statement_and_refusal(error: DBAPIError) -> str:
    refused = "" if error.orig is None else f"({_name(type(error.orig))}) {_facts(error.orig)}"
    return f"{refused}\n[SQL: {error.statement}]"


def _refusal(error: psycopg.Error) -> str:
    told = error.diag
    message = told.message_primary or str(error)
    if isinstance(error, psycopg.DataError):
        message = _CITED.sub(r"\1…\1", message)
    where = {
        "state": error.sqlstate,
        "constraint": told.constraint_name,
        "table": told.table_name,
        "column": told.column_name,
    }
    return " ".join([message, *(f"[{name} {value}]" for name, value in where.items() if value)])


def _problems(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found)


_TOLD: dict[type[BaseException], Callable[..., str]] = {
    DBAPIError: _statement_and_refusal,
    psycopg.Error: _refusal,
    ValidationError: _problems,
}


def _name(kind: type[BaseException]) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
