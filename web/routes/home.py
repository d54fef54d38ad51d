"""Home, which tells the next step, and the texts that are rendered from docs/public/."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from storage import sources
from storage.members import members
from storage.members.members import Role
from web.access import PUBLIC
from web.ask import Ask
from web.pages import Pages

pages = Pages()

_TEXTS = Path(__file__).parents[2] / "docs" / "public"
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, and where; `done` is ticked."""

    title: str
    why: str
    path: str
    done: bool


@pages.get("/", who=PUBLIC)
async def home(ask: Ask) -> Response:
    if ask.who is None:
        return ask.page("welcome.html")
    if ask.who.state == "half":
        return ask.go("/sign-in/code")
    if ask.who.owes_second_factor:
        return ask.go("/me/second-factor")
    return ask.page("home.html", steps=await _steps(ask))


async def _steps(ask: Ask) -> list[Step]:
    who = ask.visitor
    is_safe = who.has_second_factor or not who.has_password
    steps = [Step("Protect your sign-in", "A code of your phone besides the password.", "/me", is_safe)]
    if who.role.covers(Role.ADMIN):
        connected = bool(await sources.list_sources(ask.site.db, who.account_id))
        several = await members.count_members(ask.site.db, who.account_id) > 1
        steps.append(Step("Connect a source", *_where_to_connect(ask), connected))
        steps.append(
            Step("Invite a colleague", "Somebody who looks after this with you.", "/members", several)
        )
    return steps


def _where_to_connect(ask: Ask) -> tuple[str, str]:
    """Why, and on which page; without that page it is a command of whoever runs this."""
    if any(route.path == "/sources" for route in ask.request.app.state.declared):
        return "Stripe, HubSpot, Intercom or Zendesk.", "/sources"
    return "Whoever runs Chewbotta does it: chewbotta source add stripe", ""


def _text(name: str, title: str) -> None:
    @pages.get(f"/{name}", who=PUBLIC)
    async def text(ask: Ask) -> Response:
        return ask.page("text.html", title=title, text=_rendered(name))


for _name, _title in (("security", "Security"), ("privacy", "Privacy"), ("dpa", "Data processing addendum")):
    _text(_name, _title)


@cache
def _rendered(name: str) -> Markup:
    """A text of ours as HTML; raw HTML in it stays text."""
    file = _TEXTS / f"{name}.md"
    if not file.is_file():
        raise HTTPException(_NOT_FOUND)
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(file.read_text("utf-8")))  # noqa: S704 - a file of ours, with its HTML escaped
