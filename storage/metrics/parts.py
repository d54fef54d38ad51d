"""What each product brings of a subscription's MRR, which has one plan and may have items of many products.

Parts are whole minor units that add up to the subscription's MRR, which is rounded once: the units that
rounding leaves over go to the largest fractions.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from storage.intake.stored import StoredDiscount, StoredItem
from storage.metrics.money import values

Parts = tuple[tuple[bytes, int], ...]
"""(product, minor units a month), by product. Empty where all of it is the main product's."""


def parts_at(
    items: Sequence[StoredItem],
    discounts: Sequence[StoredDiscount],
    at: datetime,
    *,
    total: int,
    main: bytes | None,
) -> Parts:
    """The parts of items worth `total` in all at `at`, whose main product is `main`."""
    if all(item.price.product_id == main for item in items):
        return ()
    by_product: dict[bytes | None, Fraction] = {}
    for item, value in zip(items, values(items, discounts, at), strict=True):
        product = item.price.product_id
        by_product[product] = by_product.get(product, Fraction(0)) + value
    return apportion(by_product, total, main)


def apportion(by_product: Mapping[bytes | None, Fraction], total: int, main: bytes | None) -> Parts:
    """Divides `total`, the rounded sum of these worths; what is of no known product counts as the main's."""
    exact: dict[bytes, Fraction] = {}
    for product, value in by_product.items():
        of = main if product is None else product
        if of is None or value < 0:
            return ()  # nothing to divide by: it stays whole
        if value:
            exact[of] = exact.get(of, Fraction(0)) + value
    if total <= 0 or exact.keys() <= {main}:
        return ()
    whole = {product: int(value) for product, value in exact.items()}
    by_fraction = sorted(exact, key=lambda product: (whole[product] - exact[product], product))
    for product in by_fraction[: total - sum(whole.values())]:
        whole[product] += 1
    return tuple(sorted((product, amount) for product, amount in whole.items() if amount))
