"""Random deeds through the services, each also told to the model, and all compared after each.

Every choice is a small number that picks among what there is, so that a failing run can be told
again by its calls alone; its trace tells them in words.
"""

from hypothesis.stateful import (
    rule,
)

from goals_core.services import rollover
from tests.engine import checks, surroundings
from tests.engine.assignment_rules import AssignmentRules
from tests.engine.goal_rules import GoalRules
from tests.engine.progress_rules import ProgressRules
from tests.engine.stage import counted
from tests.engine.world_rules import WorldRules


class GoalsMachine(GoalRules, AssignmentRules, ProgressRules, WorldRules):
    """All rules together."""

    @rule()
    @counted
    def sync(self) -> None:
        self._sync()

    @rule()
    @counted
    def roll_over(self) -> None:
        self._do(
            "roll over",
            lambda: surroundings.roll_over(self.world),
            lambda _db: _begun(rollover.roll_over(self.system)),
            by=self.system,
        )
        checks.no_overlap(self._read())


def _begun(done: rollover.RolledOver) -> tuple[int, int]:
    return done.begun, done.closed
