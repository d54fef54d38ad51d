"""A stand-in for Discord: its HTTP API and its gateway, as far as the bot uses them.

What the bot sends is held to the documented shapes (`discord_shapes.py`): what Discord would refuse is
answered with 400 and noted in `violations`. A person's doings are methods: they type, mention, press.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from tests.vendors import discord_data as data
from tests.vendors import discord_shapes as shapes
from tests.vendors.discord_data import APP, Guild, Person, snowflake
from tests.vendors.discord_gateway import Gateway
from tests.vendors.discord_wire import Interaction, Sent, as_json, message_in, refuse

TOKEN = "MTIz.bot.token-of-the-tests"
_EPHEMERAL = 64


class DiscordServer:
    """One Discord with one server in it. `failures` are answered first, one a message that is posted.

    `forgets_to_say`: so many messages are taken and answered with 502.
    """

    def __init__(self) -> None:
        self.address = ""
        self.me = Person(APP, "chewbotta", bot=True)
        self.guilds: dict[str, Guild] = {}
        self.dms: dict[str, Person] = {}
        self.sent: list[Sent] = []
        self.posted: asyncio.Queue[Sent] = asyncio.Queue()
        self.violations: list[str] = []
        self.failures: deque[web.Response] = deque()
        self.commands: list[shapes.Command] = []
        self.interactions: dict[str, Interaction] = {}
        self.calls: list[str] = []
        self.typing = 0
        self.forgets_to_say = 0
        self.gateway = Gateway(TOKEN, self._greeting)
        self._nonces: dict[tuple[str, str], Sent] = {}

    def _greeting(self, session_id: str) -> list[tuple[str, Any]]:
        ready = {
            "v": 10, "user": self.me.payload(), "session_id": session_id, "private_channels": [],
            "guilds": [{"id": guild_id, "unavailable": True} for guild_id in self.guilds],
            "resume_gateway_url": self.address.replace("http", "ws") + "/gateway",
            "application": {"id": APP, "flags": 0},
        }  # fmt: skip
        return [("READY", ready), *[("GUILD_CREATE", g.payload(self.me)) for g in self.guilds.values()]]

    # ---- HTTP -------------------------------------------------------------------------------------------

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        api = "/api/v10"
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get(f"{api}/users/@me", self._me)
        app.router.add_get(f"{api}/oauth2/applications/@me", self._application)
        app.router.add_get(f"{api}/gateway/bot", self._gateway)
        app.router.add_put(f"{api}/applications/{APP}/commands", self._commands)
        app.router.add_post(f"{api}/users/@me/channels", self._open_dm)
        app.router.add_get(f"{api}/guilds/{{guild}}", self._guild)
        app.router.add_get(f"{api}/guilds/{{guild}}/channels", self._channels)
        app.router.add_get(f"{api}/guilds/{{guild}}/members/{{user}}", self._member)
        app.router.add_post(f"{api}/channels/{{channel}}/typing", self._typing)
        app.router.add_post(f"{api}/channels/{{channel}}/messages", self._post)
        app.router.add_get(f"{api}/channels/{{channel}}/messages", self._history)
        app.router.add_patch(f"{api}/channels/{{channel}}/messages/{{message}}", self._edit)
        app.router.add_delete(f"{api}/channels/{{channel}}/messages/{{message}}", self._delete)
        app.router.add_post(f"{api}/interactions/{{id}}/{{token}}/callback", self._callback)
        app.router.add_post(f"{api}/webhooks/{APP}/{{token}}", self._follow_up)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path.removeprefix('/api/v10')}")
        with_token = "/callback" not in request.path and "/webhooks/" not in request.path
        checked = request.path.startswith("/api") and with_token
        if checked and request.headers.get("Authorization") != f"Bot {TOKEN}":
            return refuse(401, 0, "401: Unauthorized")
        try:
            return await handler(request)
        except (msgspec.ValidationError, AssertionError) as problem:
            self.violations.append(f"{request.path}: {problem}")
            return refuse(400, 50035, "Invalid Form Body")

    async def _me(self, _: web.Request) -> web.Response:
        return as_json(self.me.payload())

    async def _application(self, _: web.Request) -> web.Response:
        return as_json(data.application(Person("1", "owner")))

    async def _gateway(self, _: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        url = self.address.replace("http", "ws") + "/gateway"
        return as_json({"url": url, "shards": 1, "session_start_limit": limit})

    async def _commands(self, request: web.Request) -> web.Response:
        self.commands = msgspec.json.decode(await request.read(), type=list[shapes.Command])
        made = [
            {**msgspec.to_builtins(one), "id": snowflake(), "application_id": APP, "version": "1",
             "default_member_permissions": None, "type": 1}
            for one in self.commands
        ]  # fmt: skip
        return as_json(made)

    async def _guild(self, request: web.Request) -> web.Response:
        guild = self.guilds.get(request.match_info["guild"])
        return as_json(guild.payload(self.me)) if guild else refuse(404, 10004, "Unknown Guild")

    async def _channels(self, request: web.Request) -> web.Response:
        return as_json(list(self.guilds[request.match_info["guild"]].channels.values()))

    async def _member(self, request: web.Request) -> web.Response:
        guild, user = self.guilds[request.match_info["guild"]], request.match_info["user"]
        if user not in guild.members:
            return refuse(404, 10007, "Unknown Member")
        return as_json(guild.member(Person(user, "somebody")))

    async def _typing(self, _: web.Request) -> web.Response:
        self.typing += 1
        return web.Response(status=204)

    async def _open_dm(self, request: web.Request) -> web.Response:
        user = str((await request.json())["recipient_id"])
        return as_json(self.dm_payload(Person(user, "somebody")))

    async def _post(self, request: web.Request) -> web.Response:
        if self.failures:
            return self.failures.popleft()
        body, files = await message_in(request)
        channel = request.match_info["channel"]
        known = self._nonces.get((channel, body.nonce)) if body.nonce and body.enforce_nonce else None
        sent = known or await self._keep(Sent(channel, snowflake(), body, files))
        if body.nonce:
            self._nonces[channel, body.nonce] = sent
        if self.forgets_to_say:
            self.forgets_to_say -= 1
            return refuse(502, 0, "it was taken all the same")
        return as_json(self.as_message(sent))

    async def _history(self, request: web.Request) -> web.Response:
        """Those after an id, the newest first, as documented."""
        channel, after = request.match_info["channel"], int(request.query.get("after", 0))
        there = [s for s in self.sent if s.channel == channel and not s.only_for and not s.deleted]
        found = [s for s in there if int(s.id) > after][: int(request.query.get("limit", 50))]
        return as_json([self.as_message(s) for s in reversed(found)])

    async def _edit(self, request: web.Request) -> web.Response:
        sent = self._found(request)
        if sent is None:
            return refuse(404, 10008, "Unknown Message")
        edit = await request.json()
        sent.body = msgspec.convert(
            {"content": edit.get("content"), "embeds": edit["embeds"]}, shapes.CreateMessage
        )
        return as_json(self.as_message(sent))

    async def _delete(self, request: web.Request) -> web.Response:
        sent = self._found(request)
        if sent is None:
            return refuse(404, 10008, "Unknown Message")
        sent.deleted = True
        return web.Response(status=204)

    def _found(self, request: web.Request) -> Sent | None:
        where = (request.match_info["channel"], request.match_info["message"])
        return next((s for s in self.sent if (s.channel, s.id) == where and not s.deleted), None)

    async def _callback(self, request: web.Request) -> web.Response:
        interaction = self.interactions[request.match_info["token"]]
        if interaction.late or interaction.callback is not None:
            return refuse(404, 10062, "Unknown interaction")
        interaction.callback = msgspec.json.decode(await request.read(), type=shapes.Callback)
        interaction.acknowledged.set()
        known = {
            "id": request.match_info["id"], "type": 2, "response_message_id": snowflake(),
            "response_message_loading": True, "response_message_ephemeral": True,
        }  # fmt: skip
        return as_json({"interaction": known, "resource": {"type": interaction.callback.type}})

    async def _follow_up(self, request: web.Request) -> web.Response:
        interaction = self.interactions[request.match_info["token"]]
        if interaction.expired or not interaction.acknowledged.is_set():
            return refuse(
                401 if interaction.expired else 404, 50027 if interaction.expired else 10015, "gone"
            )
        body, files = await message_in(request)
        alone = interaction.user.id if (body.flags or 0) & _EPHEMERAL else None
        sent = await self._keep(Sent(interaction.channel, snowflake(), body, files, alone))
        return as_json({**self.as_message(sent), "webhook_id": APP})

    async def _keep(self, sent: Sent) -> Sent:
        shapes.checked(sent.body)
        self.sent.append(sent)
        await self.posted.put(sent)
        return sent

    # ---- objects ----------------------------------------------------------------------------------------

    def as_message(self, sent: Sent) -> dict[str, Any]:
        """A message of the bot's as Discord gives it out."""
        reference = sent.body.message_reference
        return data.message(
            sent.channel,
            self.me,
            id=sent.id,
            content=sent.body.content or "",
            embeds=[msgspec.to_builtins(embed) for embed in sent.body.embeds],
            components=[msgspec.to_builtins(row) for row in sent.body.components],
            flags=_EPHEMERAL if sent.only_for else 0,
            **({"message_reference": msgspec.to_builtins(reference), "type": 19} if reference else {}),
        )

    def dm_payload(self, user: Person) -> dict[str, Any]:
        channel = str(int(user.id) + 1)
        self.dms[channel] = user
        return {
            "id": channel,
            "type": data.DM,
            "last_message_id": None,
            "flags": 0,
            "recipients": [user.payload()],
        }

    async def next_message(self, seconds: float = 10.0) -> Sent:
        return await asyncio.wait_for(self.posted.get(), seconds)


@asynccontextmanager
async def discord_server() -> AsyncIterator[DiscordServer]:
    server = DiscordServer()
    runner = web.AppRunner(server.app(), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
        assert json.dumps(server.violations) == "[]"
