"""One customer on a card in Discord."""

from collections.abc import Sequence
from datetime import tzinfo

from bot.answer import Profile
from bot.render import card as known
from bot.render import discord_kit as kit
from bot.render import text
from bot.render.discord_kit import Body

_LINES = 20


def card(profile: Profile, tz: tzinfo) -> Body:
    """Name, links into the sources, the facts side by side, subscriptions and movements."""
    facts = [*known.facts(profile, tz), *known.money(profile, tz), *known.people(profile)]
    shown = [(label, kit.shortened(value, kit.FIELD_VALUE)) for label, value in facts]
    subscriptions = [known.subscription(one, tz) for one in profile.subscriptions]
    movements = [" · ".join(known.movement(one, tz)) for one in profile.movements]
    listings = [*_listing("Subscriptions", subscriptions), *_listing("Recent changes", movements)]
    return Body(
        title=profile.name,
        parts=_links(profile),
        fields=[*kit.facts(shown), *kit.facts(listings, inline=False)],
    )


def _links(profile: Profile) -> list[str]:
    named = [kit.link(one.url, f"Open in {text.source(one.source)}") for one in profile.sources if one.url]
    unlinked = [text.source(one.source) for one in profile.sources if not one.url]
    also = [kit.shortened(f"Also in {text.listed(unlinked)}", kit.FIELD_VALUE)] if unlinked else []
    return kit.packed([*named, *also], kit.DESCRIPTION)


def _listing(title: str, entries: Sequence[str]) -> list[tuple[str, str]]:
    """The entries in as many fields as hold them; what is beyond a few is counted."""
    if not entries:
        return []
    lines = [kit.shortened(f"• {entry}", kit.FIELD_VALUE) for entry in entries[:_LINES]]
    left = len(entries) - _LINES
    if left > 0:
        lines.append(f"… and {left:,} more")
    return [(title, page) for page in kit.packed(lines, kit.FIELD_VALUE)]
