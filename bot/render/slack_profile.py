"""One customer on a card in Slack."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from bot.answer import Answer, Profile, ProfileSubscription
from bot.render import slack_blocks as kit
from bot.render import text
from bot.render.slack_blocks import Block

_VALUE = 300
_EVERY = {"day": "daily", "week": "weekly", "month": "monthly", "quarter": "quarterly", "year": "yearly"}
_LINES = 20


def card(answer: Answer, profile: Profile, tz: tzinfo) -> list[Block]:
    """Name, the facts in two columns, subscriptions, movements, and links into the sources."""
    return [
        kit.header(profile.name),
        *kit.paragraphs(answer.text),
        *kit.fields([(label, value) for label, value in _facts(profile, tz) if value]),
        *_listing("Subscriptions", [_subscription(s, tz) for s in profile.subscriptions]),
        *_listing("Recent movements", _movements(profile, tz)),
        *_links(profile),
    ]


def _facts(profile: Profile, tz: tzinfo) -> list[tuple[str, str]]:
    by_currency = profile.mrr_by_currency or {}
    mrr = text.values(by_currency) if by_currency else text.money(profile.mrr, profile.currency)
    return [
        ("Status", _words(profile.status.replace("_", " "))),
        ("Plan", _words(profile.plan)),
        ("MRR", _words(mrr)),
        ("Customer since", _words(_day(profile.customer_since, tz))),
        ("Last payment", _words(_last_payment(profile, tz))),
        ("Outstanding", _words(text.values(profile.outstanding) if profile.outstanding else None)),
        ("Country", _words(text.country(profile.country) if profile.country else None)),
        ("Domain", _words(profile.domain)),
        ("E-mail", _words(profile.email)),
        ("Contacts", _words(text.contacts(profile))),
        ("Open conversations", _words(_count(profile.open_conversations))),
        ("Deals", _words(text.listed([text.clean(d) for d in profile.deals]))),
        ("Owner", _words(profile.owner)),
    ]


def _words(value: str | None) -> str:
    return kit.literal(text.shorten(text.clean(value), _VALUE)) if value else ""


def _day(moment: datetime | None, tz: tzinfo) -> str | None:
    return text.day(moment, tz) if moment else None


def _count(value: int | None) -> str | None:
    return None if value is None else text.count(value)


def _last_payment(profile: Profile, tz: tzinfo) -> str | None:
    paid = profile.last_payment
    if paid is None:
        return None
    said = (
        f"{text.money(paid.amount, paid.currency)} {paid.status.replace('_', ' ')}, {text.day(paid.at, tz)}"
    )
    return f"{said} ({text.clean(paid.failure).replace('_', ' ')})" if paid.failure else said


def _subscription(one: ProfileSubscription, tz: tzinfo) -> str:
    dates = (("renews", one.renews), ("trial ends", one.trial_ends), ("cancels", one.cancels))
    parts = [
        one.plan,
        one.status.replace("_", " "),
        f"{text.money(one.mrr, one.currency)} a month",
        f"billed {_EVERY.get(one.interval, one.interval)}" if one.interval else None,
        *(f"{label} {text.day(at, tz)}" for label, at in dates if at),
    ]
    return " · ".join(part for part in parts if part)


def _movements(profile: Profile, tz: tzinfo) -> list[str]:
    return [
        f"{text.day(moved.at, tz)} · {moved.type} · {'+' if moved.amount > 0 else ''}"
        f"{text.money(moved.amount, moved.currency)}"
        for moved in profile.movements
    ]


def _listing(title: str, entries: Sequence[str]) -> list[Block]:
    if not entries:
        return []
    shown = [f"• {_words(entry)}" for entry in entries[:_LINES]]
    left = len(entries) - _LINES
    return kit.lines([f"*{title}*", *shown, *([f"… and {left:,} more"] if left > 0 else [])])


def _links(profile: Profile) -> list[Block]:
    """Deep links as links, not as buttons: a button would send us an event for every click."""
    named = [kit.link(one.url, f"Open in {text.source(one.source)}") for one in profile.sources if one.url]
    seen = text.listed([text.source(one.source) for one in profile.sources if not one.url])
    beside = " · ".join(named)
    linked = [beside] if 0 < len(beside) <= kit.SECTION_TEXT else named
    return kit.lines([*linked, *([_words(f"Also in {seen}")] if seen else [])])
