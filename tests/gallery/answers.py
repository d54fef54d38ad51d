"""What there is to see of answers: one of each kind, asked of the demo company, drawn as Slack would."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from bot import why
from bot.answer import Answer, SourceLink
from bot.render import receipt
from bot.render.offers import Offers
from bot.render.picture import chart_png
from bot.render.slack import render
from bot.render.slack_blocks import Layout
from bot.slack import texts
from bot.slack.backing import stored
from bot.slack.people import Refusal
from bot.slack.showing import Shows, Spot
from bot.slack.zones import always
from bot.wiring import Ready
from storage.chat_access import Role
from tests.gallery.shot import Shot

_ASKED = {
    "number": "What is our MRR?",
    "comparison": "MRR now compared to the end of last quarter",
    "table": "Top 12 customers by MRR",
    "series": "MRR by month for the last 12 months in USD",
    "breakdown": "Customers by plan",
    "refuse": "What's the weather in Lisbon?",
}


@dataclass(frozen=True, slots=True)
class _Alone:
    """Where the asker alone sees it."""

    seen_in: str | None = None


async def shots(ready: Ready) -> AsyncIterator[Shot]:
    """One picture a kind of answer, then what stands beside answers."""
    shows = Shows(
        backing=stored(ready.db, ready.vault),
        access=_none(),
        outbox=_none(),
        messages=ready.messages,
        zone_of=always(ready.zone),
    )
    answers = {name: await _ask(ready, question) for name, question in _ASKED.items()}
    top = (answers["table"].rows or (("",),))[0][0]
    answers["profile"] = _with_links(await _ask(ready, f"Tell me about {top}"))
    answers["clarify"] = await _ask(ready, f"MRR of {str(top).split()[-1]}")
    for name, answer in answers.items():
        offers = await _offers(shows, ready, answer)
        yield Shot(name, answer.question, render(answer, ready.zone, Layout.NATIVE, offers))
    series = answers["series"]
    async for shot in _beside(ready, shows, answers, series):
        yield shot


async def _beside(
    ready: Ready, shows: Shows, answers: dict[str, Answer], series: Answer
) -> AsyncIterator[Shot]:
    offers = await _offers(shows, ready, series)
    png = await chart_png(series, ready.zone)
    picture = f"data:image/png;base64,{base64.b64encode(png or b'').decode()}"
    drawn = render(series, ready.zone, Layout.CLASSIC, replace(offers, picture="F1"))
    yield Shot("chart-as-picture", series.question, drawn, pictures={"F1": picture})
    table = answers["table"]
    plain = render(table, ready.zone, Layout.PLAIN, await _offers(shows, ready, table))
    yield Shot("table-in-an-old-workspace", table.question, plain)
    whole = await why.with_receipt(ready.db, ready.account_id, answers["number"])
    reasons = texts.reasons(whole.text, list(receipt.lines(whole, ready.zone)))
    yield Shot("why", "Why this number?", [reasons], pressed=True)
    yield Shot("withheld", table.question, [texts.withheld("x", outsiders=True)], where="channel")
    yield Shot("refused", _ASKED["number"], [texts.say(texts.refused(Refusal.GUEST))], where="aside")


async def _ask(ready: Ready, question: str) -> Answer:
    return await ready.assistant.ask(question, account_id=ready.account_id)


def _with_links(card: Answer) -> Answer:
    """The invented source has no pages to lead to: as it looks with Stripe and HubSpot."""
    assert card.profile is not None
    links = [
        ("stripe", "https://dashboard.stripe.com/customers/cus_1"),
        ("hubspot", "https://app.hubspot.com/1"),
    ]
    sources = tuple(SourceLink(source=source, url=url) for source, url in links)
    return card.model_copy(update={"profile": card.profile.model_copy(update={"sources": sources})})


async def _offers(shows: Shows, ready: Ready, answer: Answer) -> Offers:
    spot: Any = Spot(ready.account_id, "T1", "U1", Role.MEMBER, _Alone(), ready.zone)  # type: ignore[arg-type]  # nothing is sent
    return await shows.offers(answer, spot)


def _none() -> Any:
    """What making buttons does not need."""
    return None
