"""The Slack app: Bolt with our listeners on it, for HTTP and for Socket Mode alike.

Nothing between a request and its acknowledgement waits for a network or a database: Slack allows 3 seconds,
whatever state the rest is in.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo

import structlog
from aiohttp import ClientSession
from slack_bolt.async_app import AsyncApp, AsyncBoltContext
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.render.slack_blocks import Layout
from bot.slack import actions, commands, extending, messages, removal, shortcuts, unfurl
from bot.slack.access import Access
from bot.slack.answering import Answering, described
from bot.slack.backing import Backing, in_memory
from bot.slack.delivery import slow_down_handlers
from bot.slack.extensions import Extensions
from bot.slack.home import Homes
from bot.slack.installed import InstalledWorkspaces, own_workspace
from bot.slack.outbox import Outbox
from bot.slack.ports import (
    Accounts,
    Asks,
    KeepsNothing,
    Messages,
    SeenEvents,
    SeenInMemory,
)
from bot.slack.showing import Shows
from bot.slack.threads import Threads
from bot.slack.workspaces import ClientOf, SlackUnusable, Workspaces
from bot.slack.zones import ZoneOf, always
from storage.settings import Settings

_log = structlog.get_logger(__name__)
_CALL_TIMEOUT = 20


@dataclass(frozen=True, slots=True)
class SlackApp:
    """`bolt` takes requests, `answering` works on them, `client_of` talks back. `stop` when done."""

    bolt: AsyncApp
    answering: Answering
    workspaces: Workspaces
    client_of: ClientOf
    pool: AsyncWebClient
    homes: Homes
    signing_secret: str | None

    async def stop(self, seconds: float = 20.0) -> None:
        """Lets answers under way finish, then closes the connections."""
        await self.homes.close()
        late = await self.answering.background.drain(seconds)
        self.answering.shows.outbox.close()
        if late:
            _log.warning("slack.stopped_with_answers_under_way", count=late)
        await close(self.pool)


async def create_slack_app(
    settings: Settings,
    asks: Asks,
    *,
    account_id: int | None = None,
    accounts: Accounts | None = None,
    workspaces: Callable[[AsyncWebClient], Awaitable[Workspaces]] | None = None,
    extensions: Extensions | None = None,
    seen: SeenEvents | None = None,
    keeps: Messages | None = None,
    backing: Backing | None = None,
    zone_of: ZoneOf | None = None,
    tz: tzinfo = UTC,
    layout: Layout = Layout.NATIVE,
) -> SlackApp:
    """The app of the workspace whose SLACK_BOT_TOKEN is set, or of `workspaces`; raises SlackUnusable.

    `account_id` is whose data the one workspace asks for; `accounts` decides it workspace by workspace
    instead, and `workspaces` makes that and their tokens out of a client of no workspace. `keeps` remembers
    the answers that were sent, `backing` all that has to outlive this process besides. Times are shown in
    `tz`, or in what `zone_of` says of the account. That Slack does not answer right now is no reason not to
    start.
    """
    if sum(given is not None for given in (account_id, accounts, workspaces)) != 1:
        raise ValueError("give the account_id, the accounts or the workspaces")
    pool = web_client(settings, "" if workspaces and settings.slack_bot_token is None else None)
    try:
        served = await workspaces(pool) if workspaces else await own_workspace(pool, account_id or 0)
    except BaseException:
        await close(pool)
        raise
    client_of = ClientOf(pool, served)
    behind = backing or in_memory()
    whose = accounts or served
    shows = Shows(
        backing=behind,
        access=Access(client_of, behind.rules),
        outbox=Outbox(behind.letters, client_of, whose.account_of),
        messages=keeps if keeps is not None else KeepsNothing(),
        zone_of=zone_of or always(tz),
        layout=layout,
    )
    seen = seen if seen is not None else SeenInMemory()
    answering = Answering(asks=asks, accounts=whose, seen=seen, shows=shows)
    secret = settings.slack_signing_secret
    signing_secret = secret.get_secret_value() if secret else None
    bolt = _bolt(client_of, signing_secret)
    if isinstance(served, InstalledWorkspaces):
        removal.register(bolt, served, answering.background)
    homes = _register(bolt, answering, extensions or Extensions(), client_of)
    return SlackApp(bolt, answering, served, client_of, pool, homes, signing_secret)


def _register(bolt: AsyncApp, answering: Answering, extensions: Extensions, client_of: ClientOf) -> Homes:
    """The order matters: the last listeners of a kind take what nobody else did."""
    answering.prompts = extensions.prompts
    homes = Homes(answering, extensions, client_of)
    homes.register(bolt)
    shortcuts.register(bolt, answering)
    unfurl.register(bolt, answering, extensions)
    commands.register(bolt, answering, extensions)
    extending.register(bolt, answering, extensions)
    messages.register(bolt, answering, Threads(extensions.remembered))
    actions.register(bolt, answering)
    return homes


def web_client(settings: Settings, token: str | None = None) -> AsyncWebClient:
    """A client of Slack's Web API with a pool of connections, to be closed. Needs a running loop."""
    if token is None:
        if settings.slack_bot_token is None:
            raise SlackUnusable("SLACK_BOT_TOKEN is not set: the bot token (xoxb-...) of your Slack app")
        token = settings.slack_bot_token.get_secret_value()
    return AsyncWebClient(
        token=token,
        base_url=str(settings.slack_api_url).rstrip("/") + "/",
        session=ClientSession(),
        timeout=_CALL_TIMEOUT,
        retry_handlers=slow_down_handlers(),
        logger=_quiet_logger(),
    )


def _bolt(client_of: ClientOf, signing_secret: str | None) -> AsyncApp:
    """`authorize` stands in for Bolt's own, which asks Slack before it lets a request be acknowledged."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        known = client_of.workspaces.bot_in(team_id or "")
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_id=known.bot_id if known else None,
            bot_user_id=known.bot_user_id if known else None,
        )

    async def with_client(context: AsyncBoltContext, next_: Callable[[], Awaitable[None]]) -> None:
        if context.team_id:
            if context.enterprise_id:
                client_of.workspaces.is_in(context.team_id, context.enterprise_id)
            context["client"] = client_of(context.team_id)
        await next_()

    # Listeners only start work, so that they can be run before the response: when Slack has its
    # acknowledgement, a stop knows of everything that was promised.
    # Its own client has no token: each request gets the client of its workspace. Without a signing
    # secret nothing is accepted over HTTP (bot/slack/http.py), so that Bolt never sees an empty one at work.
    bolt = AsyncApp(
        name="chewbotta",
        process_before_response=True,
        logger=_quiet_logger(),
        client=client_of.nobody(),
        authorize=authorize,
        signing_secret=signing_secret or "",
    )
    bolt.use(with_client)
    bolt.error(_failed)
    return bolt


async def _failed(error: Exception) -> None:
    _log.error("slack.listener_failed", **described(error))


async def close(client: AsyncWebClient) -> None:
    if client.session is not None:
        await client.session.close()


def _quiet_logger() -> logging.Logger:
    """The libraries' errors alone: below that they print requests, and with them what people asked."""
    logger = logging.getLogger("chewbotta.slack")
    logger.setLevel(logging.ERROR)
    return logger
