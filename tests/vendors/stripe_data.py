"""The data behind the Stripe test server: objects newest first, rendered as Stripe renders them.

Objects are kept in their fullest form; what Stripe leaves out or shows as an id unless it is expanded is
declared in `EXPANDABLE`. With `copies`, every object but the catalog's stands for so many, with ids and
e-mail addresses of their own: a big account in the memory of a small one.
"""

import gzip
import re
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

Object = dict[str, Any]
Tree = dict[str, Any]

OBJECTS = {
    "products": "product",
    "prices": "price",
    "coupons": "coupon",
    "customers": "customer",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "payment_intents": "payment_intent",
    "events": "event",
}
FILTERS = {
    "prices": ("product", "active"),
    "customers": ("email",),
    "subscriptions": ("customer", "status"),
    "invoices": ("customer", "subscription", "status"),
    "charges": ("customer", "payment_intent"),
    "refunds": ("charge", "payment_intent"),
    "disputes": ("charge", "payment_intent"),
    "payment_intents": ("customer",),
    "events": ("type",),
}
LEFT_OUT = {
    "price": {"tiers", "currency_options"},
    "coupon": {"applies_to", "currency_options"},
    "invoice": {"payments"},
}
AS_IDS = {"subscription": {"discounts"}, "subscription_item": {"discounts"}}
AS_IDS |= {"invoice": {"discounts"}, "line_item": {"discounts"}}
INNER = 10
"""How many rows a list inside an object shows."""

_SHARED = ("products", "prices", "coupons")
_SPLIT = re.compile(
    rb'(?<=["/=])(?:cus|sub|si|in|il|ch|re|dp|di|pi|py|inpay|txn|pm|evt)_[A-Za-z0-9]+(?=["/])'
    rb'|(?<=")[^"@\s]+(?=@[^"@\s]+")'
    rb'|(?<=_company_id":")[^"]+(?=")'
)
_COPY = re.compile(r"(.+)x(\d+)")


class BadExpand(Exception):
    """A path of `expand[]` that names nothing to expand."""


class Row:
    """One object and its JSON, by what is expanded, in pieces between which a copy's suffix goes."""

    __slots__ = ("json", "object")

    def __init__(self, object_: Object) -> None:
        self.object = object_
        self.json: dict[tuple[str, ...], list[bytes]] = {}


