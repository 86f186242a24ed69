"""Fields of a form whose choices react: what is typed stays while a field is hidden or wrong."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from goals_core.checks import EARLIEST_DAY, LATEST_DAY
from goals_core.errors import N_, GoalsError, Invalid, Problem
from ui.feedback import field_error, tell
from ui.wording import _, md, n_, say, spoken

T = TypeVar("T")
NO_LINE = ""
"""As `at`: the field stands in a row with others, which have one line for problems together."""
# The calendar reaches beyond the rule, so that a day too far away gets the rule's own sentence.
_FIRST_DAY, _LAST_DAY = EARLIEST_DAY.replace(year=1900), LATEST_DAY.replace(year=2299)


@dataclass
class Form:
    """One form in one run: the keys of its fields, which are shown, and what could not be read.

    `at` is the name that problems have for a field, where that is not the field's own.
    """

    name: str
    problems: list[Problem] = field(default_factory=list)
    _shown: set[str] = field(default_factory=set)
    _summary: DeltaGenerator | None = None

    def key(self, name: str) -> str:
        return f"{self.name}_{name}"

    def load(self, values: Mapping[str, object]) -> None:
        """Fill fields, before they are drawn."""
        for name, value in values.items():
            st.session_state[self.key(name)] = value

    def read(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  (a widget's value)
        """What a field holds, also before it is drawn and while it is hidden."""
        return st.session_state.get(self.key(name), default)

    def problem(self, name: str, message: str, **facts: object) -> None:
        self.problems.append(Problem(name, message, facts))

    def text(
        self,
        name: str,
        label: str,
        *,
        at: str | None = None,
        **options: Any,  # noqa: ANN401  (Streamlit's own)
    ) -> str:
        widget = options.pop("widget", st.text_input)
        typed = widget(label, key=self.key(name), persist_state="page", **options)
        self.line(name if at is None else at)
        return typed or ""

    def number(
        self,
        name: str,
        label: str,
        *,
        at: str | None = None,
        optional: bool = False,
        **options: Any,  # noqa: ANN401  (Streamlit's own)
    ) -> Decimal | None:
        """A number typed the tenant's way; None when it is left out or cannot be read."""
        typed = self.text(name, label, at=at, **options)
        if optional and not typed.strip():
            return None
        return self.parsed(at or name, typed)

    def parsed(self, name: str, typed: str) -> Decimal | None:
        """The number that a text says; what is none becomes a problem of the field."""
        try:
            return spoken().parse(typed, field=name)
        except Invalid as error:
            self.problems += error.problems
            return None

    def day(
        self,
        name: str,
        label: str,
        *,
        at: str | None = None,
        optional: bool = False,
        **options: Any,  # noqa: ANN401  (Streamlit's own)
    ) -> date | None:
        day: date | None = st.date_input(
            label,
            value=None,
            min_value=_FIRST_DAY,
            max_value=_LAST_DAY,
            format=_day_format(),
            key=self.key(name),
            persist_state="page",
            **options,
        )
        self.line(name if at is None else at)
        if day is None and not optional:
            self.problem(at or name, N_("Please choose a day."))
        return day

    def switch(self, name: str, label: str, **options: Any) -> bool:  # noqa: ANN401
        """A yes or no, which begins as `load` has it."""
        is_on: bool = st.toggle(label, key=self.key(name), persist_state="page", **options)
        self.line(name)
        return is_on

    def choice(
        self,
        name: str,
        label: str,
        choices: Collection[T],
        *,
        at: str | None = None,
        **options: Any,  # noqa: ANN401  (Streamlit's own)
    ) -> T:
        """One of the choices; the first one when what was chosen is no longer offered."""
        if self.read(name) not in choices:
            self.load({name: next(iter(choices))})
        # Streamlit's `required` would add that word to the label of a selectbox
        is_box = options.get("widget", st.selectbox) is st.selectbox
        always_one = {"index": 0} if is_box else {"required": True}
        chosen: T = self.typed_choice(name, label, choices, at=at, **always_one, **options)
        return chosen

    def typed_choice(
        self,
        name: str,
        label: str,
        choices: Collection[T],
        *,
        at: str | None = None,
        words: Callable[[T], str] = str,
        widget: Callable[..., Any] = st.selectbox,
        **options: Any,  # noqa: ANN401  (Streamlit's own)
    ) -> Any:  # noqa: ANN401  (what is typed is a text, whatever is offered)
        """One of the choices, something else that was typed, or None as long as it is empty."""
        held, known = self.read(name), [*choices]
        if held is not None and held not in known:
            if options.get("accept_new_options"):
                known.append(held)
            else:
                self.load({name: None})
        if widget is st.selectbox:
            options.setdefault("index", None)
        chosen = widget(
            label, known, format_func=words, key=self.key(name), persist_state="page", **options
        )
        self.line(name if at is None else at)
        return chosen

    def choices(
        self,
        name: str,
        label: str,
        choices: Collection[T],
        *,
        at: str | None = None,
        words: Callable[[T], str] = str,
        **options: Any,  # noqa: ANN401  (Streamlit's own)
    ) -> list[T]:
        """Any of the choices; with `accept_new_options` also what else was typed."""
        held = self.read(name) or []
        known = [*choices]
        if options.get("accept_new_options"):
            known = list(dict.fromkeys([*known, *held]))
        elif any(one not in known for one in held):
            self.load({name: [one for one in held if one in known]})
        chosen: list[T] = st.multiselect(
            label, known, format_func=words, key=self.key(name), persist_state="page", **options
        )
        self.line(name if at is None else at)
        return chosen

    def line(self, name: str) -> None:
        """Keep the place, below a field, where `tell` says what is wrong with it."""
        if name != NO_LINE:
            field_error(name, form=self.name)
            self._shown.add(name)

    def summary(self) -> None:
        """Keep the place, beside the buttons, where `tell` says how many fields need a look."""
        self._summary = st.empty()

    def tell(self, error: GoalsError, *, top: DeltaGenerator) -> None:
        """Each problem below its field; what has no field in this run as a sentence at the top."""
        every = error.problems if isinstance(error, Invalid) else ()
        first = {problem.field: problem for problem in reversed(every)}
        at_fields = [problem for name, problem in first.items() if name in self._shown]
        elsewhere = [problem for name, problem in first.items() if name not in self._shown]
        if at_fields:
            tell(Invalid(*at_fields), form=self.name)
        if elsewhere or not every:
            sentence = " ".join(map(say, elsewhere)) if elsewhere else say(error)
            top.error(md(sentence), icon=":material/error:")
        if self._summary is not None:
            self._summary.markdown(f":red[:material/error: {_sum_up(len(at_fields))}]")


def _sum_up(fields: int) -> str:
    if not fields:
        return _("It is not saved: see the top of the page.")
    return n_("{count} field needs a look", "{count} fields need a look", fields)


def as_typed(number: Decimal | None) -> str:
    """A number as its field shows it before it is changed."""
    return "" if number is None else spoken().number(number)


def _day_format() -> str:
    """The tenant's order of day, month and year, as far as the calendar widget knows it."""
    pattern = str(spoken().locale.date_formats["short"].pattern).lower()
    sign = next((sign for sign in "/.-" if sign in pattern), "-")
    order = {"y": ("YYYY", "MM", "DD"), "m": ("MM", "DD", "YYYY")}
    return sign.join(order.get(pattern[0], ("DD", "MM", "YYYY")))
