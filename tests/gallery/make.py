"""Takes docs/gallery/ anew: `make gallery` (needs Chromium; with local-slack also the talk in its page).

The demo company answers; each answer is drawn as HTML that looks like Slack, light beside dark, and Chromium
takes its picture. Other features add shots of their own to `SHOTS`.
"""

import asyncio
import html
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from playwright.async_api import Page, async_playwright
from rich.console import Console

from bot.demo import bring_up, settings_of
from bot.wiring import Ready, open_ready
from storage import logs
from tests.e2e.picture import chromium_options, chromium_path, save_small
from tests.gallery import answers, thoughts
from tests.gallery.block_kit import message
from tests.gallery.shot import Shot

GALLERY = Path(__file__).parents[2] / "docs/gallery"
SHOTS: tuple[Callable[[Ready], AsyncIterator[Shot]], ...] = (answers.shots, thoughts.shots)
"""Where pictures come from: each is given the demo company."""

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
_FACE = "\N{CRAB}"


def page(shot: Shot) -> str:
    """A shot as HTML, light and dark."""
    panes = "".join(f'<div class="pane {theme}">{_talk(shot)}</div>' for theme in ("light", "dark"))
    return f"<!doctype html><meta charset='utf-8'><style>{_STYLE}</style>{panes}"


def _talk(shot: Shot) -> str:
    asked = "" if shot.where == "told" else _asked(shot)
    only = '<div class="only">👁 Only visible to you</div>' if shot.where == "aside" or shot.pressed else ""
    said = "".join(
        _spoken("app", _FACE, "chewbotta", message(m["blocks"], shot.pictures)) for m in shot.messages
    )
    return asked + only + said


def _asked(shot: Shot) -> str:
    words = html.escape(shot.asked)
    if shot.where in ("channel", "aside"):
        words = f'<a href="#">@chewbotta</a> {words}'
    said = f'<i style="color:var(--soft)">pressed</i> <b>{words}</b>' if shot.pressed else words
    return _spoken("person", "ML", "Maya Lindqvist", f"<div>{said}</div>")


def _spoken(who: str, face: str, name: str, said: str) -> str:
    tag = '<span class="tag">APP</span>' if who == "app" else ""
    above = f'<span class="name">{name}</span>{tag}<span class="time">11:00</span>'
    return (
        f'<div class="said"><div class="face {who}">{face}</div><div class="body">{above}{said}</div></div>'
    )


async def take(browser_page: Page, shot: Shot, file: Path) -> None:
    """One picture, small enough for a page of many."""
    await browser_page.set_content(page(shot))
    save_small(await browser_page.locator("body").screenshot(), file)


async def main(only: str | None = None) -> None:
    logs.configure("WARNING")
    GALLERY.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(Path(folder))
        await bring_up(settings, Console(quiet=True))
        async with open_ready(settings) as ready, async_playwright() as play:
            browser = await play.chromium.launch(
                executable_path=chromium_path(), args=list(chromium_options())
            )
            looking = await browser.new_page(
                viewport={"width": 1280, "height": 200}, device_scale_factor=1.35
            )
            for source in SHOTS:
                async for shot in source(ready):
                    if only is None or shot.name.startswith(only):
                        file = GALLERY / f"{shot.name}.png"
                        await take(looking, shot, file)
                        Console().print(f"{file.name}  {file.stat().st_size // 1024} KB")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:2]))