class Table:
    """The objects of one resource, newest first."""

    def __init__(self, world: "World", name: str, copies: int) -> None:
        self.name, self.copies, self._world = name, copies, world
        self.rows: list[Row] = []
        self.deleted: set[str] = set()
        self._at: dict[str, int] = {}
        self._ages: list[int] = []
        self._views: dict[tuple[tuple[str, str], ...], list[int]] = {}

    def load(self, objects: list[Object]) -> None:
        self.rows = [Row(found) for found in sorted(objects, key=lambda o: -o.get("created", 0))]
        self._index()

    def put(self, object_: Object) -> None:
        self.rows = [row for row in self.rows if row.object["id"] != object_["id"]]
        ages = [-row.object.get("created", 0) for row in self.rows]
        self.rows.insert(bisect_left(ages, -object_.get("created", 0)), Row(object_))
        self._index()

    def remove(self, id_: str) -> Object:
        gone = self.rows[self._at[id_]].object
        self.rows = [row for row in self.rows if row.object is not gone]
        self.deleted.add(id_)
        self._index()
        return gone

    def _index(self) -> None:
        self._at = {row.object["id"]: place for place, row in enumerate(self.rows)}
        self._ages = [-row.object.get("created", 0) for row in self.rows]
        self._views = {}

    def find(self, id_: str) -> int | None:
        """The place of an object among all copies."""
        if id_ in self._at:
            return self._at[id_] * self.copies
        parts = _COPY.fullmatch(id_)
        if parts and parts[1] in self._at and 0 < int(parts[2]) < self.copies:
            return self._at[parts[1]] * self.copies + int(parts[2])
        return None

    def view(self, wanted: dict[str, list[str]]) -> list[int]:
        """The rows (not copies) that pass every filter, in order."""
        key = tuple((name, value) for name, values in sorted(wanted.items()) for value in values)
        if key not in self._views:
            self._views[key] = [n for n, row in enumerate(self.rows) if _passes(row.object, wanted)]
        return self._views[key]

    def range(self, oldest: int | None, newest: int | None) -> tuple[int, int]:
        """The rows created in [oldest, newest], as places."""
        first = 0 if newest is None else bisect_left(self._ages, -newest)
        last = len(self._ages) if oldest is None else bisect_left(self._ages, -oldest + 1)
        return first, last

    def json(self, place: int, expand: tuple[str, ...]) -> bytes:
        """The object at a place among all copies."""
        row, copy = self.rows[place // self.copies], place % self.copies
        pieces = row.json.get(expand)
        if pieces is None:
            rendered = self._world.render(row.object, tree(expand))
            pieces = row.json[expand] = self._pieces(msgspec.json.encode(rendered))
        return (b"x%d" % copy if copy else b"").join(pieces)

    def _pieces(self, encoded: bytes) -> list[bytes]:
        if self.copies == 1:
            return [encoded]
        ends = [0, *(found.end() for found in _SPLIT.finditer(encoded)), len(encoded)]
        return [encoded[start:end] for start, end in pairwise(ends)]


class World:
    """An account's objects."""

    def __init__(self, copies: int = 1) -> None:
        self.account: Object = {"id": "acct_test", "object": "account"}
        self.tables = {n: Table(self, n, 1 if n in _SHARED else copies) for n in OBJECTS}

    @classmethod
    def read(cls, folder: Path, copies: int = 1) -> "World":
        """From a folder of `<resource>.jsonl.gz`."""
        world = cls(copies)
        for file in sorted(folder.glob("*.jsonl.gz")):
            objects = [msgspec.json.decode(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
            name = file.name.removesuffix(".jsonl.gz")
            if name == "account":
                world.account = objects[0]
            elif name in world.tables:
                world.tables[name].load(objects)
        return world

    def render(self, found: Object, expand: Tree) -> Object:
        """The object as Stripe shows it with these expansions. Raises BadExpand."""
        kind = found.get("object", "")
        if kind == "event":  # tells its object as that was
            return found
        shown: Object = {}
        for name, value in found.items():
            if name in LEFT_OUT.get(kind, ()) and name not in expand:
                continue
            if name in AS_IDS.get(kind, ()) and name not in expand and value:
                shown[name] = [one["id"] if isinstance(one, dict) else one for one in value]
            elif kind == "discount" and name == "source":
                shown[name] = self._source(value, expand.get("source", {}))
            else:
                shown[name] = self._value(name, value, expand)
        if unknown := set(expand) - set(found) - LEFT_OUT.get(kind, set()):
            raise BadExpand(min(unknown))
        return shown

    def _value(self, name: str, value: Any, expand: Tree) -> Any:
        if name == "currency_options" and isinstance(
            value, dict
        ):  # tiers are told for one currency at a time
            return {
                code: {
                    field: told for field, told in option.items() if field != "tiers" or _tells(expand, code)
                }
                for code, option in value.items()
            }
        if isinstance(value, dict):
            inner = self.render(value, expand.get(name, {}))
            return _first_rows(inner) if inner.get("object") == "list" else inner
        if isinstance(value, list):
            tree_ = expand.get(name, {})
            return [self.render(one, tree_) if isinstance(one, dict) else one for one in value]
        if expand.get(name) and value is not None:
            raise BadExpand(name)
        return value

    def _source(self, source: Object, expand: Tree) -> Object:
        coupon = source.get("coupon")
        if isinstance(coupon, str) and "coupon" in expand:
            table = self.tables["coupons"]
            place = table.find(coupon)
            return {
                **source,
                "coupon": self.render(table.rows[place].object, {}) if place is not None else None,
            }
        if isinstance(coupon, dict):  # kept whole: a coupon that is deleted from the list
            return {**source, "coupon": self.render(coupon, {}) if "coupon" in expand else coupon["id"]}
        return source


def _tells(expand: Tree, code: str) -> bool:
    return "tiers" in expand.get("currency_options", {}).get(code, {})


def tree(paths: tuple[str, ...]) -> Tree:
    """{"discounts": {"source": {"coupon": {}}}} of "discounts.source.coupon"."""
    root: Tree = {}
    for path in paths:
        node = root
        for step in path.split("."):
            node = node.setdefault(step, {})
    return root


def _first_rows(inner: Object) -> Object:
    rows = inner.get("data", [])
    return {**inner, "data": rows[:INNER], "has_more": True} if len(rows) > INNER else inner


def _passes(found: Object, wanted: dict[str, list[str]]) -> bool:
    for name, values in wanted.items():
        if name == "status" and "all" in values:
            continue
        if name == "type":
            matches = any(
                re.fullmatch(value.replace(".", r"\.").replace("*", ".*"), found["type"]) for value in values
            )
        elif name == "status" and "!canceled" in values:
            matches = found["status"] != "canceled"
        else:
            matches = str(found.get(name)).lower() in values or found.get(name) in values
        if not matches:
            return False
    return True
