"""MRR of a subscription at a moment, exactly: the rules of the semantic layer in integers and fractions.

Sum over the licensed items of what a billing period costs, less the discounts that run, brought to a month
and rounded half to even once, at the end. No float takes part. Most subscriptions are per-unit prices
without discount, so these go through plain integers; tiers and discounts through `Fraction`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from storage.intake.stored import StoredDiscount, StoredItem, StoredPrice
from storage.records import DiscountDuration, Interval, Usage

Ratio = tuple[int, int]
"""Numerator and denominator (above 0), not necessarily reduced."""

_ZERO: Ratio = (0, 1)
_MONTHLY: dict[Interval, Ratio] = {
    Interval.DAY: (365, 12),
    Interval.WEEK: (52, 12),
    Interval.MONTH: (1, 1),
    Interval.YEAR: (1, 12),
}
_NAMES = {
    (Interval.MONTH, 3): "quarter",
    (Interval.MONTH, 6): "half_year",
    (Interval.MONTH, 12): "year",
    (Interval.DAY, 7): "week",
}
_LEAST_DAYS_OF_A_YEAR = 360
_LEAST_DAYS_OF_A_MONTH = 27


def mrr(items: Sequence[StoredItem], discounts: Sequence[StoredDiscount], at: datetime) -> int:
    """Minor units a month that these items are worth at `at`, whatever the subscription's status.

    `discounts` are those of the subscription or, where it has none, of its customer; they come off after
    the items' own.
    """
    if discounts or any(item.discounts for item in items):
        return round(sum(values(items, discounts, at), Fraction(0)))
    numerator, denominator = _ZERO
    for item in items:
        n, d = monthly_value(item)
        if denominator == d:
            numerator += n
        else:
            numerator, denominator = numerator * d + n * denominator, denominator * d
    return round_half_even(numerator, denominator)


def monthly_value(item: StoredItem) -> Ratio:
    """Minor units a month of one item before discounts; metered and one-off prices are worth nothing."""
    price = item.price
    if price.interval is None or price.usage is Usage.METERED:
        return _ZERO
    numerator, denominator = period_amount(price, item.quantity)
    n, d = monthly_factor(price.interval, price.interval_count)
    return numerator * n, denominator * d


def monthly_factor(interval: Interval, count: int) -> Ratio:
    """What an amount billed every `count` intervals is multiplied by to make it monthly."""
    n, d = _MONTHLY[interval]
    return n, d * max(count, 1)


def period_amount(price: StoredPrice, quantity: int | None) -> Ratio:
    """Minor units that `quantity` of a price costs for one billing period; no quantity means one."""
    units = 1 if quantity is None else quantity
    if price.divide_by > 1:
        units = -(-units // price.divide_by) if price.round_up else units // price.divide_by
    if price.tiers:
        tiered = _volume(price, units) if price.tiers_mode == "volume" else _graduated(price, units)
        return tiered.numerator, tiered.denominator
    if price.unit_amount is None:
        return _ZERO
    n, d = price.unit_amount.as_integer_ratio()
    return n * units, d


def _volume(price: StoredPrice, units: int) -> Fraction:
    """All units at the rate of the tier that the quantity falls in."""
    for tier in price.tiers:
        if tier.up_to is None or units <= tier.up_to:
            return Fraction(tier.unit_amount) * units + Fraction(tier.flat_amount)
    last = price.tiers[-1]
    return Fraction(last.unit_amount) * units + Fraction(last.flat_amount)


def _graduated(price: StoredPrice, units: int) -> Fraction:
    """Each tier's units at its own rate, with the flat amount of every tier reached; the first always is."""
    total = Fraction(0)
    below = 0
    for tier in price.tiers:
        top = units if tier.up_to is None else min(units, tier.up_to)
        total += Fraction(tier.unit_amount) * max(top - below, 0) + Fraction(tier.flat_amount)
        if top >= units:
            break
        below = top
    return total


def values(items: Sequence[StoredItem], discounts: Sequence[StoredDiscount], at: datetime) -> list[Fraction]:
    """The items' monthly values, each less its own discounts, less those on the whole, in their order."""
    found = [Fraction(*monthly_value(item)) for item in items]
    for number, item in enumerate(items):
        alone = found[number : number + 1]
        _take_off(alone, [item], item.discounts, at)
        found[number] = alone[0]
    _take_off(found, items, discounts, at)
    return found


