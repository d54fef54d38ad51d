"""Sign in with Google: One Tap and the button, or there and back. Identity is Google's id, never the address.

Who signs in for the first time is linked only after signing in here once, with password and second factor,
and only to the address that Google has verified.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from starlette.responses import RedirectResponse, Response

from storage.members import members, sessions, throttle
from storage.members.members import AddressTaken
from storage.members.sessions import Method
from web.access import PUBLIC, SIGNED_IN
from web.ask import Ask
from web.flash import Flash
from web.forms import Field, Filled, Form
from web.google import Claimed, NotGoogle
from web.hardening import CSP
from web.pages import Pages
from web.routes.entering import let_in
from web.telling import tell

pages = Pages()

ONE_TAP = Form(
    Field("credential", "Credential", kind="hidden", longest=8_192),
    Field("g_csrf_token", "Token", kind="hidden"),
)
_BACK = "/sign-in/google/back"
_LASTS = 600
_SEE_OTHER = 303
_GIS = "https://accounts.google.com/gsi/"
_GOOGLES_CSP = (
    CSP.replace("script-src 'self'", f"script-src 'self' {_GIS}client")
    .replace("style-src 'self'", f"style-src 'self' {_GIS}style")
    .replace("connect-src 'self'", f"connect-src 'self' {_GIS}")
    + f"; frame-src {_GIS}"
)


def with_google(ask: Ask, page: Callable[[str | None], Response]) -> Response:
    """A page with Google's button, where Google is set up: only there its script may run. The nonce that its
    token must bear is the hash of a cookie of this browser."""
    if ask.site.google is None:
        return page(None)
    kept = ask.cookie("google") or secrets.token_urlsafe(32)
    response = page(_nonce(kept))
    response.headers["Content-Security-Policy"] = _GOOGLES_CSP
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    ask.put(response, "google", kept, lasts=_LASTS)
    return response


def _nonce(kept: str) -> str:
    return hashlib.sha256(b"nonce:" + kept.encode()).hexdigest()


@pages.post("/sign-in/google/one-tap", who=PUBLIC, form=ONE_TAP)
async def one_tap(ask: Ask, filled: Filled) -> Response:
    """What Google's script sends: the token, and `g_csrf_token` as field and as cookie."""
    google, doubled = ask.site.google, ask.request.cookies.get("g_csrf_token", "")
    same = doubled != "" and hmac.compare_digest(doubled.encode(), filled["g_csrf_token"].encode())
    kept = ask.cookie("google")
    if google is None or not filled.ok or not same or not kept:
        return ask.go("/sign-in", Flash.GOOGLE_FAILED)
    try:
        claimed = await google.verify(filled["credential"], _nonce(kept))
    except NotGoogle:
        return ask.go("/sign-in", Flash.GOOGLE_FAILED)
    if not await throttle.take(ask.site.db, ask.site.identity, throttle.NONCES, kept, ask.now):
        return ask.go("/sign-in", Flash.GOOGLE_FAILED)
    return _forget(ask, await _enter(ask, claimed))


@pages.get("/sign-in/google", who=PUBLIC)
async def there(ask: Ask) -> Response:
    """To Google. What comes back must name the state that this browser keeps."""
    if ask.site.google is None:
        return ask.go("/sign-in")
    kept = secrets.token_urlsafe(32)
    again = ask.who is not None
    try:
        target = await ask.site.google.way_there(
            _redirect_uri(ask), _state(kept), _verifier(kept), again=again
        )
    except NotGoogle:
        return ask.go("/sign-in", Flash.GOOGLE_FAILED)
    response = RedirectResponse(target, status_code=_SEE_OTHER, headers={"Cache-Control": "no-store"})
    ask.put(response, "google", kept, lasts=_LASTS)
    return response


def _redirect_uri(ask: Ask) -> str:
    return (ask.site.origin or str(ask.request.base_url).rstrip("/")) + _BACK


def _state(kept: str) -> str:
    return hashlib.sha256(b"state:" + kept.encode()).hexdigest()


def _verifier(kept: str) -> str:
    return hashlib.sha256(b"verifier:" + kept.encode()).hexdigest()


@pages.get(_BACK, who=PUBLIC)
async def back(ask: Ask) -> Response:
    google, kept, query = ask.site.google, ask.cookie("google"), ask.request.query_params
    state = query.get("state", "").encode()
    if google is None or not kept or not hmac.compare_digest(state, _state(kept).encode()):
        return ask.go("/sign-in", Flash.GOOGLE_FAILED)
    try:
        claimed = await google.redeem(query.get("code", ""), _redirect_uri(ask), _verifier(kept))
    except NotGoogle:
        return _forget(ask, ask.go("/sign-in", Flash.GOOGLE_FAILED))
    return _forget(ask, await _enter(ask, claimed))


def _forget(ask: Ask, response: Response) -> Response:
    """The cookie of this sign-in has served."""
    ask.put(response, "google", "", lasts=0)
    return response


async def _enter(ask: Ask, claimed: Claimed) -> Response:
    known = await members.by_google(ask.site.db, ask.site.identity, claimed.subject)
    who = ask.who if ask.who is not None and ask.who.state == "full" else None
    if who is not None and (known is None or known.member_id == who.member_id):
        return await (_confirmed(ask) if known else _link(ask, claimed))
    if known is not None:
        return await let_in(ask, known, Method.GOOGLE)
    return ask.go("/sign-in", Flash.GOOGLE_UNKNOWN)


async def _confirmed(ask: Ask) -> Response:
    """The same person once more: a step-up for whoever has no password."""
    return ask.signed_in(ask.go("/me"), await sessions.rotate(ask.site.db, ask.visitor, ask.now))


async def _link(ask: Ask, claimed: Claimed) -> Response:
    """Links the signed-in member, who has just proved password and second factor."""
    who, site = ask.visitor, ask.site
    person = await members.person_of(site.db, site.vault, who.account_id, who.member_id)
    known = await members.by_email(site.db, site.identity, claimed.email or "")
    is_same = known is not None and known.member_id == who.member_id and claimed.email is not None
    if not is_same or not who.is_confirmed(ask.now) or who.method is not Method.PASSWORD:
        return ask.go("/me", Flash.GOOGLE_FAILED)
    try:
        await members.link_google(
            site.db, site.identity, who.account_id, who.member_id, claimed.subject, ask.by()
        )
    except AddressTaken:
        return ask.go("/me", Flash.GOOGLE_FAILED)
    site.later(tell(ask, person.email, "google_linked", link="/me"))
    return ask.go("/me", Flash.GOOGLE_LINKED)


@pages.get("/me/google", who=SIGNED_IN.confirmed())
async def link_page(ask: Ask) -> Response:
    """After the step-up: on to Google, to link it."""
    return ask.go("/sign-in/google")
