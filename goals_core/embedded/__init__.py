"""The embedded PostgreSQL server, used when no GOALS_DATABASE_URL is set; from a wheel, for Unix.

`acquire` and `Server` are all that the rest knows: another server can take this one's place.
"""

from goals_core.embedded.errors import ServerDidNotStart
from goals_core.embedded.server import Server, acquire

__all__ = ["Server", "ServerDidNotStart", "acquire"]
