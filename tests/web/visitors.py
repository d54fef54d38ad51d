"""The site over ASGI, with a real mail server: what tests of pages start from."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx
import pyotp
from aiosmtpd.smtp import SMTP
from fastapi import FastAPI

from storage import accounts
from storage.doer import Doer
from storage.keys.vault import Vault
from storage.members import members, sessions
from storage.members.members import Person, Role
from storage.members.passwords import Passwords
from storage.members.sessions import Method
from storage.session import Database
from storage.settings import Settings
from storage.trust.audit import Job
from web.build import create_app
from web.site import Site, open_site

ORIGIN = "https://bot.example.com"
PASSWORD = "correct horse battery staple"
SAME_ORIGIN = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
QUICK = 4
"""The work factor of tests: bcrypt's least."""


class Postbox:
    """A real SMTP server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.url = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]  # the policy gives EmailMessage
        return "250 OK"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(self), "127.0.0.1", 0)
        self.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield

    def link(self, to: str) -> str:
        """The path of the link in the newest mail to an address."""
        mail = next(mail for mail in reversed(self.mails) if mail["To"] == to)
        body = mail.get_body(("plain",))
        assert body is not None
        found = re.search(rf"{re.escape(ORIGIN)}(/\S+)", body.get_content())
        assert found
        return found[1]

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]


class Browser:
    """Keeps cookies and says that requests come from our own pages, as browsers do."""

    def __init__(self, app: FastAPI, network: str = "198.51.100.7") -> None:
        transport = httpx.ASGITransport(app, client=(network, 1))
        self.client = httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, **more)

    async def post(self, path: str, **values: str) -> httpx.Response:
        return await self.client.post(path, data=values, headers=SAME_ORIGIN)

    async def raw(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.client.request(method, path, **more)

    def signed_in(self, cookie: str) -> "Browser":
        self.client.cookies.set("__Host-session", cookie, domain="bot.example.com", path="/")
        return self


@dataclass
class Stage:
    """An app with its site and its post."""

    app: FastAPI
    site: Site
    post: Postbox
    seeds: dict[bytes, str] = field(default_factory=dict)

    def browser(self, network: str = "198.51.100.7") -> Browser:
        return Browser(self.app, network)

    async def account(self, name: str = "Acme") -> int:
        return await accounts.create_account(self.site.db, self.site.vault, name=name, now=self.site.clock())

    async def member(
        self, account_id: int, role: Role = Role.OWNER, email: str | None = None, password: str = PASSWORD
    ) -> bytes:
        """A member of the account; returns the id."""
        person = Person(email or f"{secrets.token_hex(4)}@acme.example")
        hashed = await self.site.passwords.hash(password)
        return await members.add_member(
            self.site.db, self.site.vault, self.site.identity, account_id, person, role=role,
            password=hashed, now=self.site.clock(),
        )  # fmt: skip

    async def session(self, account_id: int, member_id: bytes, method: Method = Method.PASSWORD) -> Browser:
        """A browser that is signed in."""
        cookie, _ = await sessions.start(
            self.site.db, account_id, member_id, method=method, device="Firefox on Linux",
            now=self.site.clock(), by=Doer.job(Job.SYNC),
        )  # fmt: skip
        return self.browser().signed_in(cookie)

    async def settle(self) -> None:
        """What is done after an answer is done."""
        await self.site.settle()


@asynccontextmanager
async def stage_of(db: Database, vault: Vault, **settings: Any) -> AsyncIterator[Stage]:
    """The site on a database, with sign-up open."""
    post = Postbox()
    async with post.open():
        values = {"public_url": ORIGIN, "smtp_url": post.url, "signup": "open"} | settings
        chosen = Settings(_env_file=None, **values)  # type: ignore[call-arg]  # pydantic-settings takes it
        site = await open_site(chosen, db, vault)
        site.passwords = Passwords(site.identity.pepper, QUICK)
        yield Stage(create_app(site), site, post)
        await site.settle()


def code_of(seed: str, step: int = 0) -> str:
    """The code of an app, `step` steps from now."""
    totp = pyotp.TOTP(seed.replace(" ", ""))
    return totp.at(int(time.time()) + 30 * step)
