"""What a page shows, as its reader reads it."""

import re
from html import unescape
from typing import Any

import pandas as pd
from streamlit.testing.v1 import AppTest

from goals_core.actor import Actor
from goals_core.services import tracking

_MARKUP = re.compile(r":[a-z-]+\[|\]|:material/\w+:|\*\*|###")


def tiles(at: AppTest) -> dict[str, str]:
    """The headline numbers by their labels; of several with one label the first."""
    found: dict[str, str] = {}
    for metric in at.metric:
        found.setdefault(_plain(metric.label), _plain(metric.value))
    return found


def deltas(at: AppTest) -> dict[str, str]:
    return {_plain(metric.label): _plain(metric.delta) for metric in at.metric}


def words(at: AppTest) -> str:
    """Every title, line, caption, badge and notice, without the marks of Markdown."""
    kinds = (at.title, at.subheader, at.markdown, at.caption, at.info, at.warning)
    lines = [str(element.value) for kind in kinds for element in kind]
    return _plain("\n".join(_MARKUP.sub("", line) for line in lines))


def drawn(at: AppTest) -> str:
    """The HTML of bars and lines."""
    return "\n".join(str(element.proto.body) for element in at.get("html"))


def buttons(at: AppTest) -> list[str]:
    return [_read(button.label).replace("**", "") for button in at.button]


def table(at: AppTest, called: str) -> pd.DataFrame:
    """The one table of that key or, where it is none to click, of that description."""
    (found,) = [t for t in at.dataframe if called in (t.key, t.proto.alt)]
    frame: pd.DataFrame = found.value
    return frame.map(lambda cell: _plain(cell) if isinstance(cell, str) else cell)


def click_row(at: AppTest, key: str, row: int) -> AppTest:
    """Click the first cell of a table's row."""
    column = table(at, key).columns[0]
    at.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": [(row, column)]}}
    return at.run()


def sync(actor: Actor) -> Any:
    return tracking.sync(actor)


def _plain(text: str) -> str:
    """Without entities, and spaces as they are typed."""
    return " ".join(_read(text).replace("\n", "\0").split()).replace("\0", "\n")


def _read(text: str) -> str:
    """Without entities, and without what keeps a web address from becoming a link."""
    return unescape(text).replace("\N{WORD JOINER}", "")
