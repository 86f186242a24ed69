"""All that happens in a history, and how often."""

from tests.proofs import aimed, deeds
from tests.proofs.deeds import Deed

DEEDS: tuple[tuple[Deed, int], ...] = (
    (deeds.write, 12),
    (deeds.write_in_parts, 3),
    (deeds.write_in_vain, 2),
    (deeds.hand_over, 3),
    (deeds.forget, 3),
    (deeds.win, 3),
    (deeds.rate, 2),
    (deeds.join, 2),
    (deeds.leave, 2),
    (deeds.read, 3),
    (deeds.new_goal, 1),
    (deeds.assign, 1),
    (deeds.edit, 2),
    (deeds.pause, 2),
    (deeds.wait, 3),
    (aimed.around_a_membership, 3),
    (aimed.a_step_further, 3),
    (aimed.another_amount, 3),
)
AFTER_A_SYNC = {deeds.win}
"""These compute some goals by themselves: nothing else may wait to be computed."""
