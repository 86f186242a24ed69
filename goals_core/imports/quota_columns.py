"""The columns of a grid of quotas: the people's, and one for each window of a goal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from babel import Locale
from babel.dates import format_interval, format_skeleton

from goals_core.errors import N_, Invalid, Problem
from goals_core.imports import typed
from goals_core.imports.columns import QUOTAS, doubled, key_of, missing
from goals_core.imports.preview import Cell
from goals_core.imports.sheets import Line, Sheet
from goals_core.imports.values import Value, text_of
from goals_core.kinds import Period
from goals_core.models.windows import Schedule, Window, calendar_window

MOST_WINDOWS = 60
_YEAR_AHEAD = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the people and the windows of a file are; a window's key is its first day."""

    keys: tuple[str, ...]
    people: dict[str, int]
    windows: dict[str, tuple[int, Window]]
    locale: Locale

    def email(self, line: Line) -> str:
        return typed.text(line.at(self.people["email"])).casefold()

    def is_names(self, line: Line, sheet: Sheet) -> bool:
        """Whether it is the second line of the headings: nobody's, with the windows' names.

        Anything else there is a row whose person was forgotten, which must not be passed over.
        """
        if line is not sheet.lines[0] or any(typed.text(line.at(i)) for i in self.people.values()):
            return False
        return all(self._is_name(line.at(index), window) for index, window in self.windows.values())

    def _is_name(self, value: Value, window: Window) -> bool:
        """A window's name, or what a spreadsheet makes of it: its first day."""
        if value is None or typed.text(value) == label(window, self.locale):
            return True
        return _key(value, self.locale) == window.start.isoformat()

    def ordered(self, *cells: Sequence[Cell]) -> tuple[Cell, ...]:
        """The cells in the order of the file's columns."""
        by_key = {cell.column: cell for part in cells for cell in part}
        return tuple(by_key[key] for key in self.keys)


def grid_of(sheet: Sheet, schedule: Schedule, locale: Locale, goal: str) -> Grid:
    """The columns of a file; each heading must be one that is known or a window's first day."""
    headings = sheet.header.cells
    keys = [_key(heading, locale) for heading in headings]
    problems = list(doubled(keys)) + ([] if "email" in keys else [missing("email")])
    people: dict[str, int] = {}
    windows: dict[str, tuple[int, Window]] = {}
    known = {column.key for column in QUOTAS}
    for index, (heading, key) in enumerate(zip(headings, keys, strict=True)):
        if not key or key in known:
            people |= {key: index} if key else {}
        elif window := _window(key, schedule):
            windows[key] = (index, window)
        else:
            facts = {"heading": text_of(heading).strip(), "goal": goal}
            message = N_("{heading} is no first day of a window of {goal}.")
            problems.append(Problem(key, message, facts))
    problems += _number_problems(windows)
    if problems:
        raise Invalid(*problems)
    return Grid(tuple(key for key in keys if key), people, windows, locale)


def offered(schedule: Schedule, today: date) -> list[Window]:
    """The windows that a template has: all of a short goal, else those from today on.

    A goal without an end has those of the year ahead.
    """
    horizon = schedule.ends_at or max(today, schedule.starts_at) + _YEAR_AHEAD
    if schedule.ends_at is not None:
        every = _from(schedule, schedule.starts_at, horizon)
        if len(every) <= MOST_WINDOWS:
            return every
    first = max(today, schedule.starts_at)
    return _from(schedule, min(first, horizon), horizon)[:MOST_WINDOWS]


def label(window: Window, locale: Locale) -> str:
    """A window in words: a whole month by its name, anything else by its days."""
    if window == calendar_window(Period.MONTHLY, window.start, 1):
        return str(format_skeleton("yMMMM", window.start, locale=locale))
    return str(format_interval(window.start, window.end, "yMMMd", locale=locale))


def _from(schedule: Schedule, day: date, horizon: date) -> list[Window]:
    """The windows from that of a day up to the horizon, and one more than are offered at most."""
    found: list[Window] = []
    window = schedule.window_on(day)
    while window is not None and window.start <= horizon and len(found) <= MOST_WINDOWS:
        found.append(window)
        window = schedule.after(window.end)
    return found


def _key(heading: Value, locale: Locale) -> str:
    """A day's ISO form, whatever form it has; any other heading as elsewhere."""
    try:
        return typed.day(heading, locale).isoformat()
    except Invalid:
        return key_of(heading)


def _window(key: str, schedule: Schedule) -> Window | None:
    try:
        day = date.fromisoformat(key)
    except ValueError:
        return None
    window = schedule.window_on(day)
    return window if window is not None and window.start == day else None


def _number_problems(windows: dict[str, tuple[int, Window]]) -> list[Problem]:
    if not windows:
        return [Problem("file", N_("The file has no column of a window."))]
    if len(windows) > MOST_WINDOWS:
        message = N_("The file has more than {most} windows.")
        return [Problem("file", message, {"most": MOST_WINDOWS})]
    return []
