"""Errands: done soon, however the one before ended, and never more than can wait."""

import threading

from structlog.testing import capture_logs

from goals_core.engine import errands


def test_they_are_done_in_another_thread():
    names = []
    errands.send(lambda: names.append(threading.current_thread().name))
    errands.finish()
    assert names[0] != threading.current_thread().name


def test_one_that_fails_is_told_to_the_log_and_stops_no_other():
    done = []

    def fail() -> None:
        raise RuntimeError("no")

    with capture_logs() as lines:
        for errand in (fail, fail, fail, lambda: done.append(True)):
            errands.send(errand)
        errands.finish()
    assert done == [True]
    assert [line["event"] for line in lines] == ["An errand failed"] * 3


def test_more_than_can_wait_are_left_out_and_nobody_is_held_up():
    held, done = threading.Event(), []
    for _ in range(2):
        errands.send(held.wait)
    with capture_logs() as lines:
        for number in range(errands.MOST_WAITING + 5):
            errands.send(lambda number=number: done.append(number))
    held.set()
    errands.finish()
    assert errands.MOST_WAITING - 2 <= len(done) <= errands.MOST_WAITING
    assert len(done) + len(lines) == errands.MOST_WAITING + 5
