"""The embedded server: what it promises to whoever starts the app, root or not."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text

from goals_core.config import PROJECT
from goals_core.embedded import Server, ServerDidNotStart, acquire, binaries, places, roles
from goals_core.embedded.account import account_for

ROOT = os.geteuid() == 0
SITE = binaries.package().parent
ANOTHER_PROCESS = """
import sys
from pathlib import Path
from goals_core.embedded import acquire, places
places.ELSEWHERE = Path(sys.argv[2])
server = acquire(Path(sys.argv[1]))
print("up", flush=True)
sys.stdin.readline()
server.release()
"""


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    """A folder with an awkward name that every account may pass; all tests write below it."""
    ground = Path(tempfile.mkdtemp(prefix='it\'s a "$project" ', dir="/tmp"))
    sockets = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    for folder in (ground, sockets):
        folder.chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(sockets))
        patch.setattr(tempfile, "tempdir", str(sockets))
        patch.setattr(places, "ELSEWHERE", ground / "elsewhere")
        yield ground
    shutil.rmtree(ground)
    shutil.rmtree(sockets)


@pytest.fixture
def clean(ground: Path) -> Iterator[Path]:
    """The same ground; what a test leaves running on it is stopped."""
    yield ground
    for data in {path.parent for path in ground.rglob("postmaster.pid")}:
        kill(data, signal.SIGQUIT)


@pytest.fixture
def folder(clean: Path) -> Path:
    """One folder for all tests, which spares them a first start; each leaves it stopped."""
    return clean / ".goals"


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with used(folder) as server:
        yield server


@contextmanager
def used(folder: Path) -> Iterator[Server]:
    server = acquire(folder)
    try:
        yield server
    finally:
        server.release()


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the server until it is sent a line, or the block ends."""
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(folder), str(places.ELSEWHERE)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=PROJECT) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        yield process


def ask(server: Server, query: str, *, user: str = "postgres") -> list[tuple[Any, ...]]:
    where = f"host={server.socket_folder} port=5432 user={user} dbname=goals"
    with psycopg.connect(where, autocommit=True) as connection:
        answer = connection.execute(query.encode())
        return answer.fetchall() if answer.description else []


