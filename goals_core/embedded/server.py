"""Who uses the server: the first one starts it, the last one stops it."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from goals_core.embedded import binaries, data, roles
from goals_core.embedded.cluster import PORT, Cluster
from goals_core.embedded.errors import ServerDidNotStart
from goals_core.embedded.locks import FileLock
from goals_core.embedded.places import Place, leave_trace, settle


@dataclass(frozen=True)
class Server:
    """A running server, and this process's use of it."""

    folder: Path
    socket_folder: Path
    app_url: str
    owner_url: str
    binaries: Path
    _cluster: Cluster = field(repr=False)
    _use: FileLock = field(repr=False, compare=False)

    def release(self) -> None:
        """Give up this use, as often as you like; the last user stops the server."""
        if not self._cluster.place.data.exists():  # removed: PostgreSQL sees it, and ends by itself
            self._use.close()
        if self._use.closed:
            return
        with self._cluster.place.lock("start") as start:
            start.wait()
            _leave(self._cluster, self._use)


def acquire(folder: Path) -> Server:
    """Use the server of `folder`, which is started unless it runs already."""
    folder = folder.absolute()
    try:
        place = settle(folder)
        with place.lock("start") as start:
            start.wait()
            return _acquire(place)
    except (OSError, psycopg.Error) as error:
        raise ServerDidNotStart(f"No embedded server in {folder}: {error}") from error


def _acquire(place: Place) -> Server:
    cluster = Cluster(place, binaries.find(place))
    data.prepare(place, cluster.programs)
    leave_trace(place)
    use = place.lock("users")
    use.share()
    try:
        with cluster.connect() as connection:
            roles.ensure(connection)
        return _server(cluster, use)
    except BaseException:
        _leave(cluster, use)
        raise


def _leave(cluster: Cluster, use: FileLock) -> None:
    """Stop the server if nobody else uses it; the caller holds the lock "start"."""
    if not use.closed and use.try_alone():
        cluster.stop()
    use.close()


def _server(cluster: Cluster, use: FileLock) -> Server:
    sockets = cluster.sockets()
    return Server(
        folder=cluster.place.folder,
        socket_folder=sockets,
        app_url=_url(roles.APP, sockets),
        owner_url=_url(roles.OWNER, sockets),
        binaries=cluster.programs,
        _cluster=cluster,
        _use=use,
    )


def _url(role: str, sockets: Path) -> str:
    where = f"host={quote(str(sockets), safe='')}&port={PORT}"
    return f"postgresql+psycopg://{role}@/{roles.DATABASE}?{where}"
