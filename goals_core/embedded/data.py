"""The data folder: made once, whole or not at all, by one major version of PostgreSQL."""

import os
import shutil
import tempfile
from pathlib import Path

from goals_core.embedded import binaries
from goals_core.embedded.errors import ServerDidNotStart
from goals_core.embedded.places import Place

# Bytes decide the order: the fastest one, an index on it serves LIKE 'x%', and no update of the
# system's locales can break it (the wheel comes without ICU). What is a letter comes from Unicode
# where the system knows it, so that lower() and ILIKE reach beyond A to Z.
LETTERS = ("C.UTF-8", "C")

BUFFERS = (128, 512)  # megabytes, the least and the most


def prepare(place: Place, programs: Path) -> None:
    """Make the data folder if there is none, refuse one that these programs cannot serve."""
    for remains in place.home.glob("postgres.new-*"):  # of a start that was cut short
        shutil.rmtree(remains, ignore_errors=True)
    if (place.data / "PG_VERSION").exists():
        _refuse_other_version(place, programs)
    elif place.data.exists() and any(place.data.iterdir()):
        raise ServerDidNotStart(f"{place.data} is no data folder of PostgreSQL: move it away.")
    else:
        _make(place, programs)


def _refuse_other_version(place: Place, programs: Path) -> None:
    theirs = (place.data / "PG_VERSION").read_text().strip()
    ours = binaries.major(programs, place.account)
    if theirs != ours:
        raise ServerDidNotStart(
            f"The data in {place.data} were made by PostgreSQL {theirs}, this is {ours}; nothing "
            f"was changed. Dump them with version {theirs} and load them into a new folder."
        )


def _make(place: Place, programs: Path) -> None:
    # A name of its own: an initdb whose starter was killed may still write into the last one.
    new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=place.home))
    place.account.own(new, 0o700)
    with binaries.for_initdb(programs) as quotable:
        _initdb(place, quotable, new)
    new.rename(place.data)
    _sync(place.home)


def _initdb(place: Place, programs: Path, new: Path) -> None:
    fixed = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    settings = [f"--set={name}={value}" for name, value in _settings().items()]
    said = ""
    for letters in LETTERS:
        options = [*fixed, f"--lc-ctype={letters}", "--data-checksums", *settings]
        done = place.account.run(programs / "initdb", f"--pgdata={new}", *options)
        if done.returncode == 0:
            return
        said += done.stdout
    raise ServerDidNotStart(f"PostgreSQL could not make its data folder in {place.home}.\n{said}")


def _settings() -> dict[str, str]:
    """Only a start: whoever runs the server may change them in its postgresql.conf.

    Buffers take an eighth of the memory, and none of it before they are used. A page is written
    whole when it changes first after a checkpoint: compressed, it is a fraction of that.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    least, most = BUFFERS
    return {
        "timezone": "UTC",
        "max_connections": "100",
        "shared_buffers": f"{min(max(memory // 8, least), most)}MB",
        "wal_compression": "on",
    }


def _sync(folder: Path) -> None:
    """Make the new name in `folder` survive a power cut: PostgreSQL syncs only what is below."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
