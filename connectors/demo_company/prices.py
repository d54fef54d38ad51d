"""What the demo company sells, in the currencies of its customers: four plans, seats, a fee, and coupons."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connectors.demo_company.calendar import add_months
from storage.records import Discount, DiscountDuration, Interval, Price, Product

CURRENCIES = ("usd", "eur", "gbp", "jpy")
_MONTHS_PAID_A_YEAR = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """`monthly` is in minor units of each of CURRENCIES; a year costs ten months."""

    key: str
    name: str
    monthly: tuple[int, int, int, int]
    most_seats: int = 0

    def price(self, currency: str, interval: Interval) -> Price:
        """Its price in a currency, a month or a year."""
        amount = self.monthly[CURRENCIES.index(currency)]
        yearly = interval is Interval.YEAR
        return Price(
            id=f"price_{self.key}_{interval.value}_{currency}",
            product_id=f"prod_{self.key}",
            currency=currency,
            interval=interval,
            unit_amount=Decimal(amount * _MONTHS_PAID_A_YEAR if yearly else amount),
        )


STARTER = Plan("starter", "Starter", (2900, 2900, 2500, 4400), most_seats=2)
GROWTH = Plan("growth", "Growth", (9900, 9900, 8500, 15000), most_seats=7)
SCALE = Plan("scale", "Scale", (29900, 29900, 25500, 45000), most_seats=20)
ENTERPRISE = Plan("enterprise", "Enterprise", (119900, 119900, 99900, 180000), most_seats=60)
SEATS = Plan("seats", "Extra seats", (1200, 1200, 1000, 1800))
PLANS = (STARTER, GROWTH, SCALE, ENTERPRISE)

_ONBOARDING = (150000, 150000, 120000, 225000)


def onboarding(currency: str) -> Price:
    """The fee that Enterprise customers pay once."""
    return Price(
        id=f"price_onboarding_{currency}",
        product_id="prod_onboarding",
        currency=currency,
        unit_amount=Decimal(_ONBOARDING[CURRENCIES.index(currency)]),
    )


def products(created_at: datetime) -> tuple[Product, ...]:
    """All that is for sale."""
    names = {plan.key: plan.name for plan in (*PLANS, SEATS)} | {"onboarding": "Onboarding"}
    return tuple(Product(id=f"prod_{key}", name=name, created_at=created_at) for key, name in names.items())


def prices() -> tuple[Price, ...]:
    """Every price in every currency and interval."""
    recurring = (
        plan.price(currency, interval)
        for plan in (*PLANS, SEATS)
        for currency in CURRENCIES
        for interval in (Interval.MONTH, Interval.YEAR)
    )
    return (*recurring, *(onboarding(currency) for currency in CURRENCIES))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a subscription buys: a plan and extra seats."""

    plan: Plan
    seats: int = 0

    def prices(self, currency: str, interval: Interval) -> tuple[tuple[Price, int], ...]:
        """(price, quantity) of the plan and, where there are any, of the seats."""
        plan = (self.plan.price(currency, interval), 1)
        return (plan, (SEATS.price(currency, interval), self.seats)) if self.seats else (plan,)


@dataclass(frozen=True, slots=True)
class Coupon:
    """A percentage off the first bill, the bills of the first `months`, or all."""

    percent: int
    duration: DiscountDuration
    months: int = 0

    @property
    def recurs(self) -> bool:
        return self.duration is not DiscountDuration.ONCE

    def ends_at(self, start: datetime) -> datetime | None:
        """When a coupon given at `start` runs out by time."""
        return add_months(start, self.months) if self.duration is DiscountDuration.REPEATING else None

    def applies(self, start: datetime, bill: int, at: datetime) -> bool:
        """Whether the `bill`-th bill (from 0), made at `at`, is reduced by it."""
        if not self.recurs:
            return bill == 0
        end = self.ends_at(start)
        return end is None or at < end

    def off(self, amount: int) -> int:
        """Minor units that it takes off an amount; credits are reduced alike."""
        return round(amount * self.percent / 100)

    def discount(self, start: datetime) -> Discount:
        """As a source reports it while it applies."""
        return Discount(
            duration=self.duration,
            percent_off=Decimal(self.percent),
            starts_at=start,
            ends_at=self.ends_at(start),
        )
