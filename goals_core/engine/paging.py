"""Lists that can grow come a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
LARGEST_PAGE = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of the items, and how many there are in all."""

    items: Sequence[T]
    total: int
    number: int  # from 1
    size: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted; out-of-range numbers are moved to the nearest that makes sense."""

    number: int = 1
    size: int = 50

    @property
    def limit(self) -> int:
        return min(max(self.size, 1), LARGEST_PAGE)

    @property
    def offset(self) -> int:
        return (max(self.number, 1) - 1) * self.limit

    def of(self, items: Sequence[T], total: int) -> Page[T]:
        return Page(items, total, max(self.number, 1), self.limit)


FIRST_PAGE = PageRequest()
