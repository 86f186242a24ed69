"""The server process: start it on a data folder, reach it, stop it."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from goals_core.embedded.errors import ServerDidNotStart
from goals_core.embedded.locks import FileLock
from goals_core.embedded.places import Place, socket_folder

PORT = 5432  # only a part of the socket's name; we say it always, as PGPORT may say otherwise
PATIENCE = 120.0  # seconds; after a crash the server first replays up to a gigabyte of its journal
PAUSE = 0.02  # seconds between two looks
LOG_LIMIT = 5_000_000  # bytes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cluster:
    """A data folder and the programs that serve it; callers hold the lock "start".

    The server itself holds the lock "running", for as long as one process of it lives. Unlike the
    number in postmaster.pid, that cannot mean another process, after a crash or in a container.
    """

    place: Place
    programs: Path

    def connect(self) -> psycopg.Connection:
        """Connect as the superuser: to the server that runs, or else to one that is started."""
        deadline = time.monotonic() + PATIENCE
        started = False
        while time.monotonic() < deadline:
            with self.place.lock("running") as running:
                stopped = running.try_alone()
                if stopped and started:
                    raise self._failure("PostgreSQL ended right after its start.")
                if stopped:
                    self._start(running)
                    started = True
            if not stopped and (connection := self._try_connect()):
                return connection
            time.sleep(PAUSE)
        raise self._failure(f"PostgreSQL did not answer within {PATIENCE:.0f} seconds.")

    def stop(self) -> None:
        """Stop the server if it runs; what was committed is kept, what was under way is undone."""
        deadline = time.monotonic() + PATIENCE
        while self._runs():
            sockets = self.sockets()
            said = self._ask_to_stop()  # in vain while it has hardly started
            if time.monotonic() > deadline:
                logger.warning("The embedded server did not stop: %s", said)
                return
            time.sleep(PAUSE)
            with suppress(OSError):  # not empty yet
                sockets.rmdir()

    def sockets(self) -> Path:
        """The folder of the running server's socket, which whoever started it has chosen."""
        facts = self._facts()
        return Path(facts[4]) if len(facts) > 4 else socket_folder(self.place)

    def _runs(self) -> bool:
        with self.place.lock("running") as running:
            return not running.try_alone()

    def _ask_to_stop(self) -> str:
        """Let PostgreSQL's own tool stop the server and wait for it; gives what that said."""
        options = ("--mode=fast", "--wait", f"--timeout={PATIENCE:.0f}")
        programs, data = self.programs, self.place.data
        done = self.place.account.run(programs / "pg_ctl", "stop", "-D", data, *options)
        return done.stdout.strip()

    def _start(self, running: FileLock) -> None:
        facts = self._facts()
        if not facts:  # a power cut can leave the file empty, which PostgreSQL would not overlook
            self._pid_file.unlink(missing_ok=True)
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{socket_folder(self.place)}"',
            "unix_socket_permissions": "0700",
        }
        options = [word for item in settings.items() for word in ("-c", "=".join(item))]
        server: list[str | Path] = [self.programs / "postgres", "-D", self.place.data, *options]
        with self._log() as log:
            # Not pg_ctl: a $ or a quote in a path would count in the shell command that it builds.
            # Here the shell only lets go of the server, which then is nobody's child.
            self.place.account.run(
                "/bin/sh",
                *("-c", '"$@" &', "sh", *server),
                output=log,
                keep=(running.descriptor,),
                # Nothing of the last server lives, but its number may be another process's now.
                # PostgreSQL overlooks this one number, and still checks the shared memory.
                environment={"PG_GRANDPARENT_PID": facts[0]} if facts else {},
            )

    def _try_connect(self) -> psycopg.Connection | None:
        facts = self._facts()
        if len(facts) < 8 or facts[7].strip() != "ready":
            return None
        try:
            return psycopg.connect(
                "user=postgres dbname=postgres connect_timeout=10",
                host=facts[4],
                port=PORT,
                autocommit=True,
            )
        except psycopg.OperationalError:
            return None

    @property
    def _pid_file(self) -> Path:
        return self.place.data / "postmaster.pid"

    def _facts(self) -> list[str]:
        """What postmaster.pid says: number, data, start, port, socket's folder, …, state."""
        try:
            return self._pid_file.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    @contextmanager
    def _log(self) -> Iterator[int]:
        log = self.place.log
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        how = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(log, how, 0o600)
        try:
            self.place.account.own(descriptor, 0o600)
            yield descriptor
        finally:
            os.close(descriptor)

    def _failure(self, sentence: str) -> ServerDidNotStart:
        lines = self.place.log.read_text(errors="replace").splitlines()[-10:]
        return ServerDidNotStart("\n".join([f"{sentence} The end of {self.place.log}:", *lines]))