def runs(server: Server) -> bool:
    try:
        return ask(server, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


def number(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().split()[0])


def kill(data: Path, how: signal.Signals) -> None:
    """Send the server a signal, and wait until no process of it is left."""
    with suppress(ProcessLookupError):
        os.kill(number(data), how)
    with places.Place(data.parent, data.parent, account_for(data.parent)).lock("running") as lock:
        wait_until(lock.try_alone)


def copied(folder: Path, copy: Path) -> Path:
    subprocess.run(["cp", "-a", folder, copy], check=True)  # with its owner
    return copy


def installed_in(site: Path) -> Path:
    """A second installation of the wheel."""
    for name in (binaries.PACKAGE, binaries.LIBRARIES):
        if (SITE / name).exists() and not (site / name).exists():
            shutil.copytree(SITE / name, site / name)
    return site / binaries.PACKAGE


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 20 seconds"
        time.sleep(0.01)


def test_the_first_start_makes_the_roles_and_their_database(server: Server):
    rights = "rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolcanlogin"
    found = ask(
        server, f"SELECT rolname, {rights} FROM pg_roles WHERE rolname ~ '^goals' ORDER BY 1"
    )
    assert found == [
        ("goals_app", False, False, False, False, True),
        ("goals_owner", False, True, False, True, True),
    ]
    owner = "SELECT pg_get_userbyid(datdba), datcollate FROM pg_database WHERE datname = 'goals'"
    assert ask(server, owner) == [("goals_owner", "C")]


def test_its_addresses_lead_to_the_roles(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGPORT", "1")  # meant for another server
    for url, role in [(server.app_url, "goals_app"), (server.owner_url, "goals_owner")]:
        engine = create_engine(url)
        with engine.connect() as connection:
            here = connection.execute(text("SELECT current_user, current_database()")).one()
        engine.dispose()
        assert tuple(here) == (role, "goals")


def test_it_keeps_what_is_written_and_listens_on_no_network_address(server: Server):
    names = "'fsync', 'data_checksums', 'listen_addresses', 'server_encoding', 'TimeZone'"
    settings = ask(server, f"SELECT name, setting FROM pg_settings WHERE name IN ({names})")
    assert dict(settings) == {
        "fsync": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }


def test_nobody_else_may_enter_its_folders(server: Server):
    account = account_for(server.folder)
    for folder in (server.folder, server.folder / "postgres", server.socket_folder):
        status = folder.lstat()
        assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o700, account.uid)


def test_it_never_runs_as_root(server: Server):
    running_as = (server.folder / "postgres" / "postmaster.pid").stat().st_uid
    assert running_as == account_for(server.folder).uid
    assert running_as != 0
    assert ROOT or running_as == os.geteuid()


def test_ctrl_c_in_the_terminal_does_not_reach_it(server: Server):
    assert os.getsid(number(server.folder / "postgres")) != os.getsid(0)


def test_the_last_release_in_one_process_stops_it(folder: Path):
    first, second = acquire(folder), acquire(folder)
    first.release()
    first.release()
    assert runs(second)
    second.release()
    second.release()
    assert not runs(second)
    assert not second.socket_folder.exists()


def test_a_second_process_joins_the_running_server(folder: Path):
    with used(folder) as server, another_process(folder) as process:
        running = number(folder / "postgres")
        server.release()
        assert number(folder / "postgres") == running
        process.communicate("done\n")
        assert process.returncode == 0
        assert not runs(server)


def test_two_processes_that_start_at_once_share_one_server(folder: Path):
    with ThreadPoolExecutor() as pool:
        servers = list(pool.map(acquire, [folder] * 3))
    with another_process(folder):
        for server in servers:
            server.release()
        assert runs(servers[0])
    assert not runs(servers[0])


def test_a_killed_process_leaves_its_server_to_the_next_one(folder: Path):
    with another_process(folder) as process:
        running = number(folder / "postgres")
        process.kill()
    with used(folder) as server:
        assert number(folder / "postgres") == running
    assert not runs(server)


def test_a_killed_server_starts_again_with_what_was_committed(folder: Path):
    with used(folder) as server:
        ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        kill(folder / "postgres", signal.SIGKILL)
        with used(folder) as again:
            assert ask(again, "SELECT answer FROM kept") == [(42,)]


@pytest.mark.parametrize("content", ["{number}\n/gone\n0\n5432\n/gone\n\n0 0\nready\n", ""])
def test_a_pid_file_left_by_a_crash_does_not_prevent_a_start(folder: Path, content: str):
    acquire(folder).release()
    # The number in it now belongs to another process of the account that runs the server.
    account = account_for(folder)
    with subprocess.Popen(["sleep", "60"], user=account.uid if ROOT else None) as other:
        left = folder / "postgres" / "postmaster.pid"
        left.write_text(content.format(number=other.pid))
        account.own(left, 0o600)
        with used(folder) as server:
            assert runs(server)
        other.kill()


def test_a_copy_of_a_running_folder_gets_a_server_of_its_own(folder: Path, ground: Path):
    acquire(folder).release()
    copy = copied(folder, ground / "copy")
    with used(folder) as server:
        copied(folder / "postgres" / "postmaster.pid", copy / "postgres")
        with used(copy) as other:
            assert other.socket_folder != server.socket_folder
            assert number(copy / "postgres") != number(folder / "postgres")


def test_a_moved_folder_keeps_its_running_server(folder: Path, ground: Path):
    acquire(folder).release()
    server = acquire(copied(folder, ground / "before"))
    server.folder.rename(ground / "after")
    server.release()
    with used(ground / "after") as moved:
        assert moved.socket_folder == server.socket_folder
    assert not runs(moved)


def test_a_data_folder_that_was_half_made_is_made_anew(clean: Path):
    half_made = clean / "cut" / "postgres.new-half"
    half_made.mkdir(parents=True)
    with used(clean / "cut") as server:
        assert runs(server)
    assert not half_made.exists()


def test_roles_that_a_first_start_did_not_get_to_are_made_by_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    with used(folder) as server:
        ask(server, "ALTER ROLE goals_app RENAME TO lost")
    with monkeypatch.context() as cut:
        cut.setattr(roles, "ROLES", {"goals_app": "OH NO"})
        with pytest.raises(ServerDidNotStart, match="unrecognized role option"):
            acquire(folder)
    with used(folder) as server:
        assert ask(server, "SELECT current_user", user="goals_app") == [("goals_app",)]


def test_the_path_of_the_project_may_be_long(folder: Path, ground: Path):
    acquire(folder).release()
    deep = ground / ("long " * 30 + "?") / ("deep " * 30 + "?") / ".goals"
    deep.parent.mkdir(parents=True)
    with used(copied(folder, deep)) as server:
        assert runs(server)
        assert len(str(server.socket_folder)) < 90


def test_it_says_how_the_log_ends_when_postgresql_does_not_start(folder: Path, ground: Path):
    acquire(folder).release()
    broken = copied(folder, ground / "broken")
    with (broken / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("wall_clock = broken\n")
    with pytest.raises(ServerDidNotStart, match='unrecognized configuration parameter "wall_clo'):
        acquire(broken)


def test_data_of_another_major_version_are_left_as_they_are(ground: Path):
    data = ground / "old" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerDidNotStart, match="made by PostgreSQL 9, this is 16; nothing was"):
        acquire(data.parent)
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_files_of_somebody_else_are_not_taken_for_data(ground: Path):
    data = ground / "other" / "postgres"
    data.mkdir(parents=True)
    (data / "notes.txt").write_text("mine")
    with pytest.raises(ServerDidNotStart, match="is no data folder"):
        acquire(data.parent)


def test_a_link_where_the_socket_belongs_is_refused(folder: Path, ground: Path):
    with used(folder) as server:
        pass
    server.socket_folder.symlink_to(ground)
    with pytest.raises(ServerDidNotStart, match="not ours: remove it"):
        acquire(folder)
    server.socket_folder.unlink()


def test_a_big_log_is_set_aside_at_the_next_start(folder: Path):
    acquire(folder).release()
    log = folder / "postgres.log"
    os.truncate(log, 6_000_000)
    acquire(folder).release()
    assert log.stat().st_size < 100_000
    assert (folder / "postgres.log.1").stat().st_size == 6_000_000


def test_a_server_in_use_keeps_only_the_lock_that_says_it_runs(server: Server):
    place = places.Place(server.folder, server.folder, account_for(server.folder))
    server._use.close()  # as when the process is killed
    free = {}
    for name in ("start", "users", "running"):
        with place.lock(name) as lock:
            free[name] = lock.try_alone()
    assert free == {"start": True, "users": True, "running": False}


def test_a_folder_with_other_things_in_it_keeps_its_owner_and_its_mode(clean: Path):
    shared = clean / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    (shared / "notes.txt").write_text("mine")
    with used(shared) as server:
        assert runs(server)
        assert (shared / "postgres" / "PG_VERSION").exists()
    assert (stat.S_IMODE(shared.stat().st_mode), shared.stat().st_uid) == (0o755, os.geteuid())


def test_root_keeps_apart_what_its_account_cannot_reach(
    clean: Path, monkeypatch: pytest.MonkeyPatch
):
    private = clean / "private"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(binaries, "package", lambda: installed_in(private))
    before, after = private / ".goals", private / "moved"
    with used(before) as server:
        ask(server, "CREATE TABLE kept ()")
        assert (before / "postgres").is_symlink() == ROOT
        assert server.binaries.is_relative_to(places.ELSEWHERE if ROOT else private)
    before.rename(after)
    with used(after) as server:
        assert ask(server, "SELECT FROM kept") == []
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_the_owner_of_a_folder_runs_its_server_and_others_are_refused(clean: Path):
    owned = clean / "owned"
    owned.mkdir()
    if ROOT:
        nobody = pwd.getpwnam("nobody")
        os.chown(owned, nobody.pw_uid, nobody.pw_gid)
        with used(owned):
            assert (owned / "postgres" / "postmaster.pid").stat().st_uid == nobody.pw_uid
    else:
        owned.chmod(0o500)
        with pytest.raises(ServerDidNotStart, match="start the app as that account"):
            acquire(owned)


def test_data_that_are_gone_are_not_replaced_by_an_empty_database(ground: Path):
    folder = ground / "traced"
    folder.mkdir()
    (folder / "postgres").symlink_to(places.ELSEWHERE / "gone" / "postgres")
    with pytest.raises(ServerDidNotStart, match="and are gone"):
        acquire(folder)
