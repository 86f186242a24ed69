"""The field that prorates a goal: only what adds up over the days can be asked for in part."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from goals_core.kinds import GoalType, Metric
from goals_core.sources.catalogue import Aggregation
from ui.forms import Form
from ui.wording import _

_METRICS = {Metric.NUMBER, Metric.CURRENCY, Metric.COUNT}
_SUMS = {Aggregation.SUM, Aggregation.COUNT}


def show(form: Form, type_: GoalType, metric: Metric, config: Mapping[str, Any] | None) -> bool:
    """Draw it where `drafts.check` takes it; whether the goal is prorated."""
    adds_up = type_ is not GoalType.MAINTAIN and metric in _METRICS
    if not adds_up or (config is not None and config["aggregation"] not in _SUMS):
        return False
    is_prorated = form.switch("prorate", _("Prorate by the days someone works"))
    st.caption(
        _(
            "Who starts or leaves within a window has less to reach: target × days worked ÷"
            " working days."
        )
    )
    return is_prorated
