"""A worker beside the app: a child of its process, begun again when it dies, ended with it.

Its signals are its own: a Ctrl-C that reaches the app is passed on to it once. It ends by itself
when the app is gone, since the app holds the other end of its standard input.
"""

import subprocess
import sys
import threading
from collections.abc import Sequence
from time import monotonic

from goals_core import logs
from goals_core.config import PROJECT

COMMAND = (sys.executable, "-m", "goals_core", "worker", "--with-parent")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0  # seconds; doubled each time that it soon dies again
WELL_AFTER = 60.0
PATIENCE = 20.0  # for its running jobs, which are undone and run again otherwise

log = logs.get("goals_core.jobs")


class Keeper:
    """Keeps a worker running, from `start` to `stop`."""

    def __init__(self, command: Sequence[str] = COMMAND, *, patience: float = PATIENCE) -> None:
        self._command, self._patience = command, patience
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="worker", daemon=True)

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the worker when its jobs are done, or by force when that takes too long."""
        with self._one_at_a_time:
            self._stopping.set()
            child = self._child
        if child:
            child.terminate()
            try:
                child.wait(self._patience)
            except subprocess.TimeoutExpired:
                log.warning("The worker's jobs take too long; they are undone, and run again")
                child.kill()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while child := self._begin():
            began = monotonic()
            code = child.wait()
            if child.stdin:
                child.stdin.close()
            if self._stopping.is_set():
                return
            pause = (
                FIRST_PAUSE if monotonic() - began > WELL_AFTER else min(pause * 2, LONGEST_PAUSE)
            )
            log.warning("The worker has ended; another one begins", code=code, seconds=pause)
            self._stopping.wait(pause)

    def _begin(self) -> subprocess.Popen[bytes] | None:
        with self._one_at_a_time:
            if self._stopping.is_set():
                return None
            self._child = subprocess.Popen(  # noqa: S603  # nosec B603  (our own program)
                self._command, stdin=subprocess.PIPE, cwd=PROJECT, start_new_session=True
            )
            return self._child
