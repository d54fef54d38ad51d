"""What a button stands for where that is too long for the button itself: kept sealed for a week."""

from datetime import datetime, timedelta
from secrets import token_bytes

from sqlalchemy import select

from storage.keys.vault import Vault
from storage.models import KeptButton
from storage.session import Database

PRESSED_WITHIN = timedelta(days=7)


async def keep_button(
    db: Database, vault: Vault, account_id: int, stands_for: bytes, *, now: datetime, personal: bool = True
) -> bytes:
    """Returns the id to find it by. A `personal` one goes when any customer is deleted."""
    keys = await vault.account_keys(account_id)
    button_id = token_bytes(16)
    sealed = keys.seal(table="kept_button", row_id=button_id, column="sealed", plaintext=stands_for)
    async with db.tenant(account_id) as session:
        session.add(
            KeptButton(
                account_id=account_id,
                button_id=button_id,
                sealed=sealed,
                personal=personal,
                expires_at=now + PRESSED_WITHIN,
            )
        )
    return button_id


async def find_button(
    db: Database, vault: Vault, account_id: int, button_id: bytes, *, now: datetime
) -> bytes | None:
    """What was kept under that id in this account, unless it has expired."""
    async with db.tenant(account_id, read_only=True) as session:
        sealed = await session.scalar(
            select(KeptButton.sealed).where(KeptButton.button_id == button_id, KeptButton.expires_at > now)
        )
    if sealed is None:
        return None
    keys = await vault.account_keys(account_id)
    return keys.open(table="kept_button", row_id=button_id, column="sealed", sealed=sealed)
