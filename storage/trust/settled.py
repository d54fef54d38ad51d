"""What became of posts after a deletion, for the record: a signed receipt says what could not be reached."""

from datetime import datetime

from storage.keys.vault import Vault
from storage.session import Database
from storage.trust import receipts
from storage.trust.messages import Platforms, Settled, settle
from storage.trust.receipts import Receipt, Remaining

_UNREACHABLE = "posts that named a deleted customer and that the platform no longer lets us edit or delete"


async def settle_for_the_record(
    db: Database, vault: Vault, account_id: int, posts: Platforms | None, now: datetime
) -> Settled:
    """Settles what waits, and keeps a receipt of it where anything was done with."""
    done = await settle(db, vault, account_id, posts)
    counts = {"post edited": done.redacted, "post deleted": done.deleted}
    if not (done.unreachable or any(counts.values())):
        return done
    receipt = Receipt(
        what="messages",
        account=account_id,
        requested_at=now,
        finished_at=now,
        deleted={name: count for name, count in counts.items() if count},
        remaining=(Remaining(where="Slack or Discord", count=done.unreachable, why=_UNREACHABLE),)
        if done.unreachable
        else (),
    )
    signed = await receipts.sign(vault, receipt)
    async with db.tenant(account_id) as session:
        await receipts.store(session, account_id, signed)
    return done
