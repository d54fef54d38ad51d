"""One customer as an answer: figures and opened fields, as one card and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from bot.answer import Profile, ProfileMovement, ProfilePayment, ProfileSubscription, SourceLink
from bot.questions.places import country_label
from bot.render import text
from storage.metrics.figures import ProfileFigures

_STATUSES = {
    "active": "is a paying customer",
    "past_due": "is a paying customer, with a payment past due",
    "trialing": "is on trial",
    "churned": "is no longer a customer",
    "paused": "is paused",
    "unpaid": "has stopped paying",
    "none": "has no subscription",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """The opened fields of one profile. `links` are (source, deep link or None)."""

    name: str
    domain: str | None = None
    email: str | None = None
    contacts: tuple[str, ...] = ()
    links: tuple[tuple[str, str | None], ...] = ()


def card(figures: ProfileFigures, person: Identity | None) -> Profile:
    """The contract's profile."""
    person = person or Identity("(no name)")
    currency = _main_currency(figures.mrr)
    payment = figures.last_payment
    return Profile(
        id=figures.profile.profile_id.hex(),
        name=person.name,
        domain=person.domain,
        email=person.email,
        contacts=person.contacts,
        sources=tuple(SourceLink(source=source, url=url) for source, url in person.links),
        status=figures.status,
        plan=figures.plan,
        mrr=int(figures.mrr.get(currency, 0)) if currency else 0,
        currency=currency,
        mrr_by_currency={c: int(v) for c, v in figures.mrr.items()} if len(figures.mrr) > 1 else None,
        country=figures.country,
        customer_since=figures.customer_since,
        subscriptions=tuple(
            ProfileSubscription(
                plan=s.plan,
                status=s.status,
                mrr=s.mrr,
                currency=s.currency,
                interval=s.interval,
                renews=s.renews,
                trial_ends=s.trial_ends,
                cancels=s.cancels,
            )
            for s in figures.subscriptions
        ),
        last_payment=ProfilePayment(
            status=payment.status,
            amount=payment.amount,
            currency=payment.currency,
            at=payment.at,
            failure=payment.failure,
        )
        if payment
        else None,
        outstanding={c: int(v) for c, v in figures.outstanding.items()} or None,
        open_conversations=figures.open_conversations,
        movements=tuple(
            ProfileMovement(type=m.type, amount=m.amount, currency=m.currency, at=m.at)
            for m in figures.movements
        ),
    )


def _main_currency(mrr: Mapping[str, int | float]) -> str | None:
    return max(mrr, key=lambda currency: mrr[currency], default=None)


def sentence(card: Profile, zone: tzinfo) -> str:
    """ "Acme Labs is a paying customer on Growth with $189.00 MRR, since 3 Mar 2025; in Germany." """
    status = _STATUSES.get(card.status, f"is {card.status.replace('_', ' ')}")
    parts = [f"{card.name} {status}"]
    if card.plan:
        parts.append(f"on {card.plan}")
    amounts = card.mrr_by_currency or ({card.currency: card.mrr} if card.currency else {})
    if amounts:
        parts.append(f"with {text.values({c: v for c, v in amounts.items() if c})} MRR")
    if card.customer_since:
        parts.append(f"since {text.day(card.customer_since, zone)}")
    if card.country:
        parts.append(f"in {country_label(card.country)}")
    said = " ".join(parts) + "."
    if card.last_payment is not None:
        said += f" {_payment(card.last_payment, zone)}"
    if card.outstanding:
        said += f" {text.values(card.outstanding)} outstanding."
    return said


def _payment(payment: ProfilePayment, zone: tzinfo) -> str:
    amount, day = text.money(payment.amount, payment.currency), text.day(payment.at, zone)
    if payment.status == "failed":
        return f"The latest payment of {amount} failed on {day}."
    return f"The latest payment was {amount} on {day}."
