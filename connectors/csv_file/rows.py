"""Rows of a file made into records: all of them, or the reasons line by line why not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.csv_file.fields import BY_NAME, MONTHLY, YEARLY, CellError, plain
from connectors.csv_file.table import Table
from storage.metrics.amounts import exponent
from storage.records import Customer, Interval, Item, Price, Product, Record, Subscription, SubscriptionStatus

_CUSTOMER = ("name", "email", "domain", "country", "created")
_UNNAMED = "Subscription"


@dataclass(frozen=True, slots=True)
class BadCell:
    """What is wrong on a line: `field` is the name of a column, "" where the row as a whole is meant."""

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field} {self.reason}".replace("  ", " ")


@dataclass(slots=True)
class Read:
    """The records of a file, and what is wrong with it; nothing of it is to be stored where anything is."""

    records: list[Record] = field(default_factory=list)
    bad: list[BadCell] = field(default_factory=list)
    customers: int = 0
    subscriptions: int = 0


@dataclass(slots=True)
class _Seen:
    """A customer of the file: the line that first named it, and what was said of it so far."""

    line: int
    values: dict[str, Any]


class _RowError(ValueError):
    """A row contradicts itself, or another."""


def read_rows(table: Table, *, currency: str, now: datetime) -> Read:
    """`currency` is that of amounts that name none; `now` decides what has begun and ended."""
    read = Read()
    seen: dict[str, _Seen] = {}
    made: dict[str, Subscription] = {}
    lines: dict[str, int] = {}
    usual = _interval_of_header(table)
    for line, cells in table.rows:
        values = _values(line, cells, read)
        if values is None:
            continue
        try:
            key = _note_customer(line, values, seen)
            if "amount" in values:
                subscription = _subscription(key, values, usual, currency, now)
                _note_line(line, subscription.id, lines)
                made[subscription.id] = subscription
        except _RowError as problem:
            read.bad.append(BadCell(line, "", str(problem)))
    read.customers, read.subscriptions = len(seen), len(made)
    subscriptions = list(made.values())
    read.records = [*_products(subscriptions), *_customers(seen, subscriptions, now), *subscriptions]
    return read


def _values(line: int, cells: Mapping[str, str], read: Read) -> dict[str, Any] | None:
    """The cells of a row, read; None where one of them is bad, which is then noted."""
    values: dict[str, Any] = {}
    bad = []
    for name, cell in cells.items():
        try:
            values[name] = BY_NAME[name].read(cell)
        except CellError as problem:
            bad.append(BadCell(line, name, str(problem)))
    read.bad += bad
    return None if bad else values


def _note_customer(line: int, values: dict[str, Any], seen: dict[str, _Seen]) -> str:
    """Which customer the row is about. Raises _RowError where it says otherwise than an earlier row."""
    key = next((values[name] for name in ("customer_id", "email", "name") if name in values), None)
    if key is None:
        raise _RowError("says not which customer it is: customer_id, email and name are empty")
    known = seen.setdefault(str(key).casefold(), _Seen(line, {"id": str(key)}))
    for name in _CUSTOMER:
        if name in values and known.values.setdefault(name, values[name]) != values[name]:
            raise _RowError(f"has another {name} for the same customer than line {known.line}")
    return str(known.values["id"])


def _note_line(line: int, subscription_id: str, lines: dict[str, int]) -> None:
    if subscription_id in lines:
        raise _RowError(f"is the same subscription as line {lines[subscription_id]}")
    lines[subscription_id] = line


def _interval_of_header(table: Table) -> tuple[Interval, int] | None:
    """How often the amounts of a column called MRR or ARR are billed."""
    usual = {MONTHLY: (Interval.MONTH, 1), YEARLY: (Interval.YEAR, 1)}
    return usual.get(plain(table.columns.get("amount", "")))


def _subscription(
    key: str, values: dict[str, Any], usual: tuple[Interval, int] | None, currency: str, now: datetime
) -> Subscription:
    interval = values.get("interval", usual)
    if interval is None:
        raise _RowError(
            "says not how often it is billed: add a column interval, or call the amount mrr or arr"
        )
    started = values.get("started") or values.get("created")
    if started is None:
        raise _RowError("says not since when: it needs started (or created)")
    ended = values.get("ended")
    if ended is not None and ended < started:
        raise _RowError("ended before it started")
    plan = values.get("plan", _UNNAMED)
    price = _price(plan, values, interval, currency)
    trial_end = values.get("trial_end")
    return Subscription(
        id="\n".join((key, plan, started.isoformat())),
        customer_id=key,
        status=_status(values, trial_end, ended, now),
        currency=price.currency,
        items=(Item(id="1", price=price),),
        created_at=started,
        started_at=started,
        trial_start=started if trial_end else None,
        trial_end=trial_end,
        canceled_at=ended,
        ended_at=ended if ended and ended <= now else None,
        cancel_at=ended if ended and ended > now else None,
    )


def _price(plan: str, values: dict[str, Any], interval: tuple[Interval, int], currency: str) -> Price:
    amount = values["amount"]
    named = {one for one in (amount.currency if amount.stated else None, values.get("currency")) if one}
    if len(named) > 1:
        raise _RowError("names two currencies")
    code = next(iter(named), currency)
    unit, count = interval
    # read as dollars, of which a hundred cents are one
    minor = Decimal(amount.minor) if amount.stated else Decimal(amount.minor).scaleb(exponent(code) - 2)
    if minor != minor.to_integral_value():
        raise _RowError(f"has an amount that {code.upper()} does not have")
    return Price(
        id="\n".join((plan, f"{minor.normalize():f}", code, unit, str(count))),
        product_id=plan,
        currency=code,
        interval=unit,
        interval_count=count,
        unit_amount=minor,
    )


def _status(
    values: dict[str, Any], trial_end: datetime | None, ended: datetime | None, now: datetime
) -> SubscriptionStatus:
    is_over = ended is not None and ended <= now
    in_trial = trial_end is not None and trial_end > now
    said: SubscriptionStatus | None = values.get("status")
    if said is SubscriptionStatus.CANCELED and not is_over:
        raise _RowError("is canceled, and says not since when: it needs ended")
    if is_over and said not in (None, SubscriptionStatus.CANCELED):
        raise _RowError("has ended, and its status says otherwise")
    if said is SubscriptionStatus.TRIALING and not in_trial:
        raise _RowError("is a trial, and says not until when: it needs a trial_end to come")
    if said is not None:
        return said
    if is_over:
        return SubscriptionStatus.CANCELED
    return SubscriptionStatus.TRIALING if in_trial else SubscriptionStatus.ACTIVE


def _products(subscriptions: Sequence[Subscription]) -> Iterable[Record]:
    """Plans, since they were first sold, and their prices."""
    since: dict[str, datetime] = {}
    prices: dict[str, Price] = {}
    for subscription in subscriptions:
        price = subscription.items[0].price
        prices[price.id] = price
        known = since.get(price.product_id, subscription.started_at)
        since[price.product_id] = min(known, subscription.started_at)
    return [*(Product(id=plan, name=plan, created_at=at) for plan, at in since.items()), *prices.values()]


def _customers(
    seen: Mapping[str, _Seen], subscriptions: Sequence[Subscription], now: datetime
) -> Iterable[Customer]:
    """A customer without a date is one since its first subscription; without that, since now."""
    first: dict[str, datetime] = {}
    for one in subscriptions:
        first[one.customer_id] = min(first.get(one.customer_id, one.started_at), one.started_at)
    for known in seen.values():
        values = known.values
        domain = values.get("domain")
        yield Customer(
            id=values["id"],
            name=values.get("name"),
            email=values.get("email"),
            domains=(domain,) if domain else (),
            country=values.get("country"),
            created_at=values.get("created") or first.get(values["id"], now),
        )
