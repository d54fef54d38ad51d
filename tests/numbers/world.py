"""A small reader of the example account's Stripe objects, for the pure core alone: no connector, no database.

Vendor ids stand in for keyed ids. Profiles are joined by e-mail address, which is all that Stripe's own
records of this account share.
"""

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from storage.intake.stored import StoredDiscount, StoredItem, StoredLine, StoredPrice
from storage.metrics.history import Agreement, Span, customer_spans
from storage.metrics.line_states import PriceBook
from storage.metrics.money import add_ons, licensed_products
from storage.records import DiscountDuration, Interval, Tier, Usage

QUESTIONS = Path(__file__).resolve().parents[3] / "shared" / "questions"
Object = dict[str, Any]


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@dataclass
class World:
    now: datetime
    answers: dict[str, Object]
    objects: dict[str, list[Object]] = field(repr=False)

    @classmethod
    def load(cls) -> "World":
        example = json.loads((QUESTIONS / "dev.example.json").read_text())
        objects = {}
        for file in (QUESTIONS / "world" / "stripe").glob("*.jsonl.gz"):
            with gzip.open(file, "rt") as lines:
                objects[file.name.removesuffix(".jsonl.gz")] = [json.loads(line) for line in lines]
        answers = {question["id"]: question["answer"] for question in example["questions"]}
        return cls(datetime.fromisoformat(example["now"]), answers, objects)

    @cached_property
    def customers(self) -> dict[str, Object]:
        return {customer["id"]: customer for customer in self.objects["customers"]}

    @cached_property
    def products(self) -> dict[bytes, str]:
        return {product["id"].encode(): product["name"] for product in self.objects["products"]}

    @cached_property
    def prices(self) -> dict[bytes, StoredPrice]:
        return {price["id"].encode(): _price(price) for price in self.objects["prices"]}

    @cached_property
    def coupons(self) -> dict[str, Object]:
        return {coupon["id"]: coupon for coupon in self.objects["coupons"]}

    @cached_property
    def profile_of(self) -> dict[str, str]:
        first_of: dict[str, str] = {}
        return {c["id"]: first_of.setdefault(c["email"].lower(), c["id"]) for c in self.objects["customers"]}

    @cached_property
    def agreements(self) -> dict[str, list[Agreement]]:
        found = defaultdict(list)
        for subscription in self.objects["subscriptions"]:
            found[subscription["customer"]].append(self._agreement(subscription))
        return found

    @cached_property
    def spans(self) -> dict[str, list[Span]]:
        """By profile."""
        every = [agreement for of_one in self.agreements.values() for agreement in of_one]
        book = PriceBook(self.prices, add_ons(licensed_products(a.items) for a in every))
        lines = self._lines()
        found = defaultdict(list)
        for customer, agreements in self.agreements.items():
            found[self.profile_of[customer]] += customer_spans(agreements, lines[customer], {}, book)
        return found

    def _agreement(self, subscription: Object) -> Agreement:
        discounts = subscription["discounts"]
        if not discounts and (of_customer := self.customers[subscription["customer"]]["discount"]):
            discounts = [of_customer]
        return Agreement(
            id=subscription["id"].encode(),
            status=subscription["status"],
            currency=subscription["currency"],
            items=tuple(self._item(item) for item in subscription["items"]["data"]),
            discounts=tuple(self._discount(discount) for discount in discounts),
            started_at=datetime.fromtimestamp(subscription["start_date"], UTC),
            trial_start=moment(subscription["trial_start"]),
            trial_end=moment(subscription["trial_end"]),
            canceled_at=moment(subscription["canceled_at"]),
            ended_at=moment(subscription["ended_at"]),
            first_seen_at=self.now,
            stopped_at=self._last_failure.get(subscription["id"]),
        )

    def _item(self, item: Object) -> StoredItem:
        return StoredItem(
            item["id"].encode(), self.prices[item["price"]["id"].encode()], item.get("quantity")
        )

    def _discount(self, discount: Object) -> StoredDiscount:
        coupon = self.coupons[discount["source"]["coupon"]]
        percent = coupon["percent_off"]
        return StoredDiscount(
            duration=DiscountDuration(coupon["duration"]),
            percent_off=None if percent is None else Decimal(str(percent)),
            amount_off=coupon["amount_off"],
            currency=coupon["currency"],
            starts_at=moment(discount["start"]),
            ends_at=moment(discount["end"]),
        )

    @cached_property
    def _last_failure(self) -> dict[str, datetime]:
        """By subscription, the last failed attempt to collect an invoice of it."""
        intents = {}
        for invoice in self.objects["invoices"]:
            if subscription := _subscription_of(invoice):
                for payment in invoice["payments"]["data"]:
                    intents[payment["payment"]["payment_intent"]] = subscription
        failed = [charge for charge in self.objects["charges"] if charge["status"] == "failed"]
        return {
            intents[charge["payment_intent"]]: datetime.fromtimestamp(charge["created"], UTC)
            for charge in sorted(failed, key=lambda charge: charge["created"])
            if charge["payment_intent"] in intents
        }

    def _lines(self) -> dict[str, list[StoredLine]]:
        found = defaultdict(list)
        for invoice in self.objects["invoices"]:
            durations = {
                d["id"]: self.coupons[d["source"]["coupon"]]["duration"] for d in invoice["discounts"]
            }
            for line in invoice["lines"]["data"]:
                details = line["parent"]["subscription_item_details"]
                if details and not details["proration"]:
                    found[invoice["customer"]].append(_line(line, details["subscription"], durations))
        return found


def _subscription_of(invoice: Object) -> str | None:
    parent = invoice["parent"] or {}
    return (parent.get("subscription_details") or {}).get("subscription")


def _line(line: Object, subscription: str, durations: dict[str, str]) -> StoredLine:
    recurring = sum(d["amount"] for d in line["discount_amounts"] if durations[d["discount"]] != "once")
    price = line["pricing"]["price_details"]
    return StoredLine(
        subscription_id=subscription.encode(),
        price_id=price["price"].encode(),
        product_id=price["product"].encode(),
        quantity=line["quantity"],
        amount=line["amount"],
        period_start=datetime.fromtimestamp(line["period"]["start"], UTC),
        period_end=datetime.fromtimestamp(line["period"]["end"], UTC),
        recurring_discount=recurring,
    )


def _price(price: Object) -> StoredPrice:
    recurring = price["recurring"] or {}
    transform = price["transform_quantity"] or {}
    unit_amount = price["unit_amount_decimal"]
    return StoredPrice(
        id=price["id"].encode(),
        product_id=price["product"].encode(),
        currency=price["currency"],
        interval=Interval(recurring["interval"]) if recurring else None,
        interval_count=recurring.get("interval_count", 1),
        usage=Usage(recurring.get("usage_type", "licensed")),
        unit_amount=None if unit_amount is None else Decimal(unit_amount),
        tiers_mode=price["tiers_mode"],
        tiers=tuple(
            Tier(
                up_to=tier["up_to"],
                unit_amount=Decimal(tier["unit_amount_decimal"] or 0),
                flat_amount=Decimal(tier["flat_amount_decimal"] or 0),
            )
            for tier in price.get("tiers", ())
        ),
        divide_by=transform.get("divide_by", 1),
        round_up=transform.get("round") == "up",
    )
