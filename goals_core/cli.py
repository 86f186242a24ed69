"""The command line: migrate, demo, sync, roll-over, deliver, worker, jobs, and those that create.

Every command ends with 0 when it did what it says, 1 with a sentence when it could not, and 2 when
it was called wrongly.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from goals_core import db, embedded, installation, logs, schema
from goals_core.actor import Actor, Tenant
from goals_core.config import BadSettings, settings
from goals_core.errors import GoalsError
from goals_core.kinds import Origin, SyncMode
from goals_core.permissions import Role
from goals_core.services import deliveries, identity, rollover, setup, tenants, tracking
from goals_core.services.setup import Administrator, NewCompany

app = typer.Typer(
    help="Goals: the operator's commands. Without GOALS_DATABASE_URL they use the embedded server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

TenantSlug = Annotated[str, typer.Option("--tenant", help="the slug of the tenant")]


@app.command()
def migrate() -> None:
    """Bring the database to the current schema (as GOALS_MIGRATION_URL, or the embedded one)."""
    with _told():
        app_url, owner_url = settings().database_url, settings().migration_url
        if app_url and owner_url:
            schema.migrate(owner_url, app_url=app_url)
        elif app_url:
            raise installation.NotReady("Set GOALS_MIGRATION_URL to the owner's address.")
        else:
            server = embedded.acquire(settings().home)
            try:
                schema.migrate(server.owner_url, app_url=server.app_url)
            finally:
                server.release()
        print("The schema is current.")


@app.command()
def demo() -> None:
    """Load the demo companies and print who can sign in; what is there already stays."""
    with _told(), _open():
        from goals_core import demo as demo_data

        loaded = demo_data.load(log=print)
        print("The demo is loaded." if loaded else "The demo was loaded before.")
        for login in demo_data.LOGINS:
            print(f"  {login.email:<50} {login.role:<8} {login.tenant}")
        print(f"  password of all: {demo_data.PASSWORD}")


@app.command()
def sync(
    tenant: Annotated[str | None, typer.Option(help="only this tenant, by its slug")] = None,
    *,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="only what has changed, where that is known")
    ] = False,
) -> None:
    """Compute every running goal anew from the records, of all tenants or one."""
    mode = SyncMode.INCREMENTAL if incremental else SyncMode.FULL
    with _told(), _open():
        companies = [tenants.get_tenant(tenant)] if tenant else tenants.list_tenants()
        results = [_sync(each, mode) for each in companies]
        if any(result.errors for result in results):
            raise typer.Exit(1)


@app.command()
def roll_over(
    tenant: Annotated[str | None, typer.Option(help="only this tenant, by its slug")] = None,
) -> None:
    """Begin the windows that are due and close those whose days of grace are over."""
    with _told(), _open():
        for each in [tenants.get_tenant(tenant)] if tenant else tenants.list_tenants():
            done = rollover.roll_over(Actor.system(each))
            print(f"{each.slug}: {done.begun} begun, {done.closed} closed, {done.seconds:.1f} s")


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=50, help="jobs at a time")] = 4,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Take changes as they are committed, and do what comes with time; until SIGTERM or Ctrl-C."""
    from goals_core.jobs import worker as jobs_worker

    with _told():
        logs.set_up(settings().log)
        # each twice, since the pool may have twice as many for a while
        enough = concurrency * jobs_worker.CONNECTIONS_PER_JOB // 2
        with _open(connections=enough) as opened:
            jobs_worker.run(
                opened.app_url,
                concurrency=concurrency,
                with_parent=with_parent,
                give_up=opened.close,
            )


@app.command()
def jobs() -> None:
    """Show how many workers there are, and their jobs: waiting, running, failed."""
    from goals_core.jobs import state

    with _told(), _open():
        found = state.state()
        print(f"workers: {found.workers}")
        for each in found.tasks:
            print(
                f"{each.task}: {each.waiting} waiting, {each.retried} waiting after a failure,"
                f" {each.running} running, {each.failed} failed; the oldest for {each.oldest:.0f} s"
            )


