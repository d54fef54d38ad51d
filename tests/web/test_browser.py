"""In Chromium: from sign-up to two factors, each page looked at with axe, light and dark, narrow and wide.

With CHEWBOTTA_PICTURES=docs/gallery it leaves pictures of every page there.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Page, async_playwright

from storage.keys.vault import Vault
from storage.session import Database
from tests.e2e.local_slack import free_port, until
from tests.plugin_requirements import find_chromium
from tests.web.visitors import PASSWORD, Stage, code_of, stage_of

AXE = Path(__file__).parents[2] / ".cache/axe/package/axe.min.js"
PICTURES = os.environ.get("CHEWBOTTA_PICTURES")
SIZES = {"phone": {"width": 390, "height": 780}, "desktop": {"width": 1120, "height": 760}}
LOOKS = (("phone", "light"), ("desktop", "dark"))
"""Each size and each colour once: what is wrong with one is seldom right with the others."""

pytestmark = [
    pytest.mark.needs_chromium,
    pytest.mark.skipif(not AXE.is_file(), reason="axe is not here (run `make tools`, which needs npm)"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@asynccontextmanager
async def served(db: Database, vault: Vault) -> AsyncIterator[tuple[Stage, str]]:
    """The site on a real port of this machine."""
    port = free_port()
    origin = f"http://localhost:{port}"
    async with stage_of(db, vault, public_url=origin) as stage:
        config = uvicorn.Config(stage.app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        await until(lambda: _has_started(server), 20)
        try:
            yield stage, origin
        finally:
            server.should_exit = True
            await running


async def _has_started(server: uvicorn.Server) -> bool:
    return server.started


class Looked:
    """Looks at a page with axe in each size and colour, and keeps what it finds."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []
        self.pages = 0

    async def at(self, name: str) -> None:
        self.pages += 1
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        for size, scheme in LOOKS:
            await self.page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]  # two numbers, as it wants
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # one of its two words
            result: Any = await self.page.evaluate("axe.run(document)")
            self.found += [
                f"{name}, {size}, {scheme}: {one['id']} {one['nodes'][0]['html'][:120]}"
                for one in result["violations"]
            ]
            if await self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                self.found.append(f"{name}, {size}: wider than the screen")
            if PICTURES:
                file = Path(PICTURES) / f"web-{name}-{size}.png"
                await self.page.screenshot(path=file, full_page=True)


async def test_from_sign_up_to_two_factors(db: Database, vault: Vault) -> None:
    """A newcomer signs up, opens the mail, sets two factors, invites, signs in again; no page has a fault."""
    async with served(db, vault) as (stage, origin), async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        context = await browser.new_context()
        page = await context.new_page()
        complaints: list[str] = []
        hosts: set[str] = set()
        page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        page.on("request", lambda one: hosts.add(one.url.partition("://")[2].partition("/")[0]))
        looked = Looked(page)
        await _tour(stage, origin, page, looked)
        assert looked.found == []
        assert looked.pages >= 15
        assert {host for host in hosts if host and not host.startswith("localhost")} == set()
        assert [
            one for one in complaints if "422" not in one and "404" not in one and "Content Security" in one
        ] == []
        await browser.close()


async def _tour(stage: Stage, origin: str, page: Page, looked: Looked) -> None:
    for path, name in (
        ("/", "welcome"), ("/sign-in", "sign-in"), ("/password/forgot", "forgot"), ("/security", "security"),
        ("/privacy", "privacy"), ("/dpa", "dpa"), ("/nothing", "error"), ("/sign-up", "sign-up"),
    ):  # fmt: skip
        await page.goto(origin + path)
        await looked.at(name)
    await page.get_by_label("Company").fill("Acme GmbH")
    await page.get_by_label("Your e-mail at work").fill("ada@acme.example")
    await page.get_by_label("Password", exact=True).fill("password1234")
    await page.get_by_text("on the lists of common ones").wait_for()
    await page.get_by_role("button", name="Send me the link").click()
    await page.get_by_text("Please look at what is marked").wait_for()
    assert await page.get_by_label("Company").input_value() == "Acme GmbH"
    await looked.at("sign-up-error")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Send me the link").click()
    await page.get_by_role("heading", name="Look into your mail").wait_for()
    await looked.at("mailed")
    await stage.settle()
    await page.goto(_link(stage, origin, "ada@acme.example"))
    await looked.at("finish")
    await page.get_by_label("The password that you chose").fill(PASSWORD)
    await page.get_by_role("button", name="Make the account").click()
    await page.get_by_role("heading", name="Acme GmbH").wait_for()
    await looked.at("home")
    await _second_factor(page, looked)
    await _colleague(stage, origin, page, looked)


def _link(stage: Stage, origin: str, to: str) -> str:
    body = stage.post.to(to)[-1].get_body(("plain",))
    assert body is not None
    found = re.search(rf"{re.escape(origin)}/\S+", body.get_content())
    assert found
    return found[0]


async def _second_factor(page: Page, looked: Looked) -> None:
    await page.get_by_role("link", name="You", exact=True).click()
    await page.get_by_role("link", name="Set it up").click()
    await looked.at("second-factor")
    seed = await page.locator(".secret").inner_text()
    await page.get_by_label("Code that your app shows").fill(code_of(seed, -1))
    await page.get_by_role("button", name="Switch it on").click()
    await page.get_by_role("heading", name="Keep these codes").wait_for()
    await looked.at("recovery-codes")
    await page.get_by_role("link", name="I have kept them").click()
    await looked.at("you")
    await page.get_by_role("button", name="Sign out").first.click()
    await page.get_by_label("E-mail").fill("ada@acme.example")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Second step").wait_for()
    await looked.at("code")
    await page.get_by_label("Code of your app").fill(code_of(seed))
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("heading", name="Acme GmbH").wait_for()


async def _colleague(stage: Stage, origin: str, page: Page, looked: Looked) -> None:
    await page.goto(f"{origin}/settings")
    await looked.at("settings")
    await page.goto(f"{origin}/members")
    await page.get_by_label("E-mail").fill("bo@acme.example")
    await page.get_by_role("button", name="Invite").click()
    await page.get_by_text("on its way").wait_for()
    await looked.at("members")
    await stage.settle()
    await page.goto(_link(stage, origin, "bo@acme.example"))
    await looked.at("join")
