"""Many processes on one company's records, from outside: started, killed, and what they said."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

from tests.conftest import NOW, project_root
from tests.proofs.actors import Diary, Intent, parsed
from tests.proofs.things import Record

PATIENCE = 120.0  # seconds for what has to happen


@dataclass(frozen=True)
class Process:
    """One actor that runs, and its diary."""

    kind: str
    number: int
    diary: Diary

    @property
    def is_alive(self) -> bool:
        with suppress(ProcessLookupError):
            os.kill(self.number, 0)
            return True
        return False

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.number, signal.SIGKILL)


@dataclass
class Crowd:
    """The actors of a company."""

    nursery: subprocess.Popen[str]
    folder: Path
    spec: dict[str, Any]
    processes: list[Process] = field(default_factory=list)
    born: int = 0

    def add(self, kind: str, rnd: Random) -> None:
        self.born += 1
        diary = Diary(self.folder / f"{self.born}.{kind}")
        own = {"actor": kind, "number": self.born, "seed": rnd.random(), "diary": str(diary.path)}
        assert self.nursery.stdin
        assert self.nursery.stdout
        self.nursery.stdin.write(json.dumps(self.spec | own) + "\n")
        self.nursery.stdin.flush()
        number = int(self.nursery.stdout.readline())
        self.processes.append(Process(kind, number, diary))

    def kill(self, *kinds: str) -> None:
        for each in self.processes:
            if each.kind in kinds:
                each.kill()

    def kill_all(self) -> None:
        """With nobody left behind."""
        self.kill("load", "sync", "tell", "work")
        wait_until(lambda: not any(each.is_alive for each in self.processes), "an actor's end")

    def wait_for_work(self) -> None:
        """Until every one of them has done something."""
        wait_until(
            lambda: all(len(each.diary.lines()) > 1 for each in self._with_a_diary),
            "the first work",
        )

    @property
    def _with_a_diary(self) -> list[Process]:
        return [each for each in self.processes if each.kind != "work"]

    def leave(self) -> list[Process]:
        """Those that are gone, to be read for the last time."""
        gone, self.processes = self.processes, []
        return gone


@contextmanager
def crowd(folder: Path, spec: dict[str, Any]) -> Iterator[Crowd]:
    """A nursery and whom it brings forth, for a company whose clock stands still."""
    command = [sys.executable, "-m", "tests.proofs.actors"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = os.environ | {"GOALS_NOW": NOW.isoformat()}
    with subprocess.Popen(
        command, text=True, cwd=project_root(), env=environment, **pipes
    ) as nursery:
        made = Crowd(nursery, folder, spec)
        try:
            yield made
        finally:
            made.kill_all()
            nursery.kill()


def wait_until(holds: Any, what: str) -> None:
    until = monotonic() + PATIENCE
    while not holds():
        assert monotonic() < until, f"waited in vain for {what}"
        sleep(0.02)


def failures(gone: list[Process]) -> list[str]:
    """What actors died of, but for a server that was killed under them."""
    return [
        f"{each.kind}: {line['state']} {line['failed']}"
        for each in gone
        for line in each.diary.lines()
        if "failed" in line and not line["lost"]
    ]


def intents(process: Process) -> tuple[list[Intent], Intent]:
    """What was surely committed, in its order; and the last one, of which nobody knows."""
    sure: list[Intent] = []
    doubtful: Intent = {}
    for line in process.diary.lines():
        if "intent" in line:
            doubtful = {} if line["undone"] else _parsed(line["intent"])
        elif "done" in line:
            sure.append(doubtful)
            doubtful = {}
    return sure, doubtful


def _parsed(intent: dict[str, Any]) -> dict[str, Record | None]:
    return {key: record and parsed(record) for key, record in intent.items()}
