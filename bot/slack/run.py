"""Slack over Socket Mode: for an installation that Slack's requests cannot reach."""

import asyncio
import signal
from contextlib import suppress
from datetime import UTC, tzinfo

import structlog
from aiohttp import ClientError
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError

from bot.render.slack_blocks import Layout
from bot.slack.app import SlackApp, close, create_slack_app, web_client
from bot.slack.backing import Backing
from bot.slack.delivery import slack_code
from bot.slack.extensions import Extensions
from bot.slack.ports import Accounts, Asks, Messages, SeenEvents
from bot.slack.workspaces import SlackUnusable
from storage.settings import Settings

_log = structlog.get_logger(__name__)
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0


async def run_socket_mode(
    settings: Settings,
    asks: Asks,
    *,
    account_id: int | None = None,
    accounts: Accounts | None = None,
    seen: SeenEvents | None = None,
    keeps: Messages | None = None,
    backing: Backing | None = None,
    extensions: Extensions | None = None,
    tz: tzinfo = UTC,
    layout: Layout = Layout.NATIVE,
    stop: asyncio.Event | None = None,
    ready: asyncio.Event | None = None,
) -> None:
    """Serves until `stop` is set, by default by SIGTERM or SIGINT. Raises SlackUnusable at first.

    Stopping takes no new requests and lets the answers under way finish.
    """
    if stop is None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    slack = await create_slack_app(
        settings,
        asks,
        account_id=account_id,
        accounts=accounts,
        seen=seen,
        keeps=keeps,
        backing=backing,
        extensions=extensions,
        tz=tz,
        layout=layout,
    )
    try:
        await _serve(settings, slack, stop, ready)
    finally:
        await slack.stop()


async def _serve(
    settings: Settings, slack: SlackApp, stop: asyncio.Event, ready: asyncio.Event | None
) -> None:
    if settings.slack_app_token is None:
        raise SlackUnusable("SLACK_APP_TOKEN is not set: the app-level token (xapp-...) for Socket Mode")
    token = settings.slack_app_token.get_secret_value()
    opener = web_client(settings, token)
    handler = AsyncSocketModeHandler(slack.bolt, token, web_client=opener, logger=opener.logger)
    try:
        handler.client.wss_uri = await _address(handler, stop)
        if handler.client.wss_uri is None:
            return
        await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt left it untyped
        _log.info("slack.connected")
        if ready is not None:
            ready.set()
        await stop.wait()
    finally:
        with suppress(OSError):
            await handler.close_async()  # type: ignore[no-untyped-call]  # slack_bolt left it untyped
        await close(opener)


async def _address(handler: AsyncSocketModeHandler, stop: asyncio.Event) -> str | None:
    """Asked for here first: left to itself the client would try a wrong token for ever.

    Until Slack answers, or until told to stop: then None.
    """
    wait = _FIRST_WAIT
    while not stop.is_set():
        try:
            return await handler.client.issue_new_wss_url()
        except SlackApiError as problem:
            code = slack_code(problem)
            if not code.startswith("status 5"):
                raise SlackUnusable(f"SLACK_APP_TOKEN: Slack refuses it ({code})") from None
        except (ClientError, OSError, TimeoutError):
            pass
        _log.warning("slack.unreachable_for_now")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
        wait = min(wait * 2, _LONGEST_WAIT)
    return None
