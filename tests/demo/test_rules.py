"""The demo's small rules, without a database."""

from datetime import date
from decimal import Decimal

from goals_core.demo.adventure_works_goals import Quota, yearly_target
from goals_core.demo.calendar import arrange
from goals_core.demo.ledger import commission
from goals_core.demo.payments import days_late, paid_on
from goals_core.demo.people import address
from goals_core.kinds import Period

CUSTOMERS = [f"Reseller {number}" for number in range(1, 702)]
DAY = date(2026, 5, 20)


def test_a_customer_pays_at_most_five_days_early_and_eight_weeks_late():
    late = [days_late(customer) for customer in CUSTOMERS]
    assert min(late) == -5
    assert 49 < max(late) <= 56


def test_most_customers_pay_within_ten_days():
    prompt = sum(days_late(customer) <= 10 for customer in CUSTOMERS)
    assert 0.7 < prompt / len(CUSTOMERS) < 0.9


def test_nobody_pays_before_the_invoice_is_issued():
    assert all(paid_on(c, issued_on=DAY, due_on=DAY) >= DAY for c in CUSTOMERS)


def test_a_commission_rounds_half_a_cent_up():
    assert commission(Decimal("100.50"), Decimal("0.01")) == Decimal("1.01")
    assert commission(Decimal("100.49"), Decimal("0.01")) == Decimal("1.00")


def test_an_address_has_no_accents_and_no_spaces():
    assert address("José", "Saraiva", "a.example") == "jose.saraiva@a.example"
    assert (
        address("Ranjit", "Varkey Chudukatil", "a.example") == "ranjit.varkey-chudukatil@a.example"
    )
    assert address("Tete", "Mensa-Annan", "a.example") == "tete.mensa-annan@a.example"


def test_a_year_without_all_its_quotas_borrows_the_missing_ones_from_the_year_before():
    calendar = arrange(DAY, date(2013, 6, 30))
    this, before = calendar.windows(Period.YEARLY, before=1)[::-1]
    quarters = calendar.quarters_of(before) + calendar.quarters_of(this)[:2]
    quotas = [Quota("281", quarter, Decimal(10**n)) for n, quarter in enumerate(quarters)]
    assert yearly_target(before, quotas, calendar) == 1111
    assert yearly_target(this, quotas, calendar) == 110000 + 1100