@app.command()
def deliver(
    tenant: Annotated[str | None, typer.Option(help="only this tenant, by its slug")] = None,
) -> None:
    """Send what people are to be told, by mail and to their channels."""
    with _told(), _open():
        for each in [tenants.get_tenant(tenant)] if tenant else tenants.list_tenants():
            done = deliveries.deliver(Actor.system(each))
            print(f"{each.slug}: {done.sent} sent, {done.waiting} waiting, {done.failed} failed")


@app.command()
def create_tenant(
    slug: Annotated[str, typer.Argument(help="a short name for addresses: acme-inc")],
    name: Annotated[str, typer.Argument(help="the company's name")],
    timezone: Annotated[str, typer.Option(help="an IANA time zone")] = "UTC",
    locale: Annotated[str, typer.Option(help="how numbers and dates are written")] = "en_US",
    currency: Annotated[str, typer.Option(help="an ISO 4217 code")] = "USD",
    fiscal_year_start: Annotated[int, typer.Option(help="the month, 1 to 12")] = 1,
    admin: Annotated[str | None, typer.Option(help="its first administrator's e-mail")] = None,
    admin_name: Annotated[str, typer.Option(help="and their name")] = "Administrator",
) -> None:
    """Create a tenant; with --admin also who manages it, whose password is asked for or read."""
    company = NewCompany(
        slug=slug,
        name=name,
        timezone=timezone,
        locale=locale,
        currency=currency,
        fiscal_year_start=fiscal_year_start,
    )
    with _told(), _open():
        if admin is None:
            tenant = tenants.create_tenant(**asdict(company))
        else:
            who = Administrator(name=admin_name, email=admin, password=_password())
            tenant = setup.found(company, who)
            print(f"{admin_name} may sign in as {admin}.")
        print(f"{tenant.name} is there, as {tenant.slug}.")


@app.command()
def create_user(
    email: Annotated[str, typer.Argument(help="the address to sign in with")],
    name: Annotated[str, typer.Argument(help="the person's name")],
    tenant: TenantSlug,
    role: Annotated[Role, typer.Option(help="what the person may do")] = Role.REP,
    manager: Annotated[str | None, typer.Option(help="their manager's e-mail")] = None,
) -> None:
    """Create a person who may sign in; asks for the password, or reads it from standard input."""
    with _told(), _open():
        actor = Actor.system(tenants.get_tenant(tenant))
        password = _password()
        with db.tenant_session(actor) as session:
            identity.create_user(
                session,
                email=email,
                name=name,
                role=role,
                password=password,
                manager_id=identity.get_user_id(session, email=manager) if manager else None,
            )
        print(f"{name} may sign in as {email}.")


@app.command()
def psql() -> None:
    """Open psql on the embedded database, as the application's role."""
    with _told():
        server = embedded.acquire(settings().home)
        try:
            url = make_url(server.app_url).set(drivername="postgresql")
            program = server.binaries / "psql"
            asked = subprocess.run(  # noqa: S603  # nosec B603  (our own binary and address)
                [program, url.render_as_string(hide_password=False)], check=False
            )
        finally:
            server.release()
        raise typer.Exit(asked.returncode)


def _sync(tenant: Tenant, mode: SyncMode) -> tracking.SyncResult:
    result = tracking.sync(Actor.system(tenant), mode=mode, origin=Origin.COMMAND)
    print(
        f"{tenant.slug}: {result.mode}, {result.changes} changes, {result.checked} goals,"
        f" {result.updated} updated,"
        f" {result.achieved} achieved, {result.failed} failed, {result.seconds:.1f} s"
    )
    for error in result.errors:
        print(f"  {error.name}: {error.reason}", file=sys.stderr)
    return result


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


@contextmanager
def _open(*, connections: int = 0) -> Iterator[installation.Installation]:
    """The installation, open while the command runs; only `demo` loads the demo."""
    opened = installation.open_up(log=lambda _line: None, load_demo=False, connections=connections)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def _told() -> Iterator[None]:
    """A fact that stops the command is one sentence on standard error, and exit code 1."""
    try:
        yield
    except (GoalsError, BadSettings, embedded.ServerDidNotStart, installation.NotReady) as error:
        print(f"goals: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
