"""The proof of tracking in short, and that it can fail: a broken engine is noticed."""

import pytest

from tests.proofs import breakages
from tests.proofs.histories import play


@pytest.mark.parametrize("seed", ["400", "402"])
def test_incremental_full_and_independent_computation_agree_after_each_step(connected, at, seed):
    play(seed, at, steps=9)


@pytest.mark.parametrize(
    ("broken", "seed", "steps"),
    [
        (breakages.news_are_told_twice, "500", 0),
        (breakages.the_last_news_is_lost, "500", 0),
        (breakages.closing_is_a_day_late, "502", 0),
    ],
)
def test_a_broken_engine_is_noticed(connected, at, monkeypatch, broken, seed, steps):
    broken(monkeypatch.setattr)
    with pytest.raises(AssertionError):
        play(seed, at, steps=steps)


def test_a_line_that_is_passed_over_is_noticed(connected, at):
    with breakages.other_words(*breakages.A_LINE_IS_PASSED_OVER), pytest.raises(AssertionError):
        play("511", at, steps=1)
