"""One pool for all tests of the package: each new one would compile every statement anew."""

from collections.abc import Iterator

import pytest

from goals_core import db
from tests.conftest import Database


@pytest.fixture(scope="package")
def pool(database: Database) -> Iterator[None]:
    db.connect(database.app_url)
    yield
    db.disconnect()


@pytest.fixture
def connected(database: Database, pool: None) -> Database:
    """The pool is open, as the application's role."""
    return database
