"""What goes wrong before there is a database: for whoever starts the app, not for its users."""


class ServerDidNotStart(RuntimeError):
    """There is no embedded server to use; the message says why, and how its log ends."""
