"""Documents by kind and id: executions, sessions, snapshot records, pipeline results.

Ids of things that happen sort by time, so the newest are read from the end of the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from nbmlops.model.documents import Document, decode, encode
from nbmlops.store.database import Database

D = TypeVar("D", bound=Document)


class Records:
    def __init__(self, database: Database) -> None:
        self.database = database

    def put(self, document: Document, *, id: str, subject: str = "") -> None:
        """Write or replace one document. `subject` is what it belongs to (a session, a run, a scope)."""
        self.put_many([(document, id, subject)])

    def put_many(self, rows: Iterable[tuple[Document, str, str]]) -> None:
        with self.database.write() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO documents (kind, id, subject, data) VALUES (?, ?, ?, ?)",
                [(_kind(type(document)), id, subject, encode(document)) for document, id, subject in rows],
            )

    def get(self, cls: type[D], id: str) -> D | None:
        rows = self.database.read("SELECT data FROM documents WHERE kind = ? AND id = ?", (_kind(cls), id))
        return decode(_bytes(rows[0][0]), cls, place=f"{_kind(cls)} {id}") if rows else None

    def newest(self, cls: type[D], *, subject: str | None = None, limit: int = 100) -> tuple[D, ...]:
        """The latest documents of a kind, newest first."""
        return self._select(cls, subject, "DESC", limit)

    def oldest(self, cls: type[D], *, subject: str | None = None, limit: int = 1_000_000) -> tuple[D, ...]:
        """Documents of a kind in the order in which they happened."""
        return self._select(cls, subject, "ASC", limit)

    def with_prefix(self, cls: type[D], prefix: str) -> tuple[D, ...]:
        rows = self.database.read(
            "SELECT data FROM documents WHERE kind = ? AND id >= ? AND id < ? ORDER BY id",
            (_kind(cls), prefix, prefix + "\uffff"),
        )
        return tuple(decode(_bytes(row[0]), cls, place=_kind(cls)) for row in rows)

    def raw(self) -> Iterator[tuple[str, str, bytes]]:
        """Kind, id and bytes of every document."""
        for kind, id, data in self.database.read("SELECT kind, id, data FROM documents"):
            yield str(kind), str(id), _bytes(data)

    def data(self, cls: type[Document]) -> Iterator[bytes]:
        """Every document of a kind as it is stored: for who needs little of many."""
        for (data,) in self.database.read("SELECT data FROM documents WHERE kind = ?", (_kind(cls),)):
            yield _bytes(data)

    def delete(self, cls: type[Document], *ids: str) -> None:
        with self.database.write() as connection:
            connection.executemany("DELETE FROM documents WHERE kind = ? AND id = ?", [(_kind(cls), id) for id in ids])

    def _select(self, cls: type[D], subject: str | None, order: str, limit: int) -> tuple[D, ...]:
        where = "kind = ?" if subject is None else "kind = ? AND subject = ?"
        arguments: tuple[object, ...] = (_kind(cls),) if subject is None else (_kind(cls), subject)
        rows = self.database.read(
            f"SELECT data FROM documents WHERE {where} ORDER BY id {order} LIMIT ?", (*arguments, limit)
        )
        return tuple(decode(_bytes(row[0]), cls, place=_kind(cls)) for row in rows)


def _kind(cls: type[Document]) -> str:
    return str(cls.__struct_config__.tag)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
