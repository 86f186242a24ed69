"""Ways to break the engine, each of which the proof has to notice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from sqlalchemy import event

from goals_core import db
from goals_core.engine import outbox
from goals_core.models import attainment
from goals_core.models.windows import Window
from goals_core.sources import amounts

Patch = Callable[[Any, str, Any], None]


class Unsaid(Exception):
    """No statement has the words that were to be others."""


@contextmanager
def other_words(old: str, new: str) -> Iterator[None]:
    """Every statement says `new` where it said `old`; at least one has to."""
    found = 0

    def rewrite(*call: Any) -> tuple[str, Any]:
        nonlocal found
        _, _, statement, parameters, *_ = call
        found += old in statement
        return statement.replace(old, new), parameters

    listen = (db.engine(), "before_cursor_execute", rewrite)
    event.listen(*listen, retval=True)
    try:
        yield
    finally:
        event.remove(*listen)
        if not found:
            raise Unsaid(old)


def rates_hold_for_six_days(patch: Patch) -> None:
    patch(amounts, "RATE_IS_GOOD_FOR_DAYS", 6)


def news_are_told_twice(patch: Patch) -> None:
    real = outbox.tell
    patch(outbox, "tell", lambda session, news: real(session, [*news, *news]))


def the_last_news_is_lost(patch: Patch) -> None:
    real = outbox.tell
    patch(outbox, "tell", lambda session, news: real(session, news[:-1]))


def percentages_are_rounded(patch: Patch) -> None:
    patch(attainment, "ROUND_FLOOR", "ROUND_HALF_UP")


def closing_is_a_day_late(patch: Patch) -> None:
    def is_closed(window: Window, today: date, *, grace_days: int) -> bool:
        return today > window.end + timedelta(days=grace_days + 1)

    patch(Window, "is_closed", is_closed)


IN_PYTHON = (
    rates_hold_for_six_days,
    news_are_told_twice,
    the_last_news_is_lost,
    percentages_are_rounded,
    closing_is_a_day_late,
)
_IMAGES = 'ARRAY[lines."old", lines."new"]'
A_LINE_IS_PASSED_OVER = (
    "journal.id >= goals.journal_batches",
    "journal.id > goals.journal_batches",
)
IN_WORDS = {
    "a line is passed over": A_LINE_IS_PASSED_OVER,
    "batches are taken and not read": (
        "goals.journal.id <= goals.journal_batches.last_line",
        "false",
    ),
    "the old image moves nothing": (_IMAGES, 'ARRAY[NULL, lines."new"]'),
    "the new image moves nothing": (_IMAGES, 'ARRAY[lines."old", NULL]'),
    "who joins a team has always counted for it": ("member_from <= ", "member_from <> "),
    "a milestone is passed in silence": (
        "AS INTEGER) > goals.assignments.progress_percentage",
        "AS INTEGER) > 1000",
    ),
    "who has left a team goes on counting for it": ("member_to >= ", "member_to <> "),
    "the company's goals are passed over": (
        "goals.assignments.user_id IS NULL AND goals.assignments.team_id IS NULL",
        "false",
    ),
}
