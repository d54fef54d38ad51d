"""A little Discord server, and its objects in Discord's documented shapes (API v10)."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

_EPOCH_MS = 1_420_070_400_000
_numbers = itertools.count(1)

APP = "700000000000000001"
VIEW, SEND, MANAGE_GUILD = 1 << 10, 1 << 11, 1 << 5
EMBED, ATTACH, HISTORY = 1 << 14, 1 << 15, 1 << 16
ADMINISTRATOR = 1 << 3
EVERYDAY = VIEW | SEND | EMBED | ATTACH | HISTORY
TEXT, DM, PUBLIC_THREAD = 0, 1, 11


def snowflake() -> str:
    """A new id, in the order of time."""
    return str(((int(time.time() * 1000) - _EPOCH_MS) << 22) | (next(_numbers) & 0x3FFFFF))


@dataclass
class Person:
    id: str
    name: str
    bot: bool = False

    def payload(self) -> dict[str, Any]:
        return {
            "id": self.id, "username": self.name, "discriminator": "0", "global_name": self.name.title(),
            "avatar": None, "bot": self.bot, "public_flags": 0,
        }  # fmt: skip


@dataclass
class Guild:
    """`roles` are name → (id, permissions), `members` person's id → names of roles, `channels` by name."""

    id: str
    roles: dict[str, tuple[str, int]] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    threads: dict[str, dict[str, Any]] = field(default_factory=dict)
    owner_id: str = "1"

    def role_ids(self, person: Person) -> list[str]:
        return [self.roles[name][0] for name in self.members[person.id]]

    def permissions(self, person: Person) -> int:
        names = ["@everyone", *self.members.get(person.id, [])]
        return sum({self.roles[name][1] for name in names}) if names else 0

    def channel(self, name: str) -> dict[str, Any]:
        return self.channels.get(name) or self.threads[name]

    def member(self, person: Person, *, whole: bool = True) -> dict[str, Any]:
        member = {
            "roles": self.role_ids(person), "nick": None, "avatar": None, "deaf": False, "mute": False,
            "joined_at": "2026-01-01T00:00:00+00:00", "premium_since": None, "pending": False, "flags": 0,
            "communication_disabled_until": None,
        }  # fmt: skip
        return {**member, "user": person.payload()} if whole else member

    def payload(self, me: Person) -> dict[str, Any]:
        """As GUILD_CREATE and GET /guilds/{id} have it."""
        return {
            "id": self.id, "name": "Acme", "icon": None, "splash": None, "discovery_splash": None,
            "owner_id": self.owner_id, "afk_channel_id": None, "afk_timeout": 300, "verification_level": 1,
            "default_message_notifications": 1, "explicit_content_filter": 0, "emojis": [], "features": [],
            "roles": [self._role(name) for name in self.roles], "mfa_level": 0, "application_id": None,
            "system_channel_id": next(iter(self.channels.values()))["id"] if self.channels else None,
            "system_channel_flags": 0, "rules_channel_id": None, "vanity_url_code": None,
            "description": None, "banner": None, "premium_tier": 0, "preferred_locale": "en-US",
            "public_updates_channel_id": None, "nsfw_level": 0, "premium_progress_bar_enabled": False,
            "stickers": [], "safety_alerts_channel_id": None,
            "joined_at": "2026-01-01T00:00:00+00:00", "large": True, "unavailable": False,
            "member_count": 500, "voice_states": [], "members": [self.member(me)], "presences": [],
            "channels": [{k: v for k, v in c.items() if k != "guild_id"} for c in self.channels.values()],
            "threads": list(self.threads.values()), "stage_instances": [], "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }  # fmt: skip

    def _role(self, name: str) -> dict[str, Any]:
        role_id, permissions = self.roles[name]
        role = {
            "id": role_id, "name": name, "color": 0, "hoist": False, "icon": None, "unicode_emoji": None,
            "position": list(self.roles).index(name), "permissions": str(permissions), "managed": False,
            "mentionable": False, "flags": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        }  # fmt: skip
        return {**role, "managed": True, "tags": {"bot_id": APP}} if name == "Chewbotta" else role


def text_channel(
    guild_id: str, name: str, *allow: tuple[str, int], hidden_from: str | None = None
) -> dict[str, Any]:
    """A channel. `hidden_from` is a role that may not see it, `allow` who may (role or person's id, kind)."""
    overwrites = [{"id": who, "type": kind, "allow": str(VIEW), "deny": "0"} for who, kind in allow]
    if hidden_from is not None:
        overwrites.append({"id": hidden_from, "type": 0, "allow": "0", "deny": str(VIEW)})
    return {
        "id": snowflake(), "type": TEXT, "guild_id": guild_id, "name": name, "position": 0, "nsfw": False,
        "permission_overwrites": overwrites, "topic": None, "parent_id": None, "last_message_id": None,
        "rate_limit_per_user": 0, "flags": 0,
    }  # fmt: skip


def thread(guild_id: str, name: str, parent: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": snowflake(), "type": PUBLIC_THREAD, "guild_id": guild_id, "name": name,
        "parent_id": parent["id"], "owner_id": "1", "last_message_id": None, "message_count": 1,
        "member_count": 1, "flags": 0, "rate_limit_per_user": 0,
        "thread_metadata": {
            "archived": False, "auto_archive_duration": 60, "locked": False,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
        },
    }  # fmt: skip


def message(channel_id: str, author: Person, **fields: Any) -> dict[str, Any]:
    """A message object."""
    return {
        "id": snowflake(), "channel_id": channel_id, "author": author.payload(), "content": "",
        "timestamp": "2026-11-23T12:00:00+00:00", "edited_timestamp": None, "tts": False,
        "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
        "pinned": False, "type": 0, "flags": 0, "components": [], **fields,
    }  # fmt: skip


def application(owner: Person) -> dict[str, Any]:
    return {
        "id": APP, "name": "Chewbotta", "icon": None, "description": "", "summary": "", "bot_public": True,
        "bot_require_code_grant": False, "verify_key": "0" * 64, "flags": 0, "owner": owner.payload(),
        "team": None,
    }  # fmt: skip
