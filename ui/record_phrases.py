"""How the records of an entity are spoken of within a sentence, declared once per entity.

What is not said here is made of the words that the catalogue and the selectors have for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from goals_core.errors import N_
from goals_core.kinds import Source


@dataclass(frozen=True, slots=True)
class Phrases:
    """Turns of phrase for the records of one entity."""

    columns: Mapping[str, str] = field(default_factory=dict)  # closed_on: close date
    numbers: Mapping[str, str] = field(default_factory=dict)  # amount: of amount
    states: Mapping[tuple[str, str], str] = field(default_factory=dict)  # records with one value
    of: Mapping[str, str] = field(default_factory=dict)  # customer: of customer {values}


_AMOUNT = {"amount": N_("of amount")}
_PHRASES: Mapping[tuple[Source, str], Phrases] = {
    (Source.SALES, "opportunities"): Phrases(
        columns={"closed_on": N_("close date"), "opened_on": N_("opening date")},
        numbers=_AMOUNT,
        states={
            ("stage", "closed_won"): N_("won opportunities"),
            ("stage", "closed_lost"): N_("lost opportunities"),
        },
        of={"account": N_("of account {values}")},
    ),
    (Source.BILLING, "invoices"): Phrases(
        columns={
            "issued_on": N_("issue date"),
            "paid_on": N_("payment date"),
            "due_on": N_("due date"),
        },
        numbers=_AMOUNT,
        states={
            ("status", "paid"): N_("paid invoices"),
            ("status", "open"): N_("open invoices"),
        },
        of={"customer": N_("of customer {values}")},
    ),
    (Source.COMMISSIONS, "entries"): Phrases(
        columns={"earned_on": N_("date earned")},
        numbers=_AMOUNT,
        states={
            ("status", "earned"): N_("earned commission entries"),
            ("status", "paid"): N_("paid commission entries"),
        },
    ),
    (Source.CUSTOM, ""): Phrases(
        columns={"occurred_on": N_("date")},
        numbers={"value": N_("of value")},
    ),
}


def phrases_of(source: Source, name: str) -> Phrases:
    """What is said of an entity's records in particular; of one without a name, of any name."""
    return _PHRASES.get((source, name), Phrases())
