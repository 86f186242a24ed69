"""Where things lie: the data, and the socket that whoever reaches it is superuser by."""

import hashlib
import logging
import os
import re
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from goals_core.embedded.account import Account, account_for, owner_name
from goals_core.embedded.errors import ServerDidNotStart
from goals_core.embedded.locks import FileLock

ELSEWHERE = Path("/var/lib/goals")  # for root, when the server's account cannot reach the project

# A socket's address has at most 103 bytes (107 on Linux), of which our names take half; a comma
# or a colon in it would be read as a list of hosts.
FIT_FOR_A_SOCKET = re.compile(r"/[\w./ -]{1,50}", re.ASCII)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """The place of one server: `folder` was asked for, `home` has the data."""

    folder: Path
    home: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    def lock(self, name: str) -> FileLock:
        return FileLock(self.home / f"{name}.lock", self.account)


def settle(folder: Path) -> Place:
    """Find the place for the server of `folder`, and make its folder."""
    _refuse_if_closed(folder)
    account = account_for(folder)
    link = folder / "postgres"
    if _is_trace(link):
        return Place(folder, _traced(link), account)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account.reaches(folder.parent):
        _claim(folder, account)
        if account.reaches(folder):
            return Place(folder, folder, account)
    if link.exists() and not _is_trace(link):
        raise ServerDidNotStart(f"The account {account.name} runs the server; let it reach {link}.")
    logger.warning("%s cannot reach %s: its data are in %s", account.name, folder, spare(folder))
    return Place(folder, make_spare(folder, account), account)


def leave_trace(place: Place) -> None:
    """Where the data are not in the folder, link to them: who moves the folder keeps its data."""
    link = place.folder / "postgres"
    if place.home != place.folder and not link.is_symlink():
        link.symlink_to(place.data)


def spare(folder: Path) -> Path:
    """The place for what the account could not reach in the project."""
    return ELSEWHERE / _digest(folder)


def make_spare(folder: Path, account: Account) -> Path:
    """Make that place: the account's own, below a folder that everybody may pass."""
    if not ELSEWHERE.exists():
        ELSEWHERE.mkdir(parents=True)
        ELSEWHERE.chmod(0o755)
    spare(folder).mkdir(mode=0o700, exist_ok=True)
    account.own(spare(folder), 0o700)
    return spare(folder)


def socket_folder(place: Place) -> Path:
    """A private folder for the socket, whose path is short wherever the project lies."""
    base = Path(tempfile.gettempdir())
    if not (FIT_FOR_A_SOCKET.fullmatch(str(base)) and place.account.reaches(base)):
        base = Path("/tmp")  # noqa: S108  # nosec B108 - what is below is checked
    folder = base / f"goals-{place.account.uid}-{_digest(place.home)}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {os.geteuid(), place.account.uid}:
        raise ServerDidNotStart(f"{folder} is for the server's socket, but not ours: remove it.")
    place.account.own(folder, 0o700)
    return folder


def _refuse_if_closed(folder: Path) -> None:
    if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise ServerDidNotStart(
            f"{folder} belongs to the account {owner_name(folder)}, and we may not write there: "
            "start the app as that account, or set GOALS_HOME to another folder."
        )


def _claim(folder: Path, account: Account) -> None:
    # Only what is new or empty: a folder with other things in it is somebody's as it is.
    ours = folder.stat().st_uid in {os.geteuid(), account.uid}
    if ours and not any(folder.iterdir()):
        account.own(folder, 0o700)


def _is_trace(link: Path) -> bool:
    return link.is_symlink() and link.readlink().parent.parent == ELSEWHERE


def _traced(link: Path) -> Path:
    if not link.exists():
        raise ServerDidNotStart(
            f"The data of {link.parent} were in {link.readlink()}, and are gone: "
            f"put them back, or remove {link} to begin with an empty database."
        )
    return link.readlink().parent


def _digest(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
