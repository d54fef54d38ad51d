"""Discord servers (guilds) of an account: connected by a code of the account's, forgotten when it leaves.

A code is made on the account's side and given to Chewbotta in the server by somebody who manages it: so both
sides agree. It is signed with the account's own key, good for an hour and for one use, and stands nowhere.
"""

import asyncio
import base64
import binascii
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from storage.conversations import first_time
from storage.doer import Doer
from storage.errors import OperatorError
from storage.intake.bulk import among
from storage.keys.source_keys import SourceKeys, VaultError
from storage.keys.vault import Vault
from storage.models import Alert, DiscordGuild, Message
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Kind, Subject
from storage.trust.keys_due import renew_account_key_since
from storage.trust.messages import Post

CODE_LASTS = timedelta(hours=1)
MOST_ROLES = 50
PLATFORM = "discord"

_HEAD = Struct(">II6s")  # account, seconds since 1970 at which it ends, chance
_SIGNATURE = 12
_places = msgspec.json.Decoder(tuple[Post, ...])


class GuildTaken(OperatorError):
    """The server is connected to another account already."""


class NoGuildError(OperatorError):
    """The account has no such server."""


async def make_code(vault: Vault, account_id: int, now: datetime) -> str:
    """A code that connects one server to the account, for an hour."""
    ends = int((now + CODE_LASTS).timestamp())
    head = _HEAD.pack(account_id, ends, secrets.token_bytes(6))
    signed = head + _signature(await vault.account_keys(account_id), head)
    return base64.b32encode(signed).decode().rstrip("=")


async def redeem(db: Database, vault: Vault, said: str, now: datetime) -> int | None:
    """The account that a code is of, once; None for one that is forged, over, or was used."""
    signed = _bytes_of(said)
    if len(signed) != _HEAD.size + _SIGNATURE:
        return None
    head, signature = signed[: _HEAD.size], signed[_HEAD.size :]
    account_id, ends, _ = _HEAD.unpack(head)
    try:
        keys = await vault.account_keys(account_id)
    except VaultError:
        return None
    if not hmac.compare_digest(_signature(keys, head), signature) or now.timestamp() >= ends:
        return None
    fresh = await first_time(db, account_id, f"discord:code:{head.hex()}", now)
    return account_id if fresh else None


def _bytes_of(code: str) -> bytes:
    plain = "".join(code.split()).upper()
    try:
        return base64.b32decode(plain + "=" * (-len(plain) % 8))
    except (binascii.Error, ValueError):
        return b""


def _signature(keys: SourceKeys, head: bytes) -> bytes:
    return keys.record_id("discord_code", head.hex())[:_SIGNATURE]


async def connect_guild(
    db: Database,
    vault: Vault,
    account_id: int,
    guild_id: int,
    roles: Iterable[int],
    *,
    now: datetime,
    by: Doer | None = None,
) -> None:
    """Connects a server, or gives one of the account's other roles that may ask. Raises GuildTaken."""
    by = by or Doer.operator()
    may_ask = tuple(dict.fromkeys(roles))[:MOST_ROLES]
    subject = Subject(Kind.WORKSPACE, await _reference(vault, account_id, guild_id))
    try:
        async with db.tenant(account_id) as session:
            known = await session.get(DiscordGuild, (account_id, guild_id))
            if known is None:
                guild = DiscordGuild(
                    account_id=account_id, guild_id=guild_id, roles=may_ask, connected_at=now
                )
                session.add(guild)
            else:
                known.roles = may_ask
            await session.flush()
            await audit.record(
                session,
                actor=by.actor,
                action=Action.WORKSPACE_CONNECTED,
                subject=subject,
                origin=by.origin,
                details={Fact.COUNT: len(may_ask)},
            )
    except IntegrityError:
        raise GuildTaken("That Discord server is connected to another account.") from None


async def list_guilds(db: Database, account_id: int) -> Sequence[DiscordGuild]:
    """The account's servers, the oldest first."""
    async with db.tenant(account_id, read_only=True) as session:
        found = await session.scalars(select(DiscordGuild).order_by(DiscordGuild.connected_at))
        return found.all()


async def all_guilds(db: Database) -> dict[int, DiscordGuild]:
    """The directory: every server by its number, with its account and roles. For routing alone."""
    async with db.system() as session:
        found = await session.scalars(select(DiscordGuild))
        return {guild.guild_id: guild for guild in found}


async def find_guild(db: Database, guild_id: int) -> DiscordGuild | None:
    """The server of that number with its account and roles, whosever it is. For routing alone."""
    async with db.system() as session:
        return await session.scalar(select(DiscordGuild).where(DiscordGuild.guild_id == guild_id))


async def remove_guild(
    db: Database, vault: Vault, account_id: int, guild_id: int, *, by: Doer | None = None
) -> int:
    """Forgets a server, its subscriptions to thoughts, and the Messages that stand in it.

    Returns how many Messages those were. Raises NoGuildError.

    With the account's last server go all of its Messages of Discord.
    """
    by, keys = by or Doer.operator(), await vault.account_keys(account_id)
    subject = Subject(Kind.WORKSPACE, await _reference(vault, account_id, guild_id))
    async with db.tenant(account_id) as session:
        guild = await session.get(DiscordGuild, (account_id, guild_id))
        if guild is None:
            raise NoGuildError("There is no such Discord server: `chewbotta discord list` shows them.")
        await session.delete(guild)
        await session.flush()
        theirs = (Alert.platform == PLATFORM, Alert.team == str(guild_id))
        await session.execute(delete(Alert).where(Alert.account_id == account_id, *theirs))
        others = (await session.scalars(select(DiscordGuild.guild_id).limit(1))).first()
        said = await session.execute(
            select(Message.message_id, Message.places).where(Message.platform == PLATFORM)
        )
        kept = [(message_id, places) for message_id, places in said]
        gone = [row[0] for row in kept]
        if others is not None:
            gone = await asyncio.to_thread(_standing_in, keys, guild_id, kept)
        if gone:
            these = (Message.account_id == account_id, among(session, Message.message_id, gone))
            await session.execute(delete(Message).where(*these))
        await renew_account_key_since(session, account_id, datetime.now(UTC))
        await audit.record(
            session,
            actor=by.actor,
            action=Action.WORKSPACE_REMOVED,
            subject=subject,
            origin=by.origin,
            details={Fact.MESSAGES: len(gone)},
        )
    return len(gone)


def place(guild_id: int, channel_id: int) -> str:
    """How a Message's `Post` names a channel of Discord: with the server that it belongs to."""
    return f"{guild_id}:{channel_id}"


def _standing_in(keys: SourceKeys, guild_id: int, kept: list[tuple[bytes, bytes | None]]) -> list[bytes]:
    """Those of the Messages that stand in the server."""
    posted = [(message_id, places) for message_id, places in kept if places is not None]
    opened = keys.open_many(table="message", column="places", rows=posted)
    of_guild = f"{guild_id}:"
    return [
        message_id
        for (message_id, _), places in zip(posted, opened, strict=True)
        if any(post.channel.startswith(of_guild) for post in _places.decode(places))
    ]


async def _reference(vault: Vault, account_id: int, guild_id: int) -> bytes:
    """How the audit trail names a server."""
    return (await vault.account_keys(account_id)).record_id("discord_guild", str(guild_id))
