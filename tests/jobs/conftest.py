"""A database of its own for each file: a worker looks after all tenants that there are."""

import pytest

from tests.conftest import Database, Server


@pytest.fixture(scope="module")
def database(server: Server) -> Database:
    return server.new_database()
