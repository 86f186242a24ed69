"""docs/track-your-own-table.md, run block by block: a table of one's own, from end to end."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, create_engine, make_url, text

from goals_core import clock
from goals_core.config import PROJECT
from goals_core.db import tenant_session
from goals_core.engine import ingest
from goals_core.errors import Invalid
from goals_core.kinds import Metric, Source, SyncMode
from goals_core.models.base import Base
from goals_core.services import events, receipts, tracking
from goals_core.services.events import Event
from goals_core.sources import catalogue
from goals_core.sources.entity import Entity, own_table
from tests.db import catalogue as walls
from tests.db.catalogue import SCHEMAS
from tests.makers import TODAY, from_sales, make_goal, standing
from tests.pages.forms import fill, open_page, press, widget
from tests.pages.goal_form import new

PAGE = (PROJECT / "docs" / "track-your-own-table.md").read_text()
TABLE = "custom.visits"


@dataclass(frozen=True)
class Blocks:
    """The code of the page, in its order."""

    revision: str
    declaration: str
    event: str
    role: str
    insert: str
    config: str


BLOCKS = Blocks(*re.findall(r"^```(?:python|sql)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))


def run(code: str, **given: Any) -> dict[str, Any]:
    exec(compile(code, "docs/track-your-own-table.md", "exec"), given)  # noqa: S102  (our own page)
    return given


@pytest.fixture(scope="module")
def owner(database) -> Iterator[Engine]:
    engine = create_engine(database.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def superuser(database) -> Iterator[Engine]:
    engine = create_engine(make_url(database.owner_url).set(username="postgres"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module", autouse=True)
def visits(owner: Engine, superuser: Engine) -> Iterator[Entity]:
    """The table is made and declared as the page says, and gone when the file is done."""
    with owner.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        run(BLOCKS.revision)["upgrade"]()
    with superuser.begin() as connection:
        connection.execute(text(BLOCKS.role))
    (entity,) = run(BLOCKS.declaration)["OWN"]
    catalogue.register(entity)
    yield entity
    catalogue.ENTITIES.remove(entity)
    Base.metadata.remove(entity.table)
    with superuser.begin() as connection:
        connection.execute(text(f"DROP OWNED BY crm; DROP ROLE crm; DROP TABLE {TABLE}"))


def goal(cast, who, **changed: Any):
    """Minutes of visits that were made this month; `changed` are parts of the page's config."""
    config = run(BLOCKS.config)["source_config"] | changed
    how = {"metric": Metric.NUMBER, "unit": "minutes", "source": Source.CUSTOM}
    return make_goal(cast, who, from_sales(**how, config=config))


def visit(number: int, owner_: Any, **said: Any) -> Event:
    data = {"module": "custom", "entity": "visits", "external_id": f"V-{number}"}
    mine = {"owner_id": owner_.user_id if owner_ else None}
    return Event(id=uuid4().hex, name="record.upserted", data=data | mine | said)


def tell(cast, *many: Event) -> list[str]:
    with tenant_session(cast.system) as db:
        return [each.effect for each in events.receive_many(db, many)]


