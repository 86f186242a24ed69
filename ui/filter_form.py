"""The rows of a filter: column, comparison in words, value; together the `filter` of a config."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from goals_core.actor import Actor
from goals_core.errors import N_
from goals_core.sources.filters import ATTRIBUTE, Operator
from ui import offers, source_words
from ui.filter_state import Holds, value_name
from ui.forms import NO_LINE, Form
from ui.source_words import IS_EMPTY, IS_FILLED
from ui.wording import _

if TYPE_CHECKING:
    from ui.source_form import Records

MOST_ROWS = 20


_ORDERED = (Operator.GTE, Operator.GT, Operator.LTE, Operator.LT, Operator.EQ)
_COMPARISONS: Mapping[Holds, tuple[str, ...]] = {
    Holds.TEXT: (Operator.EQ, Operator.NE, Operator.IN),
    Holds.NUMBER: (*_ORDERED, Operator.NE),
    Holds.DAY: (*_ORDERED, IS_EMPTY, IS_FILLED),
    Holds.FLAG: (Operator.EQ,),
}
_ATTRIBUTES_HOLD = {
    Holds.TEXT: N_("Text"),
    Holds.NUMBER: N_("Number"),
    Holds.FLAG: N_("Yes or no"),
}
_FLAGS = {"true": N_("Yes"), "false": N_("No")}
_NOTHING = N_("Please enter something here.")


@dataclass(frozen=True)
class _Row:
    """One condition: its fields are named after the source and the row's number."""

    form: Form
    actor: Actor
    records: "Records"
    number: int

    @property
    def line(self) -> str:
        return f"filter_{self.number}"

    def field(self, name: str) -> str:
        return f"{self.records.at}_{self.number}_{name}"


@dataclass(frozen=True)
class _Comparison:
    """What a row says."""

    line: str
    column: str
    operator: str
    value: object


def show(form: Form, actor: Actor, records: "Records") -> dict[str, Any]:
    """Draw them; the filter as it stands."""
    rows = form.read(f"{records.at}_rows")
    if rows:
        st.markdown(_("Only records where"))
    drawn = [_show(_Row(form, actor, records, number)) for number in rows]
    form.line("filter")
    st.button(
        _("Add a condition"),
        icon=":material/add:",
        type="tertiary",
        on_click=_add,
        args=(form, records.at),
        disabled=len(rows) >= MOST_ROWS,
        key=form.key("filter_add"),
    )
    return _merged(form, [each for each in drawn if each is not None])


def _add(form: Form, at: str) -> None:
    # a number is never used twice: the next row would start with what a removed one held
    rows, made = form.read(f"{at}_rows"), form.read(f"{at}_made")
    form.load({f"{at}_rows": (*rows, made), f"{at}_made": made + 1})


def _remove(row: _Row) -> None:
    field = f"{row.records.at}_rows"
    row.form.load({field: tuple(n for n in row.form.read(field) if n != row.number)})


def _show(row: _Row) -> _Comparison | None:
    with st.container(horizontal=True, gap="xsmall", key=row.form.key(row.line)):
        column = _column(row)
        holds = _what_it_holds(row, column)
        operator = _operator(row, column, holds)
        problems = len(row.form.problems)
        value = _value(row, column, holds, operator)
        st.button(
            "",
            icon=":material/delete:",
            type="tertiary",
            help=_("Remove this condition"),
            on_click=_remove,
            args=(row,),
            key=row.form.key(f"{row.line}_remove"),
        )
    row.form.line(row.line)
    if len(row.form.problems) > problems:
        return None
    is_null = operator in {IS_EMPTY, IS_FILLED}
    return _Comparison(row.line, column, Operator.IS_NULL if is_null else operator, value)


def _column(row: _Row) -> str:
    return row.form.choice(
        row.field("column"),
        _("Column"),
        [*row.records.entity.columns, *row.records.attributes],
        at=NO_LINE,
        words=partial(source_words.column, row.records.entity),
        label_visibility="collapsed",
        width=150,
    )


