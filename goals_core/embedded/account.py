"""The account of the operating system that runs the server: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from goals_core.embedded.errors import ServerDidNotStart

GUESTS = ("postgres", "nobody")  # for root, the first one that exists; we never create an account


@dataclass(frozen=True)
class Account:
    """Whoever runs the server; root acts on its behalf."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether we are root, who has to become this account."""
        return self.uid != os.geteuid()

    def own(self, target: Path | int, mode: int) -> None:
        """Make a file or an open descriptor the account's, and nobody else's."""
        if self.is_other:
            os.chown(target, self.uid, self.gid)
        os.chmod(target, mode)  # noqa: PTH101 - `target` may be a descriptor

    def reaches(self, folder: Path) -> bool:
        """Whether the account may pass through `folder` and all that is above it."""
        return self.run("/bin/sh", "-c", 'test -x "$0"', folder).returncode == 0

    def run(
        self,
        *command: str | Path,
        output: int = subprocess.PIPE,
        keep: tuple[int, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as the account, in a session of its own so that no Ctrl-C reaches it."""
        return subprocess.run(  # noqa: S603  # nosec B603 - every command is ours
            command,
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
            umask=0o077,
            cwd="/",  # a folder that every account may stand in
            env=_environment() | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=keep,
            start_new_session=True,
            errors="replace",
            check=False,
        )


def account_for(folder: Path) -> Account:
    """Who runs the server of `folder`: ourselves, or for root whoever it belongs to already."""
    if os.geteuid() != 0:
        return _known(os.geteuid()) or Account(str(os.geteuid()), os.geteuid(), os.getegid())
    return _owner_of_data(folder / "postgres") or _owner(folder) or _guest()


def owner_name(path: Path) -> str:
    """The owner of `path` as a person would say it."""
    uid = path.stat().st_uid
    known = _known(uid)
    return known.name if known else f"number {uid}"


def _owner_of_data(data: Path) -> Account | None:
    # Existing data need no entry in the list of accounts, which a container may lack; initdb does.
    if not data.exists() or data.stat().st_uid == 0:
        return None
    status = data.stat()
    return _known(status.st_uid) or Account(str(status.st_uid), status.st_uid, status.st_gid)


def _owner(folder: Path) -> Account | None:
    if not folder.exists() or folder.stat().st_uid == 0:
        return None
    return _known(folder.stat().st_uid)


def _guest() -> Account:
    for name in GUESTS:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise ServerDidNotStart(
        "PostgreSQL does not run as root, and there is neither an account postgres nor nobody. "
        "Start the app as an ordinary user, or set GOALS_DATABASE_URL."
    )


def _known(uid: int) -> Account | None:
    try:
        return _account(pwd.getpwuid(uid))
    except KeyError:
        return None


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _environment() -> dict[str, str]:
    # PGPORT, PGDATA and their like are meant for another server; LC_ALL keeps messages in English.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | {"LC_ALL": "C"}
