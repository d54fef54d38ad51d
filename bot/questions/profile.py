"""One customer as an answer: figures and opened fields, as one card and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from bot.answer import Profile, ProfileMovement, ProfilePayment, ProfileSubscription, SourceLink
from bot.questions.places import country_label
from bot.render import text
from storage.metrics.figures import ContactFigures, DealFigures, ProfileFigures, Text

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
        contacts=_contacts(person, figures.contacts),
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
        owner=_words(figures.owner),
        deals=tuple(_deal(deal) for deal in figures.deals),
        movements=tuple(
            ProfileMovement(type=m.type, amount=m.amount, currency=m.currency, at=m.at)
            for m in figures.movements
        ),
    )


def _words(cell: Text) -> str | None:
    """A cell that was opened; nothing of what is gone meanwhile."""
    return cell if isinstance(cell, str) else None


def _contacts(person: Identity, people: Sequence[ContactFigures]) -> tuple[str, ...]:
    """Addresses of the records, then people as "Ada Byron, CTO <ada@acme.com>"."""
    told = []
    for contact in people:
        named = ", ".join(words for cell in (contact.name, contact.title) if (words := _words(cell)))
        email = _words(contact.email)
        told.append(f"{named} <{email}>" if named and email else named or email or "")
    return tuple(dict.fromkeys(words for words in (*person.contacts, *told) if words))


def _deal(deal: DealFigures) -> str:
    """ "Renewal 2027: $1,200.00, open, Negotiation" """
    worth = text.money(deal.amount, deal.currency) if deal.amount is not None and deal.currency else None
    parts = [part for part in (worth, deal.state, deal.stage) if part]
    return f"{_words(deal.name) or 'Deal'}: {', '.join(parts)}"


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
    if card.owner:
        said += f" Owned by {card.owner}."
    if card.open_conversations:
        noun = "conversation" if card.open_conversations == 1 else "conversations"
        said += f" {card.open_conversations} open {noun}."
    return said


def _payment(payment: ProfilePayment, zone: tzinfo) -> str:
    amount, day = text.money(payment.amount, payment.currency), text.day(payment.at, zone)
    if payment.status == "failed":
        return f"The latest payment of {amount} failed on {day}."
    return f"The latest payment was {amount} on {day}."