def _take_off(
    values: list[Fraction], items: Sequence[StoredItem], discounts: Sequence[StoredDiscount], at: datetime
) -> None:
    """Takes the discounts that run at `at` off the values of the items they are for, by their shares."""
    for discount in discounts:
        if not runs(discount, at):
            continue
        meant = [number for number, item in enumerate(items) if is_for(discount, item)]
        before = sum((values[number] for number in meant), Fraction(0))
        if before > 0:
            left = _less(before, discount, [items[number] for number in meant]) / before
            for number in meant:
                values[number] *= left


def is_for(discount: StoredDiscount, item: StoredItem) -> bool:
    """Whether a discount is on this item's product, as one that names no products is on all."""
    return not discount.product_ids or item.price.product_id in discount.product_ids


def _less(monthly: Fraction, discount: StoredDiscount, items: Sequence[StoredItem]) -> Fraction:
    """`monthly`, the worth of these items, after a discount; never below 0."""
    if discount.percent_off is not None:
        monthly *= 1 - Fraction(discount.percent_off) / 100
    elif discount.amount_off is not None and discount.currency in (None, items[0].price.currency):
        monthly -= discount.amount_off * Fraction(*_billing_factor(items))
    return max(monthly, Fraction(0))


def _billing_factor(items: Sequence[StoredItem]) -> Ratio:
    """By what an amount off each bill becomes monthly: bills come as often as the largest item's."""
    licensed = [item for item in items if _is_licensed(item)]
    if not licensed:
        return 1, 1
    price = max(licensed, key=lambda item: Fraction(*monthly_value(item))).price
    return monthly_factor(price.interval or Interval.MONTH, price.interval_count)


def runs(discount: StoredDiscount, at: datetime) -> bool:
    """Whether a discount lowers MRR at `at`: it recurs, has begun and has not ended."""
    return (
        discount.duration is not DiscountDuration.ONCE
        and (discount.starts_at is None or discount.starts_at <= at)
        and (discount.ends_at is None or at < discount.ends_at)
    )


def round_half_even(numerator: int, denominator: int) -> int:
    """The nearest integer to a ratio; of two equally near, the even one."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))


def interval_name(interval: Interval, count: int) -> str:
    """A billing interval in one word where there is one: month, quarter, half_year, year; else "2 months"."""
    if count <= 1:
        return interval.value
    return _NAMES.get((interval, count)) or f"{count} {interval.value}s"


def interval_of(starts_at: datetime, ends_at: datetime) -> tuple[Interval, int] | None:
    """The billing interval that a bill's period looks like, where its price is not known; None if empty."""
    days = round((ends_at - starts_at) / timedelta(days=1))
    if days <= 0:
        return None
    if days >= _LEAST_DAYS_OF_A_YEAR:
        return Interval.YEAR, round(days / 365.25)
    if days >= _LEAST_DAYS_OF_A_MONTH:
        return Interval.MONTH, round(days / 30.44)
    if days % 7 == 0:
        return Interval.WEEK, days // 7
    return Interval.DAY, days


def main_item(items: Sequence[StoredItem], add_ons: frozenset[bytes]) -> StoredItem | None:
    """The item that names a subscription's plan: the licensed one with the largest monthly amount that is no
    add-on; of add-ons only, the largest."""
    licensed = [item for item in items if _is_licensed(item)]
    if len(licensed) <= 1:
        return licensed[0] if licensed else None
    plans = [item for item in licensed if item.price.product_id not in add_ons] or licensed
    return max(plans, key=lambda item: Fraction(*monthly_value(item)))


def licensed_products(items: Iterable[StoredItem]) -> frozenset[bytes]:
    """The products that a subscription's licensed recurring items belong to."""
    return frozenset(item.price.product_id for item in items if _is_licensed(item))


def _is_licensed(item: StoredItem) -> bool:
    return item.price.interval is not None and item.price.usage is Usage.LICENSED


def add_ons(combinations: Iterable[frozenset[bytes]]) -> frozenset[bytes]:
    """The products that are sold only on top of others ("Extra seat"), from which products go together.

    `combinations` are the `licensed_products` of the account's subscriptions, each at least once. A product
    that is ever sold alone is a plan. Of products that never are, the one with the fewest companions is the
    plan where only such products go together (seats go with every plan, a plan with few other things).
    """
    together = {products for products in combinations if products}
    alone = {product for products in together if len(products) == 1 for product in products}
    companions: dict[bytes, set[bytes]] = {}
    for products in together:
        for product in products - alone:
            companions.setdefault(product, set()).update(products)
    plans: set[bytes] = set()
    for products in together:
        if products <= companions.keys():
            fewest = min(len(companions[product]) for product in products)
            plans.update(product for product in products if len(companions[product]) == fewest)
    return frozenset(companions.keys() - plans)
