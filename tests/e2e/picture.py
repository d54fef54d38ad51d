"""Takes docs/gallery/answer.png anew: `python -m tests.e2e.picture` (needs Chromium and `make tools`).

The demo company answers in local-slack's page; Chromium looks at it as a newcomer would.
"""

import asyncio
import io
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from PIL import Image
from playwright.async_api import async_playwright

from tests.e2e.local_slack import LocalSlack, program, until

PICTURE = Path(__file__).parents[2] / "docs/gallery/answer.png"
QUESTIONS = ("What is our MRR?", "Top 5 customers by MRR", "MRR by month for the last 6 months in USD")

_CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_COLOURS = 80
_SIZE = {"width": 1080, "height": 820}
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def save_small(png: bytes, file: Path) -> None:
    """Saves a picture with a few colours: small enough for a page of many."""
    Image.open(io.BytesIO(png)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(
        file, optimize=True
    )


def chromium_path() -> str:
    """Where the system's Chromium is."""
    return shutil.which("chromium") or "/usr/bin/chromium"


def chromium_options() -> tuple[str, ...]:
    """How it is started: as one that looks at pages of this machine alone."""
    return _CHROMIUM_OPTIONS


@asynccontextmanager
async def demo_in_slack() -> AsyncIterator[LocalSlack]:
    """`chewbotta demo --slack` with a company of its own, while it runs."""
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chewbotta", "demo", "--slack", program(), "--folder", folder),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with aiohttp.ClientSession() as session:
                yield LocalSlack(await _address(process), session)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        async for line in process.stdout:
            found = _ADDRESS.search(line.decode())
            if found:
                return found[0]
    raise SystemExit("the demo ended before it said where Slack is")


async def photograph(slack: LocalSlack, file: Path, questions: tuple[str, ...] = QUESTIONS) -> None:
    """Asks in a direct message, as the first person of the workspace, and takes a picture of the talk."""
    async with slack.session.get(f"{slack.address}/_control/state") as answer:
        person = next(user for user in (await answer.json())["users"] if not user["is_bot"])
    await _connected(slack)
    for question in questions:
        sent = await slack.say(person["id"], person["id"], question)
        await slack.reply(sent["channel"])
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium_path(), args=list(_CHROMIUM_OPTIONS))
        page = await browser.new_page(viewport=_SIZE, device_scale_factor=1.5)
        await page.goto(slack.address)
        await page.get_by_role("button", name=person["real_name"]).click()
        await page.get_by_text(questions[-1]).first.wait_for()
        await page.get_by_text("1 reply").last.click()
        await page.wait_for_timeout(500)
        file.parent.mkdir(parents=True, exist_ok=True)
        save_small(await page.screenshot(), file)
        await browser.close()


async def _connected(slack: LocalSlack) -> None:
    async def greeted() -> bool:
        return any("hello" in str(entry) for entry in await slack.log())

    await until(greeted, 30)


async def main() -> None:
    async with demo_in_slack() as slack:
        await photograph(slack, PICTURE)


if __name__ == "__main__":
    asyncio.run(main())
