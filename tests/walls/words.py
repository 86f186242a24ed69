"""What is secret, how it is told apart, and values like it that nobody has."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import inspect

from goals_core.models.base import Base

# As long as one another, and behind the number: a twin is sorted where its word would be.
MARK, NOBODYS = "wall", "none"
_WORD = re.compile(rf"xqz\d{{6}}{MARK}")
_ANY_WORD = re.compile(rf"xqz\d{{6}}(?:{MARK}|{NOBODYS})")
_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_TOKEN = re.compile(r"[0-9a-f]{32}\.[\w-]{43}")
_HASH = re.compile(r"\$2b\$\d\d\$[./\w]{53}")
_HEX = re.compile(r"[0-9a-f]{64}")


def word(number: int) -> str:
    """A text that stands in one cell of the installation and nowhere else."""
    return f"xqz{number:06}{MARK}"


def blank(told: str) -> str:
    """The text without ids, tokens and planted words, whoever's they are."""
    for pattern in (_TOKEN, _HASH, _HEX, _ID, _ANY_WORD):
        told = pattern.sub("…", told)
    return told


@dataclass(frozen=True)
class Secrets:
    """Every id, word and hash of some rows."""

    told: frozenset[str]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "Secrets":
        cells = [cell for row in rows for cell in row.values()]
        found = {token for cell in cells for token in tokens(cell)}
        return cls(frozenset(found))

    def __sub__(self, other: "Secrets") -> "Secrets":
        return Secrets(self.told - other.told)

    def in_(self, value: object) -> set[str]:
        """What of them stands in a value, however deep."""
        return tokens(value) & self.told


def tokens(value: object) -> set[str]:
    """Ids, planted words and hashes in a value."""
    text = " ".join(_texts(value))
    found = {UUID(match).hex for match in _ID.findall(text)}
    return found.union(*(pattern.findall(text) for pattern in (_WORD, _HASH, _HEX)))


def _texts(value: object) -> list[str]:
    if isinstance(value, memoryview | bytes):
        content = bytes(value)
        # a token's hash as hexadecimals, a file as its text
        return [content.hex(), content.decode(errors="replace")]
    if isinstance(value, Enum):
        return [str(value.value)]
    if is_dataclass(value) and not isinstance(value, type):
        return [text for f in fields(value) for text in _texts(getattr(value, f.name))]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list | tuple | set | frozenset):
        return [text for each in value for text in _texts(each)]
    return [str(value)]


def twin(value: Any, secrets: Secrets) -> Any:
    """The same value with ids, words and hashes that nobody has in the secrets' places."""
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: twin(getattr(value, f.name), secrets) for f in fields(value) if f.init}
        return replace(value, **changed)
    for kind, make in _TWINS.items():
        if isinstance(value, kind):
            return make(value, secrets)
    return value


def _twin_id(id_: UUID, secrets: Secrets) -> UUID:
    return UUID(_nobodys_id(id_.hex)) if id_.hex in secrets.told else id_


def _twin_bytes(content: bytes, secrets: Secrets) -> bytes:
    if content.hex() in secrets.told:
        return Random(content).randbytes(len(content))
    return _twin_text(content.decode(errors="surrogateescape"), secrets).encode(
        errors="surrogateescape"
    )


def _twin_row(row: Base, secrets: Secrets) -> Base:
    cells = {attribute.key: getattr(row, attribute.key) for attribute in inspect(row).attrs}
    return type(row)(**{key: twin(cell, secrets) for key, cell in cells.items()})


def _twin_text(text: str, secrets: Secrets) -> str:
    def of_id(match: re.Match[str]) -> str:
        hexadecimals = UUID(match[0]).hex
        if hexadecimals not in secrets.told:
            return match[0]
        other = _nobodys_id(hexadecimals)
        return str(UUID(other)) if "-" in match[0] else other

    def of_word(match: re.Match[str]) -> str:
        return match[0].replace(MARK, NOBODYS) if match[0] in secrets.told else match[0]

    return _WORD.sub(of_word, _ID.sub(of_id, text))


def _nobodys_id(hexadecimals: str) -> str:
    """An id of the same moment, the same one each time."""
    return hexadecimals[:13] + Random(hexadecimals).randbytes(10).hex()[:19]


def _each(values: Any, secrets: Secrets) -> Any:
    return type(values)(twin(each, secrets) for each in values)


_TWINS: dict[Any, Callable[[Any, Secrets], Any]] = {
    UUID: _twin_id,
    Enum: lambda value, _secrets: value,
    str: _twin_text,
    bytes: _twin_bytes,
    Base: _twin_row,
    dict: lambda value, secrets: {twin(k, secrets): twin(v, secrets) for k, v in value.items()},
    (list, tuple, set, frozenset): _each,
}