def _what_it_holds(row: _Row, column: str) -> Holds:
    kind = row.records.entity.columns.get(column)
    if kind is not None:
        return Holds(kind.value)
    return row.form.choice(
        row.field("holds"),
        _("Kind"),
        list(_ATTRIBUTES_HOLD),
        at=NO_LINE,
        words=lambda holds: _(_ATTRIBUTES_HOLD[holds]),
        label_visibility="collapsed",
        width=110,
    )


def _operator(row: _Row, column: str, holds: Holds) -> str:
    offered = [*_COMPARISONS[holds]]
    if column.startswith(ATTRIBUTE):
        offered += [IS_EMPTY, IS_FILLED]
    field = row.field(f"{holds}_comparison")
    loaded = row.form.read(field)
    operator: str = row.form.choice(
        field,
        _("Comparison"),
        offered if loaded in {None, *offered} else [*offered, loaded],
        at=NO_LINE,
        words=lambda operator: source_words.comparison(operator, holds.value),
        label_visibility="collapsed",
        width=130,
    )
    return operator


def _value(row: _Row, column: str, holds: Holds, operator: str) -> object:
    """What the column is compared with, as JSON has it; a problem of the row if there is none."""
    field = row.field(value_name(column, holds, operator))
    look: dict[str, Any] = {"at": NO_LINE, "label_visibility": "collapsed", "width": "stretch"}
    if operator in {IS_EMPTY, IS_FILLED}:
        st.space("stretch")
        return operator == IS_EMPTY
    if operator == Operator.IN:
        typed = row.form.choices(
            field, _("Values"), _known(row, column, holds), accept_new_options=True, **look
        )
        if not typed:
            row.form.problem(row.line, _NOTHING)
        return [_as_json(row, holds, one) for one in typed]
    if holds is Holds.DAY:
        day = row.form.day(field, _("Day"), optional=True, **look)
        return _as_json(row, holds, day.isoformat() if day else "")
    if holds is Holds.FLAG:
        return _as_json(row, holds, row.form.choice(field, _("Value"), _FLAGS, words=_flag, **look))
    if holds is Holds.NUMBER:
        return _as_json(row, holds, row.form.text(field, _("Value"), **look))
    typed = row.form.typed_choice(
        field,
        _("Value"),
        _known(row, column, holds),
        accept_new_options=True,
        placeholder=_("Value"),
        **look,
    )
    return _as_json(row, holds, typed or "")


def _known(row: _Row, column: str, holds: Holds) -> list[str]:
    if holds is not Holds.TEXT or column.startswith(ATTRIBUTE):
        return []
    return offers.values(row.actor, row.records.source, row.records.entity_name, column)


def _flag(word: str) -> str:
    return _(_FLAGS[word])


def _as_json(row: _Row, holds: Holds, typed: str) -> object:
    if not typed:
        row.form.problem(row.line, _NOTHING)
    elif holds is Holds.FLAG:
        return typed == "true"
    elif holds is Holds.NUMBER and (number := row.form.parsed(row.line, typed)) is not None:
        # JSON has no decimals; up to 15 digits a float is written back as it was typed
        return int(number) if number == number.to_integral_value() else float(number)
    return typed


def _merged(form: Form, comparisons: Iterable[_Comparison]) -> dict[str, Any]:
    """By column; what is just equal to something, or one of a list, is written as just that."""
    columns: dict[str, dict[str, object]] = {}
    for one in comparisons:
        column = columns.setdefault(one.column, {})
        if one.operator in column:
            form.problem(
                one.line, N_("This comparison stands above already; it can be there once.")
            )
        column[one.operator] = one.value
    plain = ({Operator.EQ}, {Operator.IN})
    return {
        column: next(iter(found.values())) if found.keys() in plain else found
        for column, found in columns.items()
    }
