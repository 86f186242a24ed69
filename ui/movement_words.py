"""What happened to a record, in words: amount $12,000 → $15,000; moved from Linda to Michael."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from goals_core.engine.standings import Standing
from goals_core.errors import N_
from goals_core.kinds import Metric
from goals_core.services.movements import Deed, Difference, Movement, Side
from goals_core.sources.catalogue import Kind
from goals_core.sources.filters import ATTRIBUTE
from goals_core.sources.measures import Measure
from ui import source_words, standings
from ui.record_phrases import phrases_of
from ui.wording import _, spoken

_NOTHING = "—"
# Values of a record that have a word of their own.
_BECAME: Mapping[tuple[str, str], str] = {
    ("stage", "closed_won"): N_("won"),
    ("stage", "closed_lost"): N_("lost"),
    ("status", "paid"): N_("paid"),
}


def happened(move: Movement, goal: Standing, measure: Measure) -> str:
    """One line: what was done to the record, and what of it matters to the goal."""
    said = [*_said(move, goal, measure), *_left_out(move.after, measure)]
    text = ", ".join(said) or _("changed")
    return text[:1].upper() + text[1:]


def contribution(side: Side, goal: Standing) -> str:
    """What a record adds to the number, or its own value where nothing is added up."""
    if not side.counts:
        return _NOTHING
    return _("left out") if side.added is None else standings.full(goal, side.added)


def _said(move: Movement, goal: Standing, measure: Measure) -> Iterator[str]:
    if move.deed is Deed.DELETED:
        yield _("deleted")
        return
    if move.deed is Deed.ADDED:
        yield _("added")
        yield from _dated(move.after, measure)
        return
    for difference in move.differences:
        yield _difference(difference, move, goal, measure)


def _dated(side: Side, measure: Measure) -> Iterator[str]:
    day = (side.image or {}).get(measure.date_field)
    if day:
        yield _("{column} {day}").format(column=_column(measure, measure.date_field), day=_day(day))


def _difference(difference: Difference, move: Movement, goal: Standing, measure: Measure) -> str:
    column, old, new = difference.column, difference.old, difference.new
    if column == "owner_id":
        return _owner(old, new)
    if column == measure.date_field:
        return _moved(old, new, goal, measure)
    if (column, new) in _BECAME:
        return _became(_BECAME[column, new], move, measure)
    facts = {
        "column": _column(measure, column),
        "old": _value(old, column, move.before, measure),
        "new": _value(new, column, move.after, measure),
    }
    return _("{column} {old} → {new}").format(**facts)


def _owner(old: str | None, new: str | None) -> str:
    if old is None:
        return _("given to {new}").format(new=new)
    if new is None:
        return _("taken from {old}, now nobody's").format(old=old)
    return _("moved from {old} to {new}").format(old=old, new=new)


def _moved(old: str | None, new: str | None, goal: Standing, measure: Measure) -> str:
    """Another day; whether the record came into the window by it or left it."""
    facts = {
        "column": _column(measure, measure.date_field),
        "old": _day(old) if old else _NOTHING,
        "new": _day(new) if new else _NOTHING,
    }
    was, is_now = (_is_within(day, goal) for day in (old, new))
    if was and not is_now:
        return _("{column} moved out of this window: {old} → {new}").format(**facts)
    if is_now and not was:
        return _("{column} moved into this window: {old} → {new}").format(**facts)
    return _("{column} {old} → {new}").format(**facts)


def _became(word: str, move: Movement, measure: Measure) -> str:
    day = (move.after.image or {}).get(measure.date_field)
    if not day:
        return _(word)
    return _("{became} on {day}").format(became=_(word), day=_day(day))


def _left_out(side: Side, measure: Measure) -> Iterator[str]:
    if side.counts and side.added is None:
        yield _("no exchange rate") if measure.currency else _("no number there")


def _column(measure: Measure, column: str) -> str:
    """As people call it, within a sentence."""
    phrase = phrases_of(measure.module, measure.entity.name).columns.get(column)
    called = _(phrase) if phrase else source_words.column(measure.entity, column)
    return called if column.startswith(ATTRIBUTE) else called[:1].lower() + called[1:]


def _value(value: Any, column: str, side: Side, measure: Measure) -> str:  # noqa: ANN401
    if value is None or value == "":
        return _NOTHING
    kind = measure.entity.columns.get(column)
    if kind is Kind.DAY:
        return _day(str(value))
    if kind is Kind.NUMBER:
        currency = (side.image or {}).get("currency", "")
        metric = Metric.CURRENCY if currency else Metric.NUMBER
        return spoken().value(Decimal(str(value)), metric=metric, unit=currency)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return spoken().number(Decimal(str(value)))
    return str(value)


def _day(text: str) -> str:
    return spoken().day(date.fromisoformat(text))


def _is_within(day: str | None, goal: Standing) -> bool:
    return day is not None and goal.window.start <= date.fromisoformat(day) <= goal.window.end
