"""The two companies, once for all the tests here."""

from collections.abc import Iterator

import pytest

from tests.conftest import Server
from tests.walls import stage
from tests.walls.companies import World
from tests.walls.operations import Stage
from tests.walls.operations import stage as set_up
from tests.walls.tally import Tally, as_lists


@pytest.fixture(scope="package")
def world(server: Server) -> Iterator[World]:
    with stage.world(server.new_database()) as made:
        yield made


@pytest.fixture(scope="package")
def everyone(world: World) -> Stage:
    return set_up(world)


@pytest.fixture
def tally(record_property) -> Iterator[Tally]:
    """What the test has tried, for the run's summary."""
    tried: Tally = Tally()
    yield tried
    record_property("walls", as_lists(tried))
