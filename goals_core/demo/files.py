"""The records that come with the demo, as they are; their licences lie beside them."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

_FOLDER = Path(__file__).parent / "data"


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of `data/<name>.csv`, every field as text."""
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def day(text: str) -> date | None:
    """An ISO day; None where the record has none."""
    return date.fromisoformat(text) if text else None
