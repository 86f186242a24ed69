"""Every operation, by every role, with what is another company's or out of reach in one's own."""

from random import Random

import pytest

from goals_core.permissions import OPERATIONS, Open
from tests.walls import operations, rows
from tests.walls.exceptions import (
    OPERATIONS_THAT_GIVE,
    OPERATIONS_THAT_TELL,
    is_for_tenants,
    not_accepted,
)
from tests.walls.stage import know_operations
from tests.walls.tally import ACROSS

ROUNDS = 1  # of each operation, by each role at each wall; many more by `make walls`
know_operations()
TITLES = [title for title in sorted(OPERATIONS) if is_for_tenants(title)]


def test_both_companies_have_a_row_in_every_table(world):
    with world.owner.connect() as owner:
        for company in (world.mine, world.theirs):
            assert rows.empty_tables(owner, company.cast.tenant.id) == []


@pytest.mark.parametrize("title", TITLES)
def test_what_is_out_of_reach_is_as_if_it_were_not(everyone, tally, title):
    for operation, who, level in everyone.combinations():
        if operation.title != title:
            continue
        for n in range(ROUNDS):
            attempt = everyone.attempt(operation, who, level, Random(f"{n} {who} {level} {title}"))
            found = not_accepted(title, attempt.findings())
            tally[level, title, who] += 1
            assert found == [], f"{title} by {who} at {level} with {attempt.arguments}"
    assert tally


@pytest.mark.parametrize("title", sorted(OPERATIONS_THAT_GIVE | OPERATIONS_THAT_TELL))
def test_what_is_accepted_is_still_needed(everyone, title):
    operation = OPERATIONS[title]
    who = operations.VISITOR if operation.needs is Open.VISITOR else "admin"
    attempts = (everyone.attempt(operation, who, ACROSS, Random(n)) for n in range(200))
    assert any(attempt.findings() for attempt in attempts)


@pytest.mark.parametrize("title", TITLES)
def test_a_role_without_the_permission_is_refused_and_nothing_is_read_or_written(everyone, title):
    operation = OPERATIONS[title]
    for who in operations.lacking(operation):
        attempt = everyone.attempt(operation, who, ACROSS, Random(title))
        outcome = attempt.run(attempt.arguments)
        assert (outcome.error, outcome.statements, outcome.wrote) == ("NotAllowed", 0, False), who


def test_after_all_of_it_nothing_of_theirs_is_another(world, everyone):
    with world.owner.connect() as owner:
        now = rows.rows_of(owner, world.theirs.cast.tenant.id)
    assert now == world.theirs.rows