def test_the_table_and_its_declaration_agree_and_the_wall_stands(owner):
    with owner.connect() as connection:
        options = {
            "compare_type": True,
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name in SCHEMAS,
            "include_object": lambda _, name, *__: name != "alembic_version",
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
        assert TABLE in walls.tables(connection)
        assert walls.findings(connection) == []


def test_the_form_offers_it_with_its_own_words(cast):
    tell(cast, visit(1, cast.rep, minutes=30, distance=5, place="Bonn", attributes={"vip": True}))
    at = fill(open_page(cast.manager, "new_goal"), **new(source=Source.CUSTOM))
    assert widget(at, "new_goal_custom_entity").options == ["Visits"]
    fill(at, **new(custom_entity="visits"))
    days = widget(at, "new_goal_custom_visits_date_field")
    assert days.options == ["Visited on", "Planned on"]
    press(at, "new_goal_filter_add")
    columns = widget(at, "new_goal_custom_visits_0_column").options
    assert {"Minutes on site", "Distance", "Place", "Status", "vip (attribute)"} <= set(columns)
    assert "Stage" not in columns
    fill(at, **new(custom_visits_0_column="place"))
    assert widget(at, "new_goal_custom_visits_0_place_text").options == ["Bonn"]


def test_the_event_of_the_page_moves_the_goal_at_once_and_the_receipt_shows_it(cast):
    mine = goal(cast, cast.rep)
    with tenant_session(cast.system) as db:
        run(BLOCKS.event, db=db, now=clock.now(), rep_email=cast.rep.email)
    assert standing(cast.rep, mine).value == Decimal("45.50")
    with tenant_session(cast.rep) as db:
        receipt = receipts.of_assignment(db, mine)
    (line,) = receipt.lines.items
    assert (line.external_id, line.amount, line.counted) == (
        "V-1",
        Decimal("45.50"),
        Decimal("45.50"),
    )


def test_another_program_writes_to_it_as_the_page_says(cast, superuser):
    mine, all_ = goal(cast, cast.rep), goal(cast, None, filter={}, aggregation="count")
    tracking.sync(cast.admin)
    given = {"tenant_id": cast.tenant.id, "owner_id": cast.rep.user_id}
    with superuser.begin() as connection:
        connection.execute(text("SET LOCAL ROLE crm"))
        connection.execute(text(BLOCKS.insert.format(**given)))
    done = tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
    assert (done.mode, done.changes) == (SyncMode.INCREMENTAL, 2)
    assert [standing(cast.admin, each).value for each in (mine, all_)] == [30, 2]


def test_the_program_sees_one_company_and_may_do_no_more(cast, superuser):
    tell(cast, visit(1, None, minutes=1, distance=1))
    for other in (f"SET LOCAL app.tenant_id = '{cast.other_manager.tenant.id}'", "SELECT 1"):
        with superuser.begin() as connection:
            connection.execute(text("SET LOCAL ROLE crm"))
            connection.execute(text(other))
            assert connection.scalar(text(f"SELECT count(*) FROM {TABLE}")) == 0
    for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
        for table in ("custom.records", "goals.journal", "core.users"):
            with superuser.connect() as connection:
                may = text("SELECT has_table_privilege('crm', :table, :right)")
                assert not connection.scalar(may, {"table": table, "right": right})


def test_a_filter_that_does_not_fit_its_columns_is_refused(cast):
    with pytest.raises(Invalid, match=r"no stage; there is .*distance"):
        goal(cast, cast.rep, filter={"stage": "made"})
    with pytest.raises(Invalid, match="many is no number"):
        goal(cast, cast.rep, filter={"distance": {"gt": "many"}})


def test_full_and_incremental_syncs_and_a_plain_sum_come_to_the_same(cast, owner):
    rnd = Random(7)
    who = (cast.rep, cast.second_rep, None)
    goals = [goal(cast, one) for one in who]
    kept: dict[int, dict[str, Any]] = {}
    tracking.sync(cast.admin)
    for _ in range(4):
        for number in rnd.sample(range(12), 5):
            change(cast, owner, rnd, number, kept)
        tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
        expected = [plain_sum(kept.values(), one and one.user_id) for one in who]
        assert [standing(cast.admin, each).value for each in goals] == expected
    assert tracking.sync(cast.admin).updated == 0


def change(cast, owner: Engine, rnd: Random, number: int, kept: dict[int, dict[str, Any]]) -> None:
    """A visit that is new, other than before or gone: by an event, by ingest, or by plain SQL."""
    row = {
        "owner_id": rnd.choice([cast.rep.user_id, cast.second_rep.user_id, None]),
        "minutes": Decimal(rnd.randint(-100, 900)) / 4,
        "distance": Decimal(rnd.choice([5, 99, 100])),
        "status": rnd.choice(["made", "missed"]),
        "visited_on": rnd.choice([date(2026, 4, 30), date(2026, 5, 1), TODAY, None]),
    }
    way = rnd.choice(["event", "ingest", "sql", "gone"])
    if way == "event":
        tell(cast, visit(number, None, **row))
    elif way == "gone":
        key = {"module": "custom", "entity": "visits", "external_id": f"V-{number}"}
        tell(cast, Event(id=uuid4().hex, name="record.deleted", data=key))
        kept.pop(number, None)
        return
    elif way == "ingest":
        texts = {"external_id": f"V-{number}", "name": "", "currency": "USD", "place": ""}
        record = row | texts | {"attributes": {}, "planned_on": None}
        with tenant_session(cast.system) as db:
            ingest.put(db, catalogue.find(Source.CUSTOM, "visits"), [record])
    else:
        with tenant_session(cast.system) as db:
            db.execute(text(_BY_SQL), row | {"t": cast.tenant.id, "key": f"V-{number}"})
    kept[number] = row


def plain_sum(rows: Any, owner_id: Any) -> Decimal:
    return sum(
        (
            row["minutes"]
            for row in rows
            if row["status"] == "made"
            and row["distance"] < 100
            and row["visited_on"] in (date(2026, 5, 1), TODAY)
            and owner_id in (None, row["owner_id"])
        ),
        Decimal(0),
    )


_BY_SQL = f"""
    INSERT INTO {TABLE} (tenant_id, owner_id, external_id, currency, status, place, minutes,
        distance, visited_on)
    VALUES (:t, :owner_id, :key, 'USD', :status, '', :minutes, :distance, :visited_on)
    ON CONFLICT (tenant_id, external_id) DO UPDATE SET owner_id = EXCLUDED.owner_id,
        status = EXCLUDED.status, minutes = EXCLUDED.minutes, distance = EXCLUDED.distance,
        visited_on = EXCLUDED.visited_on
"""


def test_nothing_is_declared_twice_and_no_column_that_every_record_has(visits):
    with pytest.raises(ValueError, match="declared twice"):
        catalogue.register(visits)
    for column in ("entity", "owner_id"):
        with pytest.raises(ValueError, match=column):
            own_table("custom.more", number="minutes", days=("visited_on",), texts=(column,))
