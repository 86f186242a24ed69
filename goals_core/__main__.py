"""`python -m goals_core`: the operator's commands."""

from goals_core.cli import app

app()
