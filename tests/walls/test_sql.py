"""Whatever the application's role may send: it gets at no row of another company."""

import pytest
from sqlalchemy import text

from tests.walls.exceptions import FUNCTIONS_THAT_ENTER, FUNCTIONS_THAT_TELL, TABLES_THAT_TELL
from tests.walls.in_sql import Catalogue
from tests.walls.sql_attempts import session
from tests.walls.tally import SQL

ROWS = 1  # of each table
OWN, NONE = "with another tenant", "without a tenant"


@pytest.fixture(scope="module")
def catalogue(world):
    return Catalogue(world)


@pytest.fixture(scope="module")
def met():
    return set()


@pytest.mark.parametrize("how", [OWN, NONE])
def test_no_statement_gets_at_their_rows(world, catalogue, tally, met, how):
    tenant_id = world.mine.cast.tenant.id if how == OWN else None
    with session(world, tenant_id=tenant_id, met=met) as attacker:
        for statement in catalogue.everything(ROWS):
            assert attacker.findings(statement) == [], statement
            tally[SQL, f"{statement.kind} {statement.target}", how] += 1
    kinds = {what.split()[0] for _, what, _ in tally}
    assert kinds == {"read", "write", "refer", "guess", "copy", "empty", "call"}


def test_what_is_accepted_is_still_needed(met):
    assert met == FUNCTIONS_THAT_TELL.keys() | FUNCTIONS_THAT_ENTER.keys() | TABLES_THAT_TELL.keys()


def test_whatever_is_added_up_is_ones_own(world, catalogue):
    mine = world.mine.cast.tenant.id
    with session(world, tenant_id=mine, met=set()) as attacker, world.owner.connect() as owner:
        for table in catalogue.tables:
            sums = "".join(f", sum({column})" for column in table.numbers)
            added = f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)){sums}"
            seen = attacker.connection.execute(f"{added} FROM {table.name} t").fetchone()
            own = f"{added} FROM {table.name} t WHERE {table.tenant} = :mine"
            assert seen == tuple(owner.execute(text(own), {"mine": mine}).one()), table.name


def test_the_planners_statistics_say_nothing_of_anyones_rows(world, catalogue):
    of_ours = "SELECT * FROM {} WHERE schemaname = ANY (ARRAY['core', 'goals', 'sales'])"
    with session(world, tenant_id=None, met=set()) as attacker, world.owner.connect() as owner:
        owner.execute(text("SELECT 1"))
        for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
            assert attacker.connection.execute(of_ours.format(view)).fetchall() == [], view
        assert owner.execute(text(of_ours.format("pg_stats"))).first() is not None
