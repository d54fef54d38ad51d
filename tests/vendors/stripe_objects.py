"""Small Stripe objects in the current shape, in full form; tests say only what matters to them."""

from typing import Any

Object = dict[str, Any]
DAY = 86_400
T0 = 1_790_000_000
"""2026-09-21 13:33:20 UTC."""


def listed(rows: list[Object], path: str = "/v1/things") -> Object:
    return {"object": "list", "data": rows, "has_more": False, "url": path}


def customer(id_: str = "cus_1", **facts: Any) -> Object:
    return {
        "id": id_,
        "object": "customer",
        "created": T0,
        "name": "Ada",
        "email": "ada@example.com",
        "livemode": False,
        "metadata": {},
        "discount": None,
    } | facts


def product(id_: str = "prod_1", **facts: Any) -> Object:
    return {"id": id_, "object": "product", "created": T0, "name": "Growth", "active": True} | facts


def price(id_: str = "price_1", unit_amount: int | None = 2000, **facts: Any) -> Object:
    return {
        "id": id_,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": T0,
        "currency": "usd",
        "livemode": False,
        "metadata": {},
        "product": "prod_1",
        "recurring": {"interval": "month", "interval_count": 1, "meter": None, "usage_type": "licensed"},
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": unit_amount,
        "unit_amount_decimal": None if unit_amount is None else str(unit_amount),
    } | facts


def coupon(
    id_: str = "OFF20", percent_off: float | None = 20, duration: str = "forever", **facts: Any
) -> Object:
    return {
        "id": id_,
        "object": "coupon",
        "created": T0,
        "amount_off": None,
        "currency": None,
        "duration": duration,
        "livemode": False,
        "percent_off": percent_off,
        "times_redeemed": 1,
        "valid": True,
    } | facts


def discount(id_: str = "di_1", of: str | Object = "OFF20", end: int | None = None) -> Object:
    return {
        "id": id_,
        "object": "discount",
        "customer": "cus_1",
        "start": T0,
        "end": end,
        "source": {"coupon": of, "type": "coupon"},
    }


def item(id_: str = "si_1", of: Object | None = None, quantity: int | None = 1, **facts: Any) -> Object:
    return {
        "id": id_,
        "object": "subscription_item",
        "created": T0,
        "current_period_start": T0,
        "current_period_end": T0 + 30 * DAY,
        "discounts": [],
        "metadata": {},
        "price": of or price(),
        "quantity": quantity,
        "subscription": "sub_1",
    } | facts


def subscription(id_: str = "sub_1", items: list[Object] | None = None, **facts: Any) -> Object:
    return {
        "id": id_,
        "object": "subscription",
        "created": T0,
        "currency": "usd",
        "customer": "cus_1",
        "status": "active",
        "start_date": T0,
        "cancel_at_period_end": False,
        "discounts": [],
        "items": listed(items or [item()], "/v1/subscription_items"),
        "pause_collection": None,
    } | facts


def line(id_: str = "il_1", amount: int = 2000, *, proration: bool = False, **facts: Any) -> Object:
    return {
        "id": id_,
        "object": "line_item",
        "amount": amount,
        "currency": "usd",
        "discount_amounts": [],
        "discounts": [],
        "period": {"start": T0, "end": T0 + 30 * DAY},
        "quantity": 1,
        "parent": {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {
                "proration": proration,
                "subscription": "sub_1",
                "subscription_item": "si_1",
            },
        },
        "pricing": {"type": "price_details", "price_details": {"price": "price_1", "product": "prod_1"}},
    } | facts


def payments(*intents: str) -> Object:
    rows = [
        {
            "id": f"inpay_{intent}",
            "object": "invoice_payment",
            "is_default": n == 0,
            "payment": {"type": "payment_intent", "payment_intent": intent},
        }
        for n, intent in enumerate(intents)
    ]
    return listed(rows)


def invoice(id_: str = "in_1", lines: list[Object] | None = None, **facts: Any) -> Object:
    return {
        "id": id_,
        "object": "invoice",
        "amount_due": 2000,
        "amount_paid": 2000,
        "amount_remaining": 0,
        "attempt_count": 1,
        "created": T0,
        "currency": "usd",
        "customer": "cus_1",
        "discounts": [],
        "due_date": None,
        "lines": listed(lines or [line()], f"/v1/invoices/{id_}/lines"),
        "next_payment_attempt": None,
        "parent": {
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": "sub_1"},
        },
        "payments": payments("pi_1"),
        "status": "paid",
        "status_transitions": {
            "finalized_at": T0 + 3600,
            "marked_uncollectible_at": None,
            "paid_at": T0 + 3605,
            "voided_at": None,
        },
        "total": 2000,
    } | facts


def charge(id_: str = "ch_1", **facts: Any) -> Object:
    return {
        "id": id_,
        "object": "charge",
        "amount": 2000,
        "amount_captured": 2000,
        "captured": True,
        "created": T0,
        "currency": "usd",
        "customer": "cus_1",
        "failure_code": None,
        "payment_intent": "pi_1",
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "last4": "4242", "exp_year": 2030, "fingerprint": "AOB934RVNwzk6xtn"},
        },
        "status": "succeeded",
    } | facts
