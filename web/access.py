"""Who may call a route: every route declares it, and it is enforced here alone.

A route without a declaration stops the start (`web/pages.py`). Relaxing is what must be written down: there
is no default.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from storage.members.members import Role
from storage.members.sessions import State

if TYPE_CHECKING:
    from storage.members.sessions import Visitor
    from web.ask import Ask

SIGN_IN, CODE, CONFIRM, SET_UP = "/sign-in", "/sign-in/code", "/confirm", "/me/second-factor"

_FORBIDDEN = 403
_SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Access:
    """`role` is the least that a signed-in member must have. `fresh`: only shortly after a proof of who it
    is (step-up). `while_owing`: also for members who must set up their second factor first."""

    kind: Literal["public", "sender", "half", "member"] = "member"
    role: Role = Role.VIEWER
    fresh: bool = False
    while_owing: bool = False

    def confirmed(self) -> Self:
        """The same, after a step-up."""
        return replace(self, fresh=True)

    def also_owing(self) -> Self:
        """The same, also for those who have yet to set up a second factor."""
        return replace(self, while_owing=True)

    def __str__(self) -> str:
        said = str(self.role) if self.kind == "member" else self.kind
        return f"{said}, confirmed" if self.fresh else said


PUBLIC = Access("public")
SENDER = Access("sender")
"""Whoever signs the request: vendors' webhooks, Slack. The handler checks the signature."""
HALF = Access("half")
"""Whoever has given the password, and not yet the second factor."""
SIGNED_IN = Access()
MEMBER = Access(role=Role.MEMBER)
ADMIN = Access(role=Role.ADMIN)
OWNER = Access(role=Role.OWNER)


def admit(ask: "Ask", access: Access) -> Response | None:
    """None where the caller may go on; otherwise where to go first. Raises HTTPException (403)."""
    if access.kind in ("public", "sender"):
        return None
    if ask.who is None:
        return _to(SIGN_IN, ask)
    if access.kind == "half":
        return None if ask.who.state is State.HALF else _to("/", None)
    return _admit_member(ask, ask.who, access)


def _admit_member(ask: "Ask", who: "Visitor", access: Access) -> Response | None:
    if who.state is State.HALF:
        return _to(CODE, ask)
    if who.owes_second_factor and not access.while_owing:
        return _to(SET_UP, None)
    if not who.role.covers(access.role):
        raise HTTPException(_FORBIDDEN)
    if access.fresh and not who.is_confirmed(ask.now):
        return _to(CONFIRM, ask)
    return None


def _to(path: str, ask: "Ask | None") -> Response:
    back = ask.request.url.path if ask is not None and ask.request.method == "GET" else ""
    target = f"{path}?next={quote(back)}" if back not in ("", "/") else path
    return RedirectResponse(target, status_code=_SEE_OTHER)
