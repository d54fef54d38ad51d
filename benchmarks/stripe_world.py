"""A company as large as is asked for, in objects as large as Stripe's, for the test server to serve.

The company is the demo's; `--copies` of the server multiplies its customers. Our test objects hold only what
a test is about, so they are filled up to the sizes of real ones: a reader must skip what it does not want.
"""

import gzip
import re
from pathlib import Path
from typing import Any

import msgspec

from tests.vendors.stripe_company import company

CUSTOMERS = 290
"""How many customers the demo company has, about."""

SIZES = {"customers": 1_200, "subscriptions": 3_600, "invoices": 6_100, "charges": 2_600}
"""Bytes of JSON of one object, as Stripe sends it (invoices with lines and payments expanded)."""

_ID = re.compile(rb'(?<=")(cus|sub|si|in|il|pay|re|dp|di|pi|inpay)_([A-Za-z0-9_]+)(?=")')
_PREFIXES = {b"pay": b"ch"}


def write_world(folder: Path, customers: int = CUSTOMERS) -> dict[str, int]:
    """Writes the world for `python -m tests.vendors.stripe --world`; returns how many of each kind."""
    world = company(customers=customers)
    counted = {}
    for name, table in world.tables.items():
        if table.rows:
            lines = [_plain_ids(_filled(name, row.object)) for row in table.rows]
            (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines), 1))
            counted[name] = len(lines)
    return counted


def objects_in(counted: dict[str, int], copies: int) -> int:
    """How many objects a sync of so many copies stores: the catalog has one copy, coupons are looked up."""
    once = counted["products"] + counted["prices"]
    rest = sum(number for name, number in counted.items() if name not in {"products", "prices", "coupons"})
    return once + rest * copies


def _filled(name: str, found: dict[str, Any]) -> bytes:
    """The object, with further small fields until it has the size of a real one."""
    encoded = msgspec.json.encode(found)
    missing = SIZES.get(name, 0) - len(encoded)
    if missing <= 0:
        return encoded
    filling, size = {}, 0
    while size < missing:
        key = f"field_{len(filling):03}"
        filling[key] = None if len(filling) % 2 else {"enabled": False, "text": "a value that nobody reads"}
        size += len(key) + (9 if filling[key] is None else 56)
    return encoded[:-1] + b"," + msgspec.json.encode(filling)[1:]


def _plain_ids(encoded: bytes) -> bytes:
    """Ids as Stripe makes them, one underscore each: the server tells them by that when it makes copies."""

    def plain(found: re.Match[bytes]) -> bytes:
        return _PREFIXES.get(found[1], found[1]) + b"_" + found[2].replace(b"_", b"z")

    return _ID.sub(plain, encoded)
