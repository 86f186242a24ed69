"""How the target of an assignment came about, in words and numbers."""

from decimal import Decimal

from goals_core.engine.standings import Standing
from ui import standings
from ui.wording import _, n_, spoken


def full(standing: Standing) -> Decimal:
    """The target of someone who works every day of the window."""
    return standing.proration.full_target if standing.proration else standing.target


def arithmetic(standing: Standing) -> str:
    """The sum behind a prorated target; empty where every working day counts."""
    part = standing.proration
    if part is None:
        return ""
    return _("{full} × {worked} of {days} = {target}").format(
        full=standings.full(standing, full(standing)),
        worked=spoken().number(part.worked_days),
        days=n_("{count} working day", "{count} working days", part.working_days),
        target=standings.full(standing, standing.target),
    )


def differing(standing: Standing) -> str:
    """What someone is to reach, where that is not simply the goal's target."""
    if standing.has_own_target and standing.proration is None:
        return _("Own target: {target}").format(target=standings.full(standing, standing.target))
    return arithmetic(standing)
