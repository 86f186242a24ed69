"""When invoices are paid: the records hold no payments, so one rule stands in for them.

A customer always pays the same number of days around the due date. Three of four pay from five
days before it to ten after it, the fourth up to eight weeks late. The number comes from the
customer's name, so every load and every machine finds the same payments.
"""

from datetime import date, timedelta
from zlib import crc32

_EARLIEST = 5  # days before the due date


def paid_on(customer: str, *, issued_on: date, due_on: date) -> date:
    """The day this customer pays, never before the invoice is issued."""
    return max(issued_on, due_on + timedelta(days=days_late(customer)))


def days_late(customer: str) -> int:
    """How many days after the due date a customer pays; negative: before it."""
    number = crc32(customer.encode())
    spread = 62 if number % 4 == 0 else 16
    return number // 4 % spread - _EARLIEST
