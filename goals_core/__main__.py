"""`python -m goals_core`: the operator's commands."""

from goals_core import logs
from goals_core.cli import app

logs.set_up("text")  # what goes wrong unexpectedly is told without the data that it concerns
app()
