"""Who may ask on a chat platform, and where: what an account's administrators have chosen.

Without any choice every full member of the workspace is a `member`, its owners and administrators are
`admin`, and answers go to every channel that has nobody from outside in it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.doer import Doer
from storage.errors import OperatorError
from storage.models import ChatAccess
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Subject
from storage.trust.audit import Kind as AuditKind


class AccessError(OperatorError):
    """That cannot be chosen; the text says what can."""


class Platform(StrEnum):
    SLACK = "slack"
    DISCORD = "discord"


class Role(StrEnum):
    """What somebody may see, the least first. A viewer sees no amounts of money."""

    NONE = "none"
    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"


class Channel(StrEnum):
    """What is shown in a channel of the list. `FIGURES`: outsiders in it may see what names no customer."""

    LISTED = "listed"
    FIGURES = "figures"


class Whom(StrEnum):
    """What a line is about: one person, a user group (Discord: a role), a channel, or everybody else."""

    PERSON = "person"
    GROUP = "group"
    CHANNEL = "channel"
    EVERYBODY = "everybody"


_RANK = {role: rank for rank, role in enumerate(Role)}
_IDS = {
    (Platform.SLACK, Whom.PERSON): re.compile(r"[UW][A-Z0-9]{2,20}"),
    (Platform.SLACK, Whom.GROUP): re.compile(r"S[A-Z0-9]{2,20}"),
    (Platform.SLACK, Whom.CHANNEL): re.compile(r"[CG][A-Z0-9]{2,20}"),
}
_DISCORD_ID = re.compile(r"[0-9]{5,20}")


@dataclass(frozen=True, slots=True)
class Rules:
    """An account's choices on one platform. Without `channels` every channel is as good as listed."""

    everybody: Role = Role.MEMBER
    people: Mapping[str, Role] = field(default_factory=dict)
    groups: Mapping[str, Role] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)

    def role_of(self, person: str, groups: frozenset[str], *, runs_the_workspace: bool = False) -> Role:
        """What a full member may: their own line decides, else the best of their groups' and everybody's.

        Whoever runs the workspace is an admin, unless a line of their own says otherwise.
        """
        if person in self.people:
            return self.people[person]
        if runs_the_workspace:
            return Role.ADMIN
        theirs = [role for group, role in self.groups.items() if group in groups]
        return max([self.everybody, *theirs], key=_RANK.__getitem__)

    @property
    def is_the_same_for_all(self) -> bool:
        """Whether no member may see less than another member."""
        return not self.people and not self.groups

    def least(self, roles: Iterable[Role]) -> Role:
        """What all of these may see; of nobody, what everybody may."""
        return min(roles, key=_RANK.__getitem__, default=self.everybody)

    def takes(self, channel: str) -> bool:
        """Whether answers may be posted in that channel, for all there to see."""
        return not self.channels or channel in self.channels

    def shows_figures_to_outsiders(self, channel: str) -> bool:
        return self.channels.get(channel) is Channel.FIGURES


async def read_rules(db: Database, account_id: int, platform: str) -> Rules:
    """All choices of the account on that platform."""
    async with db.tenant(account_id, read_only=True) as session:
        rows = (await session.scalars(select(ChatAccess).where(ChatAccess.platform == platform))).all()
    of = {kind: {row.subject: row.choice for row in rows if row.kind == kind} for kind in Whom}
    return Rules(
        everybody=Role(of[Whom.EVERYBODY].get("", Role.MEMBER)),
        people={subject: Role(choice) for subject, choice in of[Whom.PERSON].items()},
        groups={subject: Role(choice) for subject, choice in of[Whom.GROUP].items()},
        channels={subject: Channel(choice) for subject, choice in of[Whom.CHANNEL].items()},
    )


async def choose_access(
    db: Database,
    account_id: int,
    platform: str,
    whom: str,
    subject: str,
    allowed: str | None,
    *,
    now: datetime,
    by: Doer | None = None,
) -> None:
    """Sets one line, or takes it away where `allowed` is None. Raises AccessError."""
    on, kind, chosen = _checked(platform, whom, subject, allowed)
    async with db.tenant(account_id) as session:
        line = (ChatAccess.platform == on, ChatAccess.kind == kind, ChatAccess.subject == subject)
        await session.execute(delete(ChatAccess).where(*line))
        if chosen is not None:
            row = {"account_id": account_id, "platform": on, "kind": kind, "subject": subject}
            dialect: Any = postgresql if db.is_postgres else sqlite
            await session.execute(dialect.insert(ChatAccess), [{**row, "choice": chosen, "chosen_at": now}])
        await _note(session, by or Doer.operator(), kind, chosen)


def _checked(
    platform: str, whom: str, subject: str, choice: str | None
) -> tuple[Platform, Whom, Role | Channel | None]:
    try:
        on, kind = Platform(platform), Whom(whom)
    except ValueError:
        raise AccessError(f"Access is chosen for: {', '.join(Whom)}.") from None
    wanted = re.compile("") if kind is Whom.EVERYBODY else _IDS.get((on, kind), _DISCORD_ID)
    if not wanted.fullmatch(subject):
        raise AccessError(f"That is no id of a {kind} on {on.capitalize()}.")
    choices: type[Channel] | type[Role] = Channel if kind is Whom.CHANNEL else Role
    try:
        return on, kind, None if choice is None else choices(choice)
    except ValueError:
        raise AccessError(f"For a {kind} there is: {', '.join(choices)}.") from None


async def _note(session: AsyncSession, by: Doer, kind: Whom, chosen: Role | Channel | None) -> None:
    await audit.record(
        session,
        actor=by.actor,
        action=Action.ACCESS_CHANGED,
        subject=Subject(AuditKind.ACCOUNT, session.info["account_id"]),
        origin=by.origin,
        details={Fact.SETTING: kind, Fact.TO: chosen},
    )
