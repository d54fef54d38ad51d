"""What the Slack app needs of the rest of the house; what is not Slack's own is in `bot/ports.py`."""

from dataclasses import dataclass

from bot.ports import Accounts, Asks, KeepsNothing, Messages, SeenEvents, SeenInMemory

__all__ = ["Accounts", "Asks", "KeepsNothing", "Messages", "OneAccount", "SeenEvents", "SeenInMemory"]


@dataclass(frozen=True, slots=True)
class OneAccount:
    """An installation for one workspace: the one whose bot token it was given."""

    account_id: int
    team_id: str

    async def account_of(self, team_id: str) -> int | None:
        return self.account_id if team_id == self.team_id else None
