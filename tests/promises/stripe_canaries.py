"""A Stripe account in which every field of a person, of a card and of free text carries a canary."""

from typing import Any

from tests.promises.canaries import Canaries
from tests.vendors import stripe_objects as make
from tests.vendors.stripe_company import NOW
from tests.vendors.stripe_data import World

Object = dict[str, Any]
CREATED = int(NOW.timestamp()) - 90 * make.DAY


def name_of(canaries: Canaries, number: int) -> str:
    return f"{canaries.kept}{number} Ltd"


def email_of(canaries: Canaries, number: int) -> str:
    return f"billing@{canaries.kept.lower()}{number}.example"


def phone_of(canaries: Canaries, number: int) -> str:
    return f"+{canaries.phone}{number}"


def api_key(canaries: Canaries) -> str:
    return f"sk_test_{canaries.secret}"


def canary_world(canaries: Canaries, customers: int = 4) -> World:
    """Customers 1..n, each with a subscription, a paid and a failed invoice, a refund, a dispute."""
    world = World()
    numbers = range(1, customers + 1)
    never = canaries.never
    world.tables["products"].load([make.product(created=CREATED, **_notes(never, "product"))])
    world.tables["prices"].load([make.price(created=CREATED, nickname=f"{never}nickname")])
    rows: dict[str, list[Object]] = {
        "customers": [_customer(canaries, n) for n in numbers],
        "subscriptions": [_subscription(never, n) for n in numbers],
        "invoices": [_invoice(canaries, n) for n in numbers],
        "charges": [_charge(canaries, n, paid=paid) for n in numbers for paid in (True, False)],
        "refunds": [_returned(never, "refund", n) for n in numbers],
        "disputes": [_returned(never, "dispute", n) for n in numbers],
    }
    for resource, objects in rows.items():
        world.tables[resource].load(objects)
    return world


def _notes(never: str, of: str) -> Object:
    """Free text that Stripe lets people write on any object."""
    return {
        "description": f"{never}{of}description",
        "metadata": {f"{never}key": f"{never}{of}metadata"},
    }


def address(never: str, of: str) -> Object:
    parts = ("line1", "line2", "city", "state", "postal_code")
    return {part: f"{never}{of}{part}" for part in parts} | {"country": "US"}


def _customer(canaries: Canaries, number: int) -> Object:
    never, kept = canaries.never, canaries.kept
    return make.customer(
        f"cus_{number}",
        created=CREATED + number,
        name=name_of(canaries, number),
        email=email_of(canaries, number),
        phone=phone_of(canaries, number),
        address=address(never, "customer"),
        shipping={"name": f"{never}shipping", "phone": f"{never}phone", "address": address(never, "ship")},
        description=f"{never}note",
        metadata={
            "hubspot_company_id": f"{kept}hubspot{number}",
            "intercom_company_id": f"{kept}intercom{number}",
            f"{never}key": f"{never}metadata",
            "note": f"{never}metanote",
        },
        preferred_locales=[f"{never}locale"],
        invoice_settings={
            "custom_fields": [{"name": "VAT", "value": f"{never}vat"}],
            "footer": f"{never}foot",
        },
        tax_ids=make.listed([{"id": f"txi_{number}", "value": f"{never}taxid", "type": "eu_vat"}]),
        individual_name=f"{never}individual",
        business_name=f"{never}business",
        sources=make.listed([{"id": f"card_{number}", "object": "card", **card(never)}]),
        test_clock=f"{never}clock",
    )


def card(never: str) -> Object:
    """Every detail of a card that Stripe ever tells, each with a canary."""
    details = ("brand", "last4", "fingerprint", "number", "cvc", "iin", "issuer", "name", "exp", "funding")
    return {detail: f"{never}card{detail}" for detail in details} | {
        "exp_month": 12,
        "exp_year": 2099,
        "networks": {"available": [f"{never}network"]},
        "wallet": {"type": "apple_pay", "dynamic_last4": f"{never}dynamiclast4"},
    }


def _subscription(never: str, number: int) -> Object:
    item = make.item(f"si_{number}", subscription=f"sub_{number}", metadata={"note": f"{never}item"})
    return make.subscription(
        f"sub_{number}",
        [item],
        created=CREATED + number,
        start_date=CREATED + number,
        customer=f"cus_{number}",
        cancellation_details={"comment": f"{never}comment", "feedback": "other", "reason": None},
        **_notes(never, "subscription"),
    )


def _invoice(canaries: Canaries, number: int) -> Object:
    never = canaries.never
    line = make.line(f"il_{number}", description=f"{never}line", metadata={"note": f"{never}linemeta"})
    return make.invoice(
        f"in_{number}",
        [line],
        created=CREATED + number,
        customer=f"cus_{number}",
        customer_name=f"{never}customername",
        customer_email=f"{never}@customeremail.example",
        customer_phone=f"{never}customerphone",
        customer_address=address(never, "invoice"),
        customer_shipping={"name": f"{never}shipto", "address": address(never, "shipto")},
        customer_tax_ids=[{"type": "eu_vat", "value": f"{never}customertax"}],
        account_name=f"{never}accountname",
        footer=f"{never}footer",
        number=f"{never}number",
        statement_descriptor=f"{never}statement",
        hosted_invoice_url=f"https://invoice.stripe.example/{never}hosted",
        invoice_pdf=f"https://invoice.stripe.example/{never}pdf",
        receipt_number=f"{never}receipt",
        payments=make.payments(f"pi_{number}"),
        **_notes(never, "invoice"),
    )


def _charge(canaries: Canaries, number: int, *, paid: bool) -> Object:
    never = canaries.never
    return make.charge(
        f"ch_{number}{'' if paid else 'f'}",
        created=CREATED + number,
        customer=f"cus_{number}",
        payment_intent=f"pi_{number}",
        status="succeeded" if paid else "failed",
        captured=paid,
        amount_captured=2000 if paid else 0,
        failure_code=None if paid else "card_declined",
        failure_message=f"{never}failuremessage",
        billing_details={
            "name": f"{never}billingname",
            "email": f"{never}@billing.example",
            "phone": f"{never}billingphone",
            "address": address(never, "billing"),
            "tax_id": f"{never}billingtax",
        },
        outcome={"seller_message": f"{never}outcome", "type": "authorized"},
        payment_method=f"pm_{number}",
        payment_method_details={"type": "card", "card": card(never)},
        source={"object": "card", **card(never)},
        receipt_email=f"{never}@receipt.example",
        receipt_number=f"{never}receiptnumber",
        receipt_url=f"https://pay.stripe.example/{never}receipturl",
        shipping={"name": f"{never}shipname", "address": address(never, "charge"), "carrier": f"{never}c"},
        statement_descriptor=f"{never}descriptor",
        calculated_statement_descriptor=f"{never}calculated",
        **_notes(never, "charge"),
    )


def _returned(never: str, kind: str, number: int) -> Object:
    extra: Object = {
        "evidence": {"customer_name": f"{never}evidence", "customer_email_address": f"{never}@e.test"}
    }
    return {
        "id": f"{'re' if kind == 'refund' else 'dp'}_{number}",
        "object": kind,
        "amount": 100,
        "charge": f"ch_{number}",
        "created": CREATED + number,
        "currency": "usd",
        "status": "succeeded" if kind == "refund" else "lost",
        "instructions_email": f"{never}@instructions.example",
        "payment_method_details": {"type": "card", "card": card(never)},
        **(extra if kind == "dispute" else {}),
        **_notes(never, kind),
    }
