"""What the Home tab shows of the house: its sources, its privacy, the way to the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.render import slack_blocks as kit
from bot.slack import texts
from bot.slack.extensions import Extensions, HomeAsked, Invoked
from storage import sources
from storage.chat_access import Role
from storage.models import Message, Source, SourceState
from storage.session import Database
from storage.trust.mentions import DELETE
from storage.trust.messages import delete_messages

FORGET = "forget_messages"
_LATEST = 1_000
_LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class House:
    """`settings_url` is where the web settings are, if there is a web."""

    db: Database
    settings_url: str | None

    def extend(self, extensions: Extensions) -> None:
        extensions.home[:0] = [self.sources]
        extensions.home.append(self.privacy)
        extensions.actions[FORGET] = self.forget

    async def sources(self, asked: HomeAsked) -> Sequence[dict[str, Any]]:
        """Each source with its freshness, and what is wrong with it."""
        listed = await sources.list_sources(self.db, asked.account_id)
        if not listed:
            return [kit.header("Sources"), kit.section("No system is connected yet.")]
        return [kit.header("Sources"), *kit.lines([_line(source) for source in listed])]

    async def privacy(self, asked: HomeAsked) -> Sequence[dict[str, Any]]:
        """How many of the answers are kept, a button to delete them, and where the settings are."""
        kept = await _kept(self.db, asked.account_id)
        button = kit.button("Delete Messages", FORGET, "all") | {"style": "danger", "confirm": _CONFIRM}
        said = f"{len(kept)}{'+' if len(kept) == _LATEST else ''} answers of mine are kept as Messages."
        more = [kit.section(f"<{self.settings_url}|Settings on the web>")] if self.settings_url else []
        return [
            kit.header("Privacy"),
            kit.section(said),
            *(kit.buttons([button]) if kept and asked.role is Role.ADMIN else []),
            *more,
        ]

    async def forget(self, asked: Invoked) -> None:
        """Deletes what is kept of the answers, for administrators."""
        if asked.role is not Role.ADMIN:
            await asked.reply.aside.send([texts.say("Only administrators can delete Messages.")])
            return
        deleted = 0
        while ids := await _kept(self.db, asked.account_id):
            await delete_messages(self.db, asked.account_id, ids)
            deleted += len(ids)
        await asked.reply.aside.send([texts.say(f"Deleted: {deleted} Messages.")])


async def _kept(db: Database, account_id: int) -> list[bytes]:
    """The ids of some of the Messages that are kept."""
    wanted = select(Message.message_id).where(Message.due.is_distinct_from(DELETE)).limit(_LATEST)
    async with db.tenant(account_id, read_only=True) as session:
        return list(await session.scalars(wanted))


_CONFIRM = {
    "title": kit.plain_text("Delete all Messages?", 100),
    "text": kit.plain_text("What I keep of my answers goes for good. What stands in Slack stays there.", 300),
    "confirm": kit.plain_text("Delete", 30),
    "deny": kit.plain_text("Keep", 30),
}


def _line(source: Source) -> str:
    """Slack shows the moment in the reader's own time zone."""
    label = kit.literal(source.label)
    if source.state != SourceState.ACTIVE:
        return f"• *{label}*: {kit.literal(str(source.state))}"
    if source.synced_at is None:
        return f"• *{label}*: being read for the first time"
    at = int(source.synced_at.astimezone(UTC).timestamp())
    late = " :warning: late" if datetime.now(UTC) - source.synced_at > _LATE else ""
    shown = f"<!date^{at}^{{date_short_pretty}} {{time}}|{source.synced_at:%Y-%m-%d %H:%M}>"
    without = f" (its key may not read {kit.literal(', '.join(source.left_out))})" if source.left_out else ""
    return f"• *{label}*: as of {shown}{late}{without}"
