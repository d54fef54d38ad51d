"""What is known of one customer, as plain lines for every renderer; what is not known is not there."""

from collections.abc import Iterator
from datetime import tzinfo

from bot.answer import Profile, ProfileMovement, ProfileSubscription
from bot.render import text


def facts(profile: Profile, tz: tzinfo) -> Iterator[tuple[str, str]]:
    """Label and value, in the order to be shown."""
    yield "Status", text.clean(profile.status).replace("_", " ")
    yield "MRR", mrr(profile)
    for label, value in (
        ("Plan", profile.plan),
        ("Domain", profile.domain),
        ("E-mail", profile.email),
        ("Country", text.country(profile.country) if profile.country else None),
        ("Owner", profile.owner),
    ):
        if value:
            yield label, text.clean(value)
    if profile.customer_since:
        yield "Customer since", text.day(profile.customer_since, tz)


def mrr(profile: Profile) -> str:
    """One amount a currency."""
    if profile.mrr_by_currency:
        return text.values(profile.mrr_by_currency)
    return text.money(profile.mrr, profile.currency)


def subscription(one: ProfileSubscription, tz: tzinfo) -> str:
    """Plan, status, amount, billing and the date that comes next, in one line."""
    dates = (
        ("trial ends", one.trial_ends),
        ("ends", one.cancels),
        ("renews", None if one.cancels else one.renews),
    )
    parts = [
        text.clean(one.plan or "no plan"),
        text.clean(one.status).replace("_", " "),
        f"{text.money(one.mrr, one.currency)} a month",
        *([f"billed by the {text.clean(one.interval)}"] if one.interval else []),
        *(f"{label} {text.day(at, tz)}" for label, at in dates if at),
    ]
    return " · ".join(parts)


def money(profile: Profile, tz: tzinfo) -> Iterator[tuple[str, str]]:
    """The last payment and what is outstanding."""
    if last := profile.last_payment:
        why = f" ({text.clean(last.failure).replace('_', ' ')})" if last.failure else ""
        paid = f"{text.money(last.amount, last.currency)} {text.clean(last.status)}{why}"
        yield "Last payment", f"{paid}, {text.day(last.at, tz)}"
    if profile.outstanding:
        yield "Outstanding", text.values(profile.outstanding)


def people(profile: Profile) -> Iterator[tuple[str, str]]:
    """Whom one talks to, and what is open with them."""
    if others := text.contacts(profile):
        yield "Contacts", others
    if profile.open_conversations is not None:
        yield "Open conversations", text.count(profile.open_conversations)
    if profile.deals:
        yield "Deals", text.listed([text.clean(deal) for deal in profile.deals])


def movement(one: ProfileMovement, tz: tzinfo) -> tuple[str, str, str]:
    """Day, type and signed amount."""
    sign = "+" if one.amount > 0 else ""
    return text.day(one.at, tz), text.clean(one.type), f"{sign}{text.money(one.amount, one.currency)}"
