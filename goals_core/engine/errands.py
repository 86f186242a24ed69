"""What is done after the answer, in a thread of its own: nobody can tell from the wait what it was.

An errand that fails is told to the log; those that wait when the process ends are lost.
"""

import queue
import threading
from collections.abc import Callable
from functools import cache

from goals_core import logs

MOST_WAITING = 200

Errand = Callable[[], None]

log = logs.get("goals_core.errands")


def send(errand: Errand) -> None:
    """Run it soon; where too many wait already, the log says that this one is left out."""
    try:
        _waiting().put_nowait(errand)
    except queue.Full:
        log.warning("Too many errands wait; one is left out", waiting=MOST_WAITING)


def finish() -> None:
    """Wait until all that were sent are done."""
    _waiting().join()


@cache
def _waiting() -> "queue.Queue[Errand]":
    """The queue, whose two threads begin with the first errand."""
    waiting: queue.Queue[Errand] = queue.Queue(MOST_WAITING)
    for number in (1, 2):  # so that one slow mail server's answer does not stop the other errands
        threading.Thread(
            target=_run_all, args=(waiting,), name=f"errands-{number}", daemon=True
        ).start()
    return waiting


def _run_all(waiting: "queue.Queue[Errand]") -> None:
    while True:
        errand = waiting.get()
        try:
            errand()
        except Exception:
            log.exception("An errand failed")  # nobody waits for it who could be told
        finally:
            waiting.task_done()
