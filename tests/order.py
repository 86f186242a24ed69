"""Which tests a worker takes together, which are taken first, and how many workers there are.

What takes longest begins first, so that no worker works alone in the end; what shares something
dear, a running app, a loaded demo or two companies full of rows, stays with one worker.
"""

import os
from pathlib import PurePath
from typing import Any

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling

TOGETHER = (
    {f"tests/e2e/test_{name}.py" for name in ("doors", "hostile_text", "setup", "shell")},
    {
        f"tests/e2e/test_{name}.py"
        for name in ("journey", "links", "sessions", "sign_in_by_provider")
    },
    {f"tests/demo/test_{name}.py" for name in ("loading", "reconciliation", "sentences")},
    {f"tests/walls/test_{name}.py" for name in ("operations", "sabotage", "sql")},
)
FIRST = ("e2e", "demo", "engine", "proofs", "jobs", "walls", "imports", "core", "pages", "services")


class Together(LoadFileScheduling):
    """A file, or all files that share something, is one worker's."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((min(files) for files in TOGETHER if file in files), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    return Together(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: whoever drives a browser often waits for it."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    """The place of a test's folder; within it they stay as they are."""
    _tests, *folders, _file = PurePath(item.nodeid.partition("::")[0]).parts
    return FIRST.index(folders[0]) if folders and folders[0] in FIRST else len(FIRST)
