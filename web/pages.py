"""Routes of pages, each with who may call it: without that there is no route.

    pages = Pages()

    @pages.get("/members", who=ADMIN)
    async def members(ask: Ask) -> Response: ...

    @pages.post("/members/invite", who=ADMIN.confirmed(), form=INVITE)
    async def invite(ask: Ask, filled: Filled) -> Response: ...

`mount` puts them into the app; `declared` says of every route of an app who may call it.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from web.access import PUBLIC, SENDER, Access, admit
from web.ask import Ask, ask_of
from web.errors import answered
from web.forms import Form
from web.site import Site

Handler = Callable[..., Awaitable[Response]]
_PARAMETER = re.compile(r"{(\w+)}")

OTHERS: dict[str, Access] = {
    "/healthz": PUBLIC,
    "/readyz": PUBLIC,
    "/openapi.json": PUBLIC,
    "/static": PUBLIC,
    "/webhooks": SENDER,
    "/slack": SENDER,
}
"""Routes that are no pages, by the beginning of their path."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One route and who may call it."""

    method: str
    path: str
    who: Access
    form: Form | None
    handler: Handler

    def extra(self) -> dict[str, Any]:
        """What the OpenAPI document says of it."""
        said: dict[str, Any] = {
            "x-access": str(self.who),
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _PARAMETER.findall(self.path)
            ],
        }
        if self.form is not None:
            content = {"application/x-www-form-urlencoded": {"schema": self.form.schema()}}
            said["requestBody"] = {"content": content}
        return said


class Pages:
    """The routes of one part of the site."""

    def __init__(self) -> None:
        self.routes: list[Declared] = []

    def get(self, path: str, *, who: Access) -> Callable[[Handler], Handler]:
        return self._route("GET", path, who, None)

    def post(self, path: str, *, who: Access, form: Form | None = None) -> Callable[[Handler], Handler]:
        """With a `form` the handler gets it filled in, too."""
        return self._route("POST", path, who, form)

    def _route(self, method: str, path: str, who: Access, form: Form | None) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            self.routes.append(Declared(method, path, who, form, handler))
            return handler

        return keep


def mount(app: FastAPI, site: Site, *parts: Pages) -> None:
    """Puts all routes into the app."""
    for one in (route for part in parts for route in part.routes):
        app.add_api_route(
            one.path, _endpoint(one, site), methods=[one.method], response_class=Response,
            name=f"{one.method} {one.path}", openapi_extra=one.extra(),
            operation_id=f"{one.method.lower()}{re.sub(r'[^a-z0-9]+', '_', one.path.lower())}",
            responses={200: {"description": "A page"}, 303: {"description": "Another page is next"}},
        )  # fmt: skip
    app.state.declared = [route for part in parts for route in part.routes]


def _endpoint(one: Declared, site: Site) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await answered(_answer(request))

    async def _answer(request: Request) -> Response:
        ask: Ask = await ask_of(request, site)
        stopped = admit(ask, one.who)
        if stopped is not None:
            return stopped
        if one.form is None:
            return await one.handler(ask)
        return await one.handler(ask, one.form.read(ask.data))

    return endpoint


def access_of(app: FastAPI) -> Iterator[tuple[str, str, Access | None]]:
    """(method, path, who may call it) of every route that the app answers; None where nobody has said it."""
    known = {(one.method, one.path): one.who for one in app.state.declared}
    for route in app.routes:
        path = str(getattr(route, "path", ""))
        for method in _methods(route):
            yield method, path, known.get((method, path)) or _other(path)


def _methods(route: BaseRoute) -> list[str]:
    if isinstance(route, Mount):
        return ["GET"]
    found = route.methods if isinstance(route, Route) else getattr(route, "methods", None)
    return sorted(set(found or {"GET"}) - {"HEAD", "OPTIONS"})


def _other(path: str) -> Access | None:
    for beginning, access in OTHERS.items():
        if path == beginning or path.startswith(f"{beginning}/"):
            return access
    return None


def check_declared(app: FastAPI) -> None:
    """Raises RuntimeError where a route does not say who may call it."""
    silent = [f"{method} {path}" for method, path, access in access_of(app) if access is None]
    if silent:
        raise RuntimeError(f"these routes do not say who may call them: {', '.join(silent)}")
