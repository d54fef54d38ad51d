"""The words of one account, as they stand in its cache: plans, places, colleagues, tags, names."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.questions.vocabulary import Vocabulary
from connectors.registry import connector_class
from storage import colleagues, models, personal
from storage.keys.vault import Vault
from storage.session import Database

_MOST_TAGS = 2_000


async def read_vocabulary(db: Database, vault: Vault, account_id: int) -> Vocabulary:
    """Opens every name of the account, in memory alone."""
    product, customer_tag, ticket_tag = models.Product, models.CustomerTag, models.TicketTag
    async with db.tenant(account_id, read_only=True) as session:

        async def distinct(column: Any, *conditions: Any) -> tuple[str, ...]:
            found = await session.scalars(select(column).where(*conditions).distinct())
            return tuple(sorted(value for value in found if value))

        account = await session.get_one(models.Account, account_id)
        sources = (await session.scalars(select(models.Source))).all()
        add_ons = {product_id for source in sources for product_id in source.add_ons}
        plans = await distinct(product.name, product.id.not_in(add_ons))
        products = await distinct(product.name, product.id.in_(add_ons))
        countries = await distinct(models.Profile.country)
        currencies = await distinct(models.Subscription.currency)
        stages = await distinct(models.Stage.name)
        tags = {*await distinct(customer_tag.tag), *await distinct(ticket_tag.tag)}
    people = await colleagues.colleagues(db, vault, account_id)
    kinds = {source.source_id: source.kind for source in sources}
    return Vocabulary(
        currency=account.currency,
        zone=ZoneInfo(account.time_zone),
        plans=plans,
        countries=countries,
        currencies=currencies,
        sources=tuple(sorted(set(kinds.values()))),
        products=products,
        owners=_with("deal", people, kinds),
        assignees=_with("conversation", people, kinds),
        tags=tuple(sorted(tags))[:_MOST_TAGS],
        stages=stages,
        tells_values=account.tells_values,
        names=await personal.build_name_index(db, vault, account_id),
    )


def _with(
    kind: str, people: tuple[colleagues.Colleague, ...], sources: dict[int, str]
) -> tuple[tuple[str, str], ...]:
    """The colleagues of those sources that have records of that kind."""
    having = {
        source_id
        for source_id, source in sources.items()
        if any(kind == stream.record.KIND for stream in connector_class(source).streams)
    }
    return tuple((who.name, who.owner_id) for who in people if who.source_id in having)
