"""One request of a person: who asks, what was sent, and the ways to answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from storage.doer import Doer
from storage.members import sessions
from storage.members.sessions import Visitor
from storage.trust.audit import Actor, Channel, Origin
from web.flash import Flash
from web.rendering import render
from web.site import Site

_SEE_OTHER = 303
_MOST_FIELDS = 60
_OWN_PATH = re.compile(r"/(?![/\\])[\w/.-]{0,200}", re.ASCII)
_NOBODY = bytes(16)


@dataclass(slots=True)
class Ask:
    """`now` is one moment for the whole request; `data` what a form sent."""

    request: Request
    site: Site
    now: datetime
    who: Visitor | None
    data: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def visitor(self) -> Visitor:
        """Who is signed in, on routes that ask for it."""
        if self.who is None:
            raise RuntimeError("this route is open to whoever is not signed in")
        return self.who

    @property
    def network(self) -> str:
        """Where the request comes from, for counting tries; uvicorn knows which proxies to believe."""
        return self.request.client.host if self.request.client else ""

    def by(self, member_id: bytes | None = None) -> Doer:
        """Who does it, for the audit trail: this visitor, or the member named; from a keyed trace."""
        member = member_id or (self.who.member_id if self.who else _NOBODY)
        trace = self.site.identity.key("trace", self.network)
        return Doer(Actor.person(member), Origin(Channel.WEB, trace))

    def next(self) -> str:
        """Where to go on, as the address said: a plain path of ours, or home."""
        wanted = self.request.query_params.get("next", "")
        return wanted if _OWN_PATH.fullmatch(wanted) else "/"

    def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page of ours; the message that waited is shown and taken away."""
        flash = Flash.of(self.request.cookies.get(self.site.cookie("flash")))
        text = render(template, ask=self, flash=flash, **context)
        response = HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})
        if flash is not None:
            self._drop(response, "flash")
        return response

    def go(self, path: str, flash: Flash | None = None) -> Response:
        """On to another page of ours, which says `flash`."""
        response = RedirectResponse(path, status_code=_SEE_OTHER, headers={"Cache-Control": "no-store"})
        if flash is not None:
            self.put(response, "flash", flash, lasts=60)
        return response

    def signed_in(self, response: Response, cookie: str | None) -> Response:
        """Gives the browser its session; None takes it away."""
        if cookie is None:
            self._drop(response, "session")
        else:
            self.put(response, "session", cookie, lasts=int(sessions.LONGEST.total_seconds()))
        return response

    def cookie(self, name: str) -> str:
        """A cookie that we set."""
        return self.request.cookies.get(self.site.cookie(name), "")

    def put(self, response: Response, name: str, value: str, *, lasts: int) -> None:
        response.set_cookie(
            self.site.cookie(name), value, max_age=lasts, path="/", secure=self.site.is_secure,
            httponly=True, samesite="lax",
        )  # fmt: skip

    def _drop(self, response: Response, name: str) -> None:
        response.delete_cookie(
            self.site.cookie(name), path="/", secure=self.site.is_secure, httponly=True, samesite="lax"
        )


async def ask_of(request: Request, site: Site) -> Ask:
    """Reads who asks and what was sent. Of a field that came twice the last counts."""
    now = site.clock()
    who = await sessions.visitor(site.db, request.cookies.get(site.cookie("session")), now)
    data = await _sent(request) if request.method == "POST" else {}
    return Ask(request, site, now, who, data)


async def _sent(request: Request) -> dict[str, str]:
    """The fields of a form as browsers send it; anything else has none. There are no uploads."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="replace"))
    except ValueError:
        return {}
