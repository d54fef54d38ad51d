"""What a subscription was worth in the past, read from the recurring lines of its invoices.

All lines with the same start of period are one state, in force until the next one: a renewal repeats the
state, an upgrade that is billed at once starts a new one. Proration lines are not among them, so that a
change that made only prorations shows at the next renewal.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from msgspec import Struct

from storage.intake.stored import StoredItem, StoredLine, StoredPrice
from storage.metrics.money import interval_name, interval_of, monthly_factor, round_half_even
from storage.metrics.parts import Parts, apportion
from storage.records import Interval, Usage

Cycle = tuple[Interval, int]


class PriceBook(Struct, frozen=True, gc=False):
    """What an account sells: its prices by id, also past ones, and the products that are add-ons."""

    prices: Mapping[bytes, StoredPrice]
    add_ons: frozenset[bytes] = frozenset()


class Step(Struct, frozen=True, gc=False):
    """From `at` on, a subscription is worth `mrr` minor units a month; its main item is of this product.

    `slack`: by how much it may be off because a bill rounds each of its lines, and each discount on it.
    """

    at: datetime
    mrr: int
    product_id: bytes | None
    interval: str | None
    parts: Parts = ()
    slack: int = 0

    def same_as(self, other: "Step") -> bool:
        return (
            self.mrr == other.mrr
            and self.product_id == other.product_id
            and self.interval == other.interval
            and self.parts == other.parts
        )


class _Charge(Struct, frozen=True, gc=False):
    """What MRR needs of one line: `amount` is less recurring discounts, for one `cycle`."""

    amount: int
    cycle: Cycle
    product_id: bytes | None
    price_id: bytes | None
    ends_at: datetime
    is_discounted: bool

    def repeats(self, other: "_Charge") -> bool:
        return (
            self.amount == other.amount
            and self.price_id == other.price_id
            and self.product_id == other.product_id
            and self.cycle == other.cycle
        )


def line_steps(
    items: Sequence[StoredItem],
    trial: tuple[datetime, datetime | None] | None,
    lines: Iterable[StoredLine],
    book: PriceBook,
    *,
    until: datetime,
) -> list[Step]:
    """The steps that begin before `until`, in order of time, from lines of one subscription in any order."""
    states: dict[datetime, list[_Charge]] = {}
    for line in lines:
        start = line.period_start
        if start >= until or (trial is not None and _within(start, trial)):
            continue
        charge = _charge(line, book.prices)
        if charge is not None:
            states.setdefault(start, []).append(charge)
    carried = _cycles_differ(items)
    steps: list[Step] = []
    previous: list[_Charge] = []
    for start in sorted(states):
        state = states[start]
        if carried:
            state = state + _still_running(previous, state, start, items)
        if not _repeats(state, previous):
            step = _step(start, state, book.add_ons)
            if not steps or not step.same_as(steps[-1]):
                steps.append(step)
        previous = state
    return steps


def _within(moment: datetime, window: tuple[datetime, datetime | None]) -> bool:
    return window[0] <= moment and (window[1] is None or moment < window[1])


def _charge(line: StoredLine, prices: Mapping[bytes, StoredPrice]) -> _Charge | None:
    """The part of a line that recurs; None for metered and one-off charges.

    A price that is no longer known is taken to bill as often as the line's period is long.
    """
    price = None if line.price_id is None else prices.get(line.price_id)
    cycle: Cycle | None
    if price is None:
        cycle = interval_of(line.period_start, line.period_end)
    elif price.interval is None or price.usage is Usage.METERED:
        cycle = None
    else:
        cycle = price.interval, price.interval_count
    if cycle is None:
        return None
    product = line.product_id or (None if price is None else price.product_id)
    off = line.recurring_discount
    return _Charge(line.amount - off, cycle, product, line.price_id, line.period_end, off != 0)


def _cycles_differ(items: Sequence[StoredItem]) -> bool:
    """Whether items of one subscription bill at different intervals, so that their lines start apart."""
    return len(items) > 1 and len({(i.price.interval, i.price.interval_count) for i in items}) > 1


def _still_running(
    before: Sequence[_Charge], now: Sequence[_Charge], start: datetime, items: Sequence[StoredItem]
) -> list[_Charge]:
    """Charges of another billing interval that `now` does not bill anew because they are paid for longer.

    Only for items that the subscription still has: a charge that an upgrade replaced also runs on paper.
    """
    current = {item.price.id for item in items}
    renewed = {charge.price_id for charge in now}
    cycles = {charge.cycle for charge in now}
    return [
        charge
        for charge in before
        if charge.ends_at > start
        and charge.price_id in current
        and charge.price_id not in renewed
        and charge.cycle not in cycles
    ]


def _repeats(state: Sequence[_Charge], previous: Sequence[_Charge]) -> bool:
    return len(state) == len(previous) and all(map(_Charge.repeats, state, previous))


def _step(at: datetime, state: Sequence[_Charge], add_ons: frozenset[bytes]) -> Step:
    """The state's value, rounded once, and the product of its main charge."""
    if len(state) == 1:
        charge = state[0]
        n, d = monthly_factor(*charge.cycle)
        worth = round_half_even(max(charge.amount, 0) * n, d)
        return Step(at, worth, charge.product_id, interval_name(*charge.cycle), slack=_slack(state))
    values: dict[tuple[bytes | None, Cycle], Fraction] = {}
    by_product: dict[bytes | None, Fraction] = {}
    for charge in state:
        key = charge.product_id, charge.cycle
        value = charge.amount * Fraction(*monthly_factor(*charge.cycle))
        values[key] = values.get(key, Fraction(0)) + value
        by_product[key[0]] = by_product.get(key[0], Fraction(0)) + value
    plans = [key for key in values if key[0] not in add_ons] or list(values)
    product_id, cycle = max(plans, key=values.__getitem__)
    worth = max(round(sum(values.values())), 0)
    parts = apportion(by_product, worth, product_id)
    return Step(at, worth, product_id, interval_name(*cycle), parts, _slack(state))


def _slack(state: Sequence[_Charge]) -> int:
    """Half a unit for each line, one where a discount was rounded too, and one for rounding MRR itself."""
    halves = Fraction(0)
    for charge in state:
        halves += (2 if charge.is_discounted else 1) * Fraction(*monthly_factor(*charge.cycle))
    return 1 + int(halves / 2)
