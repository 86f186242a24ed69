"""How often what was tried by whom: counts that add up over tests, and the page that shows them."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from goals_core.config import PROJECT

PAGE = PROJECT / "build" / "walls.md"
ACROSS, WITHIN, REACHED = "another company", "goals out of sight", "goals that one only sees"
SQL = "SQL"

Tally = Counter[tuple[str, str, str]]
"""Attempts by level (`ACROSS`, `WITHIN`, …), by what was tried and by who tried."""


def as_lists(tally: Tally) -> list[list[object]]:
    """For a report that travels between processes."""
    return [[*key, count] for key, count in sorted(tally.items())]


def from_lists(lists: Iterable[list[object]]) -> Tally:
    found: Tally = Counter()
    for level, what, who, count in lists:
        found[str(level), str(what), str(who)] += int(str(count))
    return found


def summary(tally: Tally) -> str:
    """One line: how many attempts there were at each wall."""
    levels = Counter[str]()
    for (level, _, _), count in tally.items():
        levels[level] += count
    operations = {what for level, what, _ in tally if level != SQL}
    each = ", ".join(f"{levels[level]:,} at {level}" for level in (ACROSS, WITHIN, REACHED))
    return (
        f"walls: {levels.total():,} attempts: {levels[SQL]:,} in SQL;"
        f" by {len(operations)} operations {each}"
    )


def write(tally: Tally, path: Path = PAGE) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(page(tally))


def page(tally: Tally) -> str:
    lines = ["# Attempts at the walls", "", summary(tally), ""]
    for level in (ACROSS, WITHIN, REACHED, SQL):
        if any(key[0] == level for key in tally):
            lines += [f"## {level[0].upper()}{level[1:]}", "", *_table(tally, level), ""]
    return "\n".join(lines)


def _table(tally: Tally, level: str) -> list[str]:
    of_level = {(what, who): n for (at, what, who), n in tally.items() if at == level}
    whos = sorted({who for _, who in of_level})
    rows = [["tried", *whos], ["---", *("---:" for _ in whos)]]
    rows += [
        [f"`{what}`", *(str(of_level.get((what, who), "")) for who in whos)]
        for what in sorted({what for what, _ in of_level})
    ]
    rows.append(
        ["all", *(str(sum(n for (_, w), n in of_level.items() if w == who)) for who in whos)]
    )
    return [f"| {' | '.join(row)} |" for row in rows]
