"""What the demo's goals are tracked from, as people read it."""

from goals_core.db import tenant_session
from goals_core.engine.paging import PageRequest
from goals_core.services import definitions
from ui import source_sentence

BY_HAND = dict.fromkeys(
    (
        "Territory plan handed in",
        "Customer visits",
        "Prospecting calls",
        "Forecast accuracy",
        "Training hours",
        "Key account reviews",
    ),
    "Recorded by hand",
)
SENTENCES = {
    "adventure-works": BY_HAND
    | {
        "Quarterly bookings quota": "Sum of amount of won opportunities, by close date",
        "Team bookings": "Sum of amount of won opportunities, by close date",
        "Company bookings": "Sum of amount of won opportunities, by close date",
        "Average deal size": "Average of amount of won opportunities, by close date",
        "Deals won": "Number of won opportunities, by close date",
        "Invoiced revenue": "Sum of amount of invoices, by issue date",
        "Open invoices past due": "Number of open invoices, by due date",
        "Commission earned": "Sum of amount of commission entries",
    },
    "northwind": {
        "Team sales": "Sum of amount of won opportunities, by close date",
        "Monthly sales": "Sum of amount of won opportunities, by close date",
        "Freight": "Sum of value of “shipments”",
        "Orders shipped": "Number of “shipments”",
        "Orders today": "Number of won opportunities, by close date",
    },
}


def test_every_goal_of_the_demo_reads_as_a_sentence(loaded):
    for slug, expected in SENTENCES.items():
        with tenant_session(loaded.actor(slug)) as db:
            found = definitions.list_(db, page=PageRequest(size=50)).items
        assert {each.name: source_sentence.sentence(each.settings) for each in found} == expected
