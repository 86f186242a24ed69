"""A PostgreSQL that others installed, started for a test; Debian's 15 where it is."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, text

# As README.md tells an administrator to make them.
ROLES = (
    "CREATE ROLE goals_owner LOGIN BYPASSRLS CREATEROLE",
    "CREATE ROLE goals_app LOGIN",
    "CREATE DATABASE goals OWNER goals_owner",
)


@dataclass(frozen=True)
class Given:
    """An installed server's addresses."""

    app_url: str
    owner_url: str


def programs() -> Path | None:
    """Where Debian keeps the newest installed server, None without one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def started(binaries: Path) -> Iterator[Given]:
    """A new cluster without TCP, with the roles and the database of README.md."""
    folder = Path(tempfile.mkdtemp(prefix="goals-second-"))
    account = _account()
    os.chown(folder, account.pw_uid, account.pw_gid)
    try:
        _run(account, binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust")
        settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        server = [binaries / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
        _run(account, *server, "-o", settings, "start")
        try:
            _prepare(_url("postgres", folder, database="postgres"))
            yield Given(_url("goals_app", folder), _url("goals_owner", folder))
        finally:
            _run(account, *server, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _prepare(superuser_url: str) -> None:
    engine = create_engine(superuser_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in ROLES:
            connection.execute(text(statement))
    engine.dispose()


def _url(role: str, folder: Path, *, database: str = "goals") -> str:
    return f"postgresql+psycopg://{role}@/{database}?host={quote(str(folder), safe='')}&port=5432"


def _account() -> pwd.struct_passwd:
    """The one who runs it: oneself, or as root somebody whom PostgreSQL accepts."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    names = {entry.pw_name for entry in pwd.getpwall()}
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def _run(account: pwd.struct_passwd, *command: str | Path) -> None:
    drop = {"user": account.pw_uid, "group": account.pw_gid} if os.geteuid() == 0 else {}
    subprocess.run(
        [str(part) for part in command],
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **drop,
    )
