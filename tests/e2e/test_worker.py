"""The worker beside the app: it tracks, is begun again when it dies, and ends with the app."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psutil import AccessDenied, NoSuchProcess, Process, process_iter

from goals_core import db, embedded
from tests.conftest import Cast, Database, new_cast
from tests.e2e.conftest import running
from tests.jobs.working import sales_goal, sell, until, value

PATIENCE = 60.0


def test_it_runs_with_the_app_and_ends_with_it(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="goals worker ") as folder:
        Path(folder).chmod(0o755)  # as root the server runs under another account
        home, settings = Path(folder) / "home", {"worker": "true", "demo": "false"}
        with running(home, log=tmp_path / "app.log", **settings) as app:
            with company_of(home) as (cast, database):
                goal = sales_goal(cast)
                sell(database, cast, 300, on=cast.tenant.today)
                until(lambda: value(cast, goal) == 300, PATIENCE)
                (first,) = workers(home)
                first.kill()
                sell(database, cast, 200, on=cast.tenant.today)
                until(lambda: value(cast, goal) == 500, PATIENCE)
                (second,) = workers(home)
                assert second.pid != first.pid
            assert "another one begins" in app.read_log()
        assert workers(home) == []
        assert not (home / "postgres" / "postmaster.pid").exists()  # they shared one server


@contextmanager
def company_of(home: Path) -> Iterator[tuple[Cast, Database]]:
    """A company in the app's own database, which is used by this process too."""
    server = embedded.acquire(home)
    try:
        db.connect(server.app_url)
        yield new_cast(), Database(server.app_url, server.owner_url)
    finally:
        db.disconnect()
        server.release()


def workers(home: Path) -> list[Process]:
    return [each for each in process_iter() if _is_worker_of(each, home)]


def _is_worker_of(process: Process, home: Path) -> bool:
    try:
        is_one = process.cmdline()[1:4] == ["-m", "goals_core", "worker"]
        return is_one and process.environ().get("GOALS_HOME") == str(home)
    except (NoSuchProcess, AccessDenied):
        return False
