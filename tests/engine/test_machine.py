"""The engine against a second telling of SPEC.md: random steps, everything compared after each."""

from itertools import count
from time import monotonic

import pytest

from tests.conftest import Database
from tests.engine import soak
from tests.engine.stage import HITS

SECONDS = 20  # for whole rounds; `make soak` takes the time that 10,000 steps need
FEWEST = 100


def test_random_steps_agree_with_the_model(
    connected: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    HITS.clear()
    began = monotonic()
    for number in count(1):  # each round of stories is the same in every run
        soak.run(number, steps=40, stories=4)
        spent = monotonic() - began
        if spent + spent / number > SECONDS:
            break
    steps = HITS["", "steps"]
    with capsys.disabled():
        print(f" [{steps} steps of {len({rule for rule, _ in HITS}) - 1} rules] ", end="")  # noqa: T201
    assert steps >= FEWEST
