"""Locks between processes that the operating system frees however a process ends."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from goals_core.embedded.account import Account


class FileLock:
    """A flock on a descriptor of its own: two holders within one process count as two.

    The descriptor is closed in programs that this process starts, unless it is passed on.
    """

    def __init__(self, path: Path, account: Account) -> None:
        # As root, a link that the account had put here would lead us to any file of the machine.
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        account.own(self.descriptor, 0o600)
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def wait(self) -> None:
        """Hold it alone, as soon as nobody else holds it."""
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def share(self) -> None:
        """Hold it together with others who share it."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    def try_alone(self) -> bool:
        """Hold it alone if nobody else holds it."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let go; a program that the descriptor was passed to holds on."""
        if not self.closed:
            self.closed = True
            os.close(self.descriptor)
