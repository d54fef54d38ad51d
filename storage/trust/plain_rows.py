"""Rows as people may read them: what is sealed opened, ids in hexadecimal, secrets and look-ups left out."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, RowMapping, Table, Text, type_coerce

from storage.keys.source_keys import SourceKeys
from storage.types import Document, number_as_id

NEVER_SHOWN: dict[str, frozenset[str]] = {
    "source": frozenset({"credential"}),
    "checkpoint": frozenset({"cursor"}),
    "member": frozenset({"password", "totp", "google_key"}),
    "web_session": frozenset({"token_hash"}),
    "mail_link": frozenset({"token_hash"}),
    "slack_workspace": frozenset({"sealed"}),
}
"""Credentials and tokens are nobody's to read again; a cursor is a place in the source's own list."""

_OURS = frozenset({"fingerprint", "email_key", "domain_key", "name_key", "phone_key", "link_key"})
"""Keyed hashes of what stands beside them in clear."""

SEALED: dict[str, dict[str, str]] = {
    "customer": {"sealed": "id"},
    "contact": {"sealed": "id"},
    "owner": {"sealed": "id"},
    "ticket": {"sealed": "id"},
    "deal": {"sealed": "id"},
    "conversation": {"sealed": "key"},
    "message": {"sealed": "message_id", "places": "message_id"},
    "alert": {"sealed": "alert_id"},
    "member": {"sealed": "member_id"},
    "mail_link": {"sealed": "token_hash"},
    "webhook_event": {"sealed": "event_id"},
}
"""Sealed columns that are opened, and the column that each value is sealed for."""

_SHOWN_AS = {
    ("customer", "sealed"): "personal",
    ("contact", "sealed"): "personal",
    ("owner", "sealed"): "personal",
    ("ticket", "sealed"): "personal",
    ("deal", "sealed"): "personal",
    ("webhook_event", "sealed"): "body",
    ("message", "sealed"): "content",
    ("alert", "sealed"): "wants",
    ("member", "sealed"): "personal",
    ("mail_link", "sealed"): "address",
}

Plain = dict[str, Any]


def shown_columns(table: Table) -> list[ColumnElement[Any]]:
    """What to select of a table; documents come as the JSON text that they are stored as."""
    hidden = NEVER_SHOWN.get(table.name, frozenset()) | _OURS
    return [
        type_coerce(column, Text).label(column.name) if isinstance(column.type, Document) else column
        for column in table.columns
        if column.name not in hidden
    ]


def as_plain(table: Table, row: Mapping[str, Any] | RowMapping, keys: SourceKeys | None) -> Plain:
    """A row of `shown_columns` as JSON's types, its sealed values opened with `keys`."""
    sealed = SEALED.get(table.name, {})
    values: Mapping[Any, Any] = row
    plain: Plain = {}
    for column in table.columns:
        name = column.name
        if name not in values or name == "account_id":
            continue
        value = values[name]
        if name in sealed:
            plain[_SHOWN_AS.get((table.name, name), name)] = _opened(
                table, name, values.get(sealed[name]), value, keys
            )
        elif isinstance(column.type, Document):
            plain[name] = None if value is None else msgspec.Raw(value.encode())
        else:
            plain[name] = bytes(value).hex() if isinstance(value, bytes | memoryview) else value
    return plain


def opened_values(table: Table, row: Mapping[str, Any] | RowMapping, keys: SourceKeys | None) -> Plain:
    """The sealed values of a row alone, opened, under the names that people see."""
    values: Mapping[Any, Any] = row
    return {
        _SHOWN_AS.get((table.name, name), name): _opened(table, name, values.get(of), values[name], keys)
        for name, of in SEALED.get(table.name, {}).items()
    }


def _opened(table: Table, column: str, row_id: Any, value: Any, keys: SourceKeys | None) -> Any:
    if not value or keys is None:
        return None
    of = number_as_id(row_id) if isinstance(row_id, int) else bytes(row_id)
    opened = keys.open(table=table.name, row_id=of, column=column, sealed=bytes(value))
    if table.name == "mail_link":
        return opened.decode()
    if table.name == "webhook_event":  # the only sealed bytes that we did not write ourselves
        try:
            return msgspec.json.decode(opened)
        except msgspec.DecodeError:
            return opened.decode("utf-8", "replace")
    return msgspec.Raw(opened)
