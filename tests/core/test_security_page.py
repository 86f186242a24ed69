"""What docs/security.md points to exists."""

import re

import pytest

from goals_core.config import PROJECT

PAGE = (PROJECT / "docs" / "security.md").read_text()
FILES = sorted(set(re.findall(r"`((?:docs|goals_core|tests|ui)/[\w./-]+|\w+\.txt)`", PAGE)))
LINKS = sorted(set(re.findall(r"\]\(([\w./-]+\.md)\)", PAGE)))
COMMANDS = sorted(set(re.findall(r"`make (\w+)`", PAGE)))
POINT = re.compile(r"^\| ([^|]+) \| [^|]+ \|", re.MULTILINE)


def test_it_points_to_something():
    assert (len(FILES) > 40, len(LINKS) > 4, COMMANDS) == (True, True, ["audit", "types"])


@pytest.mark.parametrize("path", FILES)
def test_each_file_that_answers_exists(path):
    assert (PROJECT / path).exists()


@pytest.mark.parametrize("path", LINKS)
def test_each_page_that_is_linked_exists(path):
    assert (PROJECT / "docs" / path).exists()


def test_each_command_exists():
    targets = (PROJECT / "Makefile").read_text()
    assert all(f"\n{name}:" in targets for name in COMMANDS)


def test_every_chapter_that_applies_is_there():
    rows = [row for row in POINT.findall(PAGE) if re.match(r"\d", row)]
    chapters = {point.partition(".")[0] for row in rows for point in re.findall(r"\d+\.\d+", row)}
    assert chapters >= {str(number) for number in range(1, 17)}
    assert len(rows) > 70
