"""Two companies to try things on, made of real records: Adventure Works and Northwind.

Names, amounts and the days between events are the records'; all days are moved by whole weeks, so
that today lies inside a running quarter. Invented are the payments (`payments`), the readings by
hand (`adventure_works_activities`), and targets that are round.
"""

from goals_core.demo.loading import load
from goals_core.demo.logins import LOGINS, Login
from goals_core.demo.people import PASSWORD

__all__ = ["LOGINS", "PASSWORD", "Login", "load"]
