"""What Stripe says, in its own JSON, and what is counted of it: cases for each row of docs/stripe.md.

Figures are worked out by hand. Each case is a customer of its own, asked about alone at noon on 23 November
2026; T0 is 21 September. Amounts are minor units.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.vendors import stripe_objects as make
from tests.vendors.stripe_objects import DAY, T0

Object = dict[str, Any]
Lists = dict[str, list[Object]]

NOW = 1_795_435_200
_NUMBERS = count(1)


@dataclass(frozen=True)
class Case:
    """`topic` is a row of the table; `wanted` are figures now, or in a period of [start, end)."""

    topic: str
    objects: Lists
    wanted: dict[str, Any] = field(default_factory=dict)
    period: tuple[int, int] | None = None
    number: int = field(default_factory=lambda: next(_NUMBERS))

    @property
    def customer(self) -> str:
        return f"cus_{self.number}"


def usd(amount: int) -> dict[str, int]:
    return {"usd": amount} if amount else {}


def price(amount: int | None = 2_000, every: str = "month", times: int = 1, **facts: Any) -> Object:
    usage = facts.pop("usage", "licensed")
    recurring = {"interval": every, "interval_count": times, "usage_type": usage, "meter": None}
    return make.price(f"price_{next(_NUMBERS)}", amount, **({"recurring": recurring} | facts))


def item(of: Object, quantity: int | None = 1, **facts: Any) -> Object:
    return make.item(f"si_{next(_NUMBERS)}", of, quantity, **facts)


def agreed(topic: str, *items: Object, mrr: dict[str, int], **facts: Any) -> Case:
    """A subscription of these items, and its MRR."""
    customer = facts.pop("of", {})
    at = facts.pop("at", None)
    found = make.subscription(f"sub_{next(_NUMBERS)}", list(items) or [item(price())], **facts)
    period = (at, at) if at else None
    return Case(
        topic, {"subscriptions": [found], "customers": [make.customer(**customer)]}, {"mrr": mrr}, period
    )


def paid(topic: str, wanted: dict[str, Any], **objects: list[Object]) -> Case:
    """Charges, refunds and disputes of one customer."""
    return Case(topic, {"customers": [make.customer()], **objects}, wanted, (T0, NOW))


def tier(top: int | str | None, unit: int | None, flat: int | None = None) -> Object:
    return {"up_to": top, "unit_amount": unit, "unit_amount_decimal": None if unit is None else str(unit),
            "flat_amount": flat, "flat_amount_decimal": None if flat is None else str(flat)}  # fmt: skip


TIERS = [tier(5, 700), tier(10, 650, 1_000), tier(None, 600)]
COUPONS = [
    make.coupon(),
    make.coupon("TEN", None, amount_off=1_000, currency="usd"),
    make.coupon(
        "BOTH", None, amount_off=1_000, currency="usd", currency_options={"eur": {"amount_off": 900}}
    ),
    make.coupon("HELLO", 50, "once"),
    make.coupon("LAUNCH", 50, "repeating", duration_in_months=3),
    make.coupon("SEATS", 50, applies_to={"products": ["prod_seat"]}),
]
LIFE = {"trial_start": T0, "trial_end": T0 + 14 * DAY}


def off(of: str, end: int | None = None) -> Object:
    return make.discount(f"di_{next(_NUMBERS)}", of, end)


def tiered(mode: str, tiers: list[Object] | None = None) -> Object:
    return price(None, billing_scheme="tiered", tiers_mode=mode, tiers=tiers or TIERS)


def prices() -> Iterator[Case]:
    yield agreed("Quantity", item(price(), 3), mrr=usd(6_000))
    for every, times, monthly in (
        ("day", 1, 60_833),
        ("week", 2, 4_333),
        ("month", 3, 667),
        ("year", 1, 167),
    ):
        yield agreed("Interval and interval_count", item(price(2_000, every, times)), mrr=usd(monthly))
    exact = price(None, unit_amount_decimal="0.125")
    yield agreed("Decimal unit amounts", item(exact, 1_004), mrr=usd(126))  # 125.5, to the even
    yield agreed(
        "Graduated tiers", item(tiered("graduated"), 12), mrr=usd(5 * 700 + 5 * 650 + 1_000 + 2 * 600)
    )
    yield agreed("Volume tiers", item(tiered("volume"), 10), mrr=usd(10 * 650 + 1_000))
    yield agreed("Volume tiers", item(tiered("volume", [tier("inf", 500)]), 11), mrr=usd(5_500))
    for way, packages in (("up", 3), ("down", 2)):
        of = price(1_000, transform_quantity={"divide_by": 10, "round": way})
        yield agreed("Packages (transform_quantity)", item(of, 25), mrr=usd(packages * 1_000))
    yield agreed("Metered usage", item(price(50, usage="metered"), None), mrr=usd(0))
    seats = item(price(18_000, "year", product="prod_seat"), 2)
    yield agreed("Several items", item(price()), seats, mrr=usd(2_000 + 3_000))
    euros = price(currency_options={"eur": {"unit_amount": 1_900, "unit_amount_decimal": "1900"}})
    yield agreed("Prices in several currencies", item(euros), currency="eur", mrr={"eur": 1_900})
    yield agreed("Zero- and three-decimal currencies", item(price(3_000, currency="jpy"), 2), currency="jpy",
                 mrr={"jpy": 6_000})  # fmt: skip
    dinars = item(price(9_990, "year", currency="kwd"))
    yield agreed("Zero- and three-decimal currencies", dinars, currency="kwd", mrr={"kwd": 832})


def lives() -> Iterator[Case]:
    yield agreed("Trials", status="trialing", **(LIFE | {"trial_end": NOW + DAY}), mrr=usd(0))
    yield agreed("Trials", **LIFE, mrr=usd(2_000))
    yield agreed("Trials", **LIFE, at=T0 + 14 * DAY, mrr=usd(0))
    yield agreed("Trials without a card (trial_settings)", status="paused", **LIFE, mrr=usd(0))
    ended = {"status": "canceled", "ended_at": T0 + 14 * DAY, "canceled_at": T0 + 14 * DAY}
    yield agreed("Trials without a card (trial_settings)", **ended, **LIFE, at=T0 + 15 * DAY, mrr=usd(0))
    yield agreed(
        "Paused collection", pause_collection={"behavior": "void", "resumes_at": None}, mrr=usd(2_000)
    )
    yield agreed("Past due", status="past_due", mrr=usd(2_000))
    yield agreed("Incomplete", status="incomplete", mrr=usd(0))
    yield agreed("Incomplete", status="incomplete_expired", at=T0 + DAY, mrr=usd(0))
    gone = {"status": "canceled", "ended_at": T0 + 20 * DAY, "canceled_at": T0 + 10 * DAY}
    yield agreed("Cancelled", **gone, mrr=usd(0))
    yield agreed("Cancelled", **gone, at=T0 + 20 * DAY, mrr=usd(2_000))
    scheduled = {"cancel_at_period_end": True, "cancel_at": NOW + DAY, "canceled_at": T0}
    yield agreed("Cancelled at the period's end", **scheduled, mrr=usd(2_000))
    yield agreed("Schedules", schedule="sub_sched_1", mrr=usd(2_000))
    yield agreed("Backdated start", start_date=T0 - 90 * DAY, at=T0 - 80 * DAY, mrr=usd(2_000))
    yield _unpaid()
    yield _two_currencies()
    yield agreed("Older shapes", _planned(), mrr=usd(1_000), discounts=None, discount=_older(make.coupon()))


def _unpaid() -> Case:
    """Two attempts failed: it counted until the second."""
    bill = make.invoice("in_unpaid", status="open", amount_paid=0, amount_remaining=2_000)
    bill |= {"lines": make.listed([]), "payments": make.payments("pi_unpaid")}
    tries = [
        make.charge(
            f"ch_try{n}", status="failed", captured=False, created=T0 + n * DAY, payment_intent="pi_unpaid"
        )
        for n in (1, 5)
    ]
    found = make.subscription("sub_unpaid", [item(price())], status="unpaid")
    bill["parent"]["subscription_details"]["subscription"] = "sub_unpaid"
    objects = {"customers": [make.customer()], "subscriptions": [found], "invoices": [bill], "charges": tries}
    return Case("Unpaid", objects, {"mrr": usd(2_000)}, (T0 + 5 * DAY, T0 + 5 * DAY))


def _two_currencies() -> Case:
    both = [
        make.subscription("sub_us", [item(price())]),
        make.subscription("sub_eu", [item(price(1_800, currency="eur"))], currency="eur"),
    ]
    wanted = {"mrr": {"usd": 2_000, "eur": 1_800}, "customers": 1}
    return Case(
        "Customers of several currencies", {"customers": [make.customer()], "subscriptions": both}, wanted
    )


def _planned() -> Object:
    """An item of before prices, with 20% off by a discount of before `source`."""
    plan = {"id": "plan_1", "object": "plan", "amount": 15_000, "currency": "usd", "interval": "year",
            "interval_count": 1, "product": "prod_1", "usage_type": "licensed"}  # fmt: skip
    return {"id": "si_old", "object": "subscription_item", "plan": plan, "quantity": 1}


def _older(coupon: Object) -> Object:
    return {"id": "di_old", "object": "discount", "start": T0, "end": None, "coupon": coupon}


def discounts() -> Iterator[Case]:
    yield agreed("Percent off", discounts=[off("OFF20")], mrr=usd(1_600))
    yield agreed("Amount off", item(price(12_000, "year")), discounts=[off("TEN")], mrr=usd(917))
    yield agreed("Amount off", item(price(500)), discounts=[off("TEN")], mrr=usd(0))
    yield agreed("Amount off", item(price(3_000, currency="eur")), discounts=[off("BOTH")], currency="eur",
                 mrr={"eur": 2_100})  # fmt: skip
    yield agreed("Once", discounts=[off("HELLO")], mrr=usd(2_000))
    yield agreed("Repeating", discounts=[off("LAUNCH", NOW + DAY)], mrr=usd(1_000))
    yield agreed("Repeating", discounts=[off("LAUNCH", NOW - DAY)], mrr=usd(2_000))
    yield agreed("On a customer", of={"discount": off("OFF20")}, mrr=usd(1_600))
    yield agreed("On a customer", of={"discount": off("OFF20")}, discounts=[off("TEN")], mrr=usd(1_000))
    halved = item(price(), discounts=[off("LAUNCH", NOW + DAY)])
    yield agreed("On an item", halved, item(price(3_000)), discounts=[off("OFF20")], mrr=usd(3_200))
    seats = item(price(500, product="prod_seat"), 4)
    yield agreed(
        "On some products (applies_to)", item(price()), seats, discounts=[off("SEATS")], mrr=usd(3_000)
    )
    yield agreed("Several discounts", discounts=[off("TEN"), off("OFF20")], mrr=usd(800))


def bills() -> Iterator[Case]:
    yield _billed("Lines of the past", [_line(1_500)], 1_500)
    yield _billed("Lines of the past", [_line(1_500)], 1_500, status="void")
    yield _billed("Proration lines", [_line(-700, proration=True), _line(1_500)], 1_500)
    yield _billed("One-off invoice items", [_line(1_500), _line(9_900, one_off=True)], 1_500)
    once = {"discount_amounts": [{"amount": 750, "discount": "di_once"}]}
    yield _billed("Once", [_line(1_500) | once], 1_500, discounts=[make.discount("di_once", "HELLO")])
    lasting = {"discount_amounts": [{"amount": 300, "discount": "di_lasting"}]}
    yield _billed("Percent off", [_line(1_500) | lasting], 1_200, discounts=[make.discount("di_lasting")])


_BILLED = price()


def _line(amount: int, *, proration: bool = False, one_off: bool = False) -> Object:
    found = make.line(f"il_{next(_NUMBERS)}", amount, proration=proration)
    found["pricing"] = {
        "type": "price_details",
        "price_details": {"price": _BILLED["id"], "product": "prod_1"},
    }
    if one_off:
        details = {"invoice_item": "ii_1", "proration": False, "subscription": "sub_1"}
        found["parent"] = {"invoice_item_details": details, "subscription_item_details": None}
    return found


def _billed(topic: str, lines: list[Object], then: int, **facts: Any) -> Case:
    """What a subscription of 20.00 now was worth a month ago, by its bill."""
    name = f"sub_{next(_NUMBERS)}"
    for line in lines:
        for details in filter(None, line["parent"].values()):
            if isinstance(details, dict):
                details["subscription"] = name
    bill = make.invoice(f"in_{name}", lines, **facts)
    bill["parent"] = {"subscription_details": {"subscription": name}}
    found = make.subscription(name, [item(_BILLED)])
    objects = {"customers": [make.customer()], "subscriptions": [found], "invoices": [bill]}
    return Case(topic, objects, {"mrr": usd(then)}, (T0 + 30 * DAY, T0 + 30 * DAY))


def money() -> Iterator[Case]:
    yield paid("Payments", {"revenue": usd(2_000), "payments": 1}, charges=[make.charge("ch_p1")])
    yield paid("Payments", {"revenue": usd(1_500)}, charges=[make.charge("ch_p2", amount_captured=1_500)])
    held = make.charge("ch_p3", captured=False, amount_captured=0)
    yield paid("Payments", {"revenue": {}, "failed_payments": 0}, charges=[held])
    failed = make.charge("ch_f1", status="failed", captured=False, failure_code="card_declined")
    yield paid("Failed payments", {"failed_payments": 1, "revenue": {}}, charges=[failed])
    for n, (amount, status, back) in enumerate(
        (
            (500, "succeeded", 500),
            (2_000, "succeeded", 2_000),
            (700, "failed", 0),
            (600, "canceled", 0),
            (300, None, 300),
        )
    ):
        of = make.charge(f"ch_r{n}")
        refund = {
            "id": f"re_{n}",
            "object": "refund",
            "amount": amount,
            "currency": "usd",
            "charge": of["id"],
            "created": T0 + DAY,
            "status": status,
        }
        wanted = {"revenue": usd(2_000 - back), "refunds": usd(back)}
        yield paid("Refunds", wanted, charges=[of], refunds=[refund])
    for n, status in enumerate(("won", "lost", "needs_response")):
        of = make.charge(f"ch_d{n}")
        dispute = {
            "id": f"dp_{n}",
            "object": "dispute",
            "amount": 2_000,
            "currency": "usd",
            "charge": of["id"],
            "created": T0 + DAY,
            "status": status,
        }
        wanted = {"disputes": 1, "disputed_amount": usd(2_000), "revenue": usd(2_000)}
        yield paid("Disputes", wanted, charges=[of], disputes=[dispute])
    yield owed("Invoices that are sent", {"outstanding": usd(2_000), "overdue": {}}, due_date=NOW + DAY)
    yield owed(
        "Invoices that are sent", {"outstanding": usd(2_000), "overdue": usd(2_000)}, due_date=NOW - DAY
    )
    band = {"status": "paid", "amount_paid": 2_000, "amount_remaining": 0, "payments": make.listed([])}
    yield owed("Paid out of band", {"outstanding": {}, "overdue": {}}, **band)
    noted = {"amount_due": 1_200, "amount_remaining": 1_200, "pre_payment_credit_notes_amount": 800}
    yield owed("Credit notes", {"outstanding": usd(1_200)}, **noted)


def owed(topic: str, wanted: dict[str, Any], **facts: Any) -> Case:
    given = {
        "status": "open",
        "amount_paid": 0,
        "amount_remaining": 2_000,
        "payments": make.listed([]),
    } | facts
    bill = make.invoice(f"in_{next(_NUMBERS)}", **given)
    bill |= {"parent": None, "lines": make.listed([])}
    return Case(topic, {"customers": [make.customer()], "invoices": [bill]}, wanted)


CASES = (*prices(), *lives(), *discounts(), *bills(), *money())


def lists() -> Lists:
    """All cases as one account's lists, each with a customer of its own."""
    found: Lists = {
        name: [] for name in ("customers", "subscriptions", "invoices", "charges", "refunds", "disputes")
    }
    for case in CASES:
        for name, rows in case.objects.items():
            for row in rows:
                if name == "customers":
                    row |= {"id": case.customer, "email": f"{case.number}@example.com"}
                elif "customer" in row:
                    row["customer"] = case.customer
                found[name].append(row)
    every = [one["price"] for s in found["subscriptions"] for one in s["items"]["data"] if one.get("price")]
    return found | {"prices": list({of["id"]: of for of in every}.values()), "coupons": COUPONS,
                    "products": [make.product()]}  # fmt: skip
