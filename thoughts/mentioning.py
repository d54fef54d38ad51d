"""Whom a letter calls: a person of the platform, or whoever owns the customers that it is about.

Owners are known by the address that the CRM has of them; the platform says who that is. Neither is kept.
"""

from collections.abc import Collection

from sqlalchemy import select

from storage import models
from storage.intake.bulk import among
from storage.keys.vault import Vault
from storage.personal import live_keys
from storage.personal_document import PersonalOwner, open_document
from storage.session import Database
from thoughts.ports import Courier
from thoughts.subscriptions import Subscription

OWNER = "owner"
_MOST = 3


async def mentions(
    db: Database,
    vault: Vault,
    account_id: int,
    subscription: Subscription,
    about: Collection[bytes],
    courier: Courier,
) -> tuple[str, ...]:
    """The ids of the people to be called; nobody where the platform does not know them."""
    wanted = subscription.wants.mention
    if not wanted or wanted != OWNER:
        return (wanted,) if wanted else ()
    found = [
        await courier.person(subscription.where.team, email)
        for email in sorted(await _owners(db, vault, account_id, about))[:_MOST]
    ]
    return tuple(dict.fromkeys(who for who in found if who))


async def _owners(db: Database, vault: Vault, account_id: int, about: Collection[bytes]) -> set[str]:
    """The addresses of the owners of these profiles."""
    profile, owner = models.Profile, models.Owner
    keys = await live_keys(db, vault, account_id)
    async with db.tenant(account_id, read_only=True) as session:
        rows = await session.execute(
            select(owner.source_id, owner.id, owner.sealed)
            .join(profile, (profile.account_id == owner.account_id) & (profile.owner_id == owner.id))
            .where(
                owner.account_id == account_id,
                owner.source_id.in_(keys),
                among(session, profile.profile_id, about),
            )
            .distinct()
        )
        opened = [open_document(keys[row.source_id], PersonalOwner, row.id, row.sealed) for row in rows.all()]
    return {one.email for one in opened if one.email}
