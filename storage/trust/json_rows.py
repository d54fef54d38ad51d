"""Rows as JSON, written by the database itself: an export has millions, and Python takes three times as long.

What is sealed is left to `plain_rows.py`; types look as they do there.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    LargeBinary,
    Table,
    Text,
    TypeDecorator,
    case,
    cast,
    func,
    literal_column,
    type_coerce,
)

from storage.trust.plain_rows import SEALED, shown_columns
from storage.types import Document, Instant

_SECOND = 1_000_000


def json_of(table: Table, *, postgres: bool) -> ColumnElement[str]:
    """The row as a JSON object, without its account and what is sealed."""
    left_to_python = {"account_id", *SEALED.get(table.name, {})}
    named = {shown.name: table.c[shown.name] for shown in shown_columns(table)}
    write = _on_postgres if postgres else _on_sqlite
    pairs = [
        part
        for name, column in named.items()
        if name not in left_to_python
        for part in (literal_column(f"'{name}'"), write(column))
    ]
    return cast(func.json_build_object(*pairs), Text) if postgres else func.json_object(*pairs)


def _on_postgres(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if _is_binary(column):
        return func.encode(type_coerce(column, LargeBinary), literal_column("'hex'"))
    if isinstance(column.type, Document):
        return cast(type_coerce(column, Text), JSON)
    if isinstance(column.type, Instant):
        moment = func.timezone(literal_column("'UTC'"), column)
        return func.to_char(moment, literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""))
    return column


def _on_sqlite(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if _is_binary(column):
        return case((column.is_not(None), func.lower(func.hex(type_coerce(column, LargeBinary)))))
    if isinstance(column.type, Document):
        return func.json(type_coerce(column, Text))
    if isinstance(column.type, Boolean):
        return func.json(case((column.is_(True), "true"), (column.is_(False), "false"), else_="null"))
    if isinstance(column.type, Instant):
        at = type_coerce(column, BigInteger)
        micros = (at % _SECOND + _SECOND) % _SECOND
        seconds = func.strftime("%Y-%m-%dT%H:%M:%S", (at - micros) // _SECOND, "unixepoch")
        return seconds.concat(func.printf(".%06dZ", micros))
    return column


def _is_binary(column: ColumnElement[Any]) -> bool:
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    return isinstance(kind, LargeBinary)
