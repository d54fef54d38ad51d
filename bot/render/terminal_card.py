"""A customer's profile as a card on a terminal."""

from collections.abc import Iterator
from datetime import tzinfo

from rich import box
from rich.console import ConsoleRenderable, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.answer import Profile, ProfileSubscription
from bot.render import text

_KEY, _DIM = "dim", "dim"
_MOST_MOVEMENTS = 5


def card(profile: Profile, tz: tzinfo) -> ConsoleRenderable:
    """Everything that is known of one customer; what is not known takes no room."""
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style=_KEY, no_wrap=True)
    facts.add_column(overflow="fold")
    for label, value in _facts(profile, tz):
        facts.add_row(label, Text(value))
    return Panel(
        Group(facts, *_movements(profile, tz)),
        title=Text(text.clean(profile.name) or text.NOTHING, style="bold"),
        title_align="left",
        box=box.ROUNDED,
        border_style=_DIM,
        expand=False,
        padding=(1, 2),
    )


def _facts(profile: Profile, tz: tzinfo) -> Iterator[tuple[str, str]]:
    yield "Status", text.clean(profile.status).replace("_", " ")
    yield "MRR", _mrr(profile)
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
    for subscription in profile.subscriptions:
        yield "Subscription", _subscription(subscription, tz)
    yield from _money(profile, tz)
    yield from _people(profile)


def _mrr(profile: Profile) -> str:
    if profile.mrr_by_currency:
        return text.values(profile.mrr_by_currency)
    return text.money(profile.mrr, profile.currency)


def _subscription(subscription: ProfileSubscription, tz: tzinfo) -> str:
    dates = (
        ("trial ends", subscription.trial_ends),
        ("ends", subscription.cancels),
        ("renews", None if subscription.cancels else subscription.renews),
    )
    parts = [
        text.clean(subscription.plan or "no plan"),
        text.clean(subscription.status).replace("_", " "),
        f"{text.money(subscription.mrr, subscription.currency)} a month",
        *([f"billed by the {text.clean(subscription.interval)}"] if subscription.interval else []),
        *(f"{label} {text.day(at, tz)}" for label, at in dates if at),
    ]
    return " · ".join(parts)


def _money(profile: Profile, tz: tzinfo) -> Iterator[tuple[str, str]]:
    if last := profile.last_payment:
        why = f" ({text.clean(last.failure).replace('_', ' ')})" if last.failure else ""
        paid = f"{text.money(last.amount, last.currency)} {text.clean(last.status)}{why}"
        yield "Last payment", f"{paid}, {text.day(last.at, tz)}"
    if profile.outstanding:
        yield "Outstanding", text.values(profile.outstanding)


def _people(profile: Profile) -> Iterator[tuple[str, str]]:
    if others := text.contacts(profile):
        yield "Contacts", others
    if profile.open_conversations is not None:
        yield "Open conversations", text.count(profile.open_conversations)
    if profile.deals:
        yield "Deals", text.listed([text.clean(deal) for deal in profile.deals])
    for link in profile.sources:
        yield text.source(link.source), text.clean(link.url) if link.url else "connected"


def _movements(profile: Profile, tz: tzinfo) -> Iterator[ConsoleRenderable]:
    if not profile.movements:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(style=_DIM)
    for movement in profile.movements[:_MOST_MOVEMENTS]:
        sign = "+" if movement.amount > 0 else ""
        table.add_row(
            text.day(movement.at, tz),
            Text(text.clean(movement.type)),
            f"{sign}{text.money(movement.amount, movement.currency)}",
        )
    yield Text("\nRecent changes", style=_DIM)
    yield table
