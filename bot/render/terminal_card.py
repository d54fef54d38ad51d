"""A customer's profile as a card on a terminal."""

from collections.abc import Iterator
from datetime import tzinfo

from rich import box
from rich.console import ConsoleRenderable, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.answer import Profile
from bot.render import card as known
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
    yield from known.facts(profile, tz)
    for subscription in profile.subscriptions:
        yield "Subscription", known.subscription(subscription, tz)
    yield from known.money(profile, tz)
    yield from known.people(profile)
    for link in profile.sources:
        yield text.source(link.source), text.clean(link.url) if link.url else "connected"


def _movements(profile: Profile, tz: tzinfo) -> Iterator[ConsoleRenderable]:
    if not profile.movements:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(style=_DIM)
    for movement in profile.movements[:_MOST_MOVEMENTS]:
        day, type_, amount = known.movement(movement, tz)
        table.add_row(day, Text(type_), amount)
    yield Text("\nRecent changes", style=_DIM)
    yield table
