"""Signing in and out, the second factor, and the step-up before what matters.

Whether an address is known shows in neither the answer nor its time: a password is always checked, against
nobody's where there is none, and what is to be noted is noted after the answer.
"""

from contextlib import suppress
from dataclasses import replace

from starlette.responses import Response

from storage.members import members, second_factor, sessions, throttle
from storage.members.members import Known, NoMemberError
from storage.members.second_factor import Tried
from storage.members.sessions import Method
from storage.models import Member
from storage.trust.audit import Action, Fact
from web.access import HALF, PUBLIC, SIGNED_IN
from web.ask import Ask
from web.flash import Flash
from web.forms import Filled, Form, code_field, email_field, password_field
from web.pages import Pages
from web.routes.entering import let_in

pages = Pages()

SIGN_IN = Form(email_field(), password_field())
CODE = Form(code_field("Code of your app", hint="Six digits. Or one of your recovery codes."))
CONFIRM = Form(password_field())
EITHER = Form(
    replace(CODE.fields["code"], required=False), replace(CONFIRM.fields["password"], required=False)
)
NOBODY = Known(0, bytes(16))

WRONG = "Address and password do not belong together."
TOO_MANY = "Too many tries. Wait a quarter of an hour, or set a new password."
TOO_MANY_CODES = "Too many tries. Wait ten minutes."
_TOO_MANY_REQUESTS, _UNPROCESSABLE = 429, 422


@pages.get("/sign-in", who=PUBLIC)
async def sign_in_page(ask: Ask) -> Response:
    return ask.go("/") if ask.who else sign_in_form(ask, SIGN_IN.empty())


def sign_in_form(ask: Ask, filled: Filled, status: int = 200) -> Response:
    """The page to sign in on; where Google is set up, with its button."""
    from web.routes.google import with_google  # the two pages lead to each other

    return with_google(ask, lambda nonce: ask.page("sign_in.html", status=status, filled=filled, nonce=nonce))


@pages.post("/sign-in", who=PUBLIC, form=SIGN_IN)
async def sign_in(ask: Ask, filled: Filled) -> Response:
    if not filled.ok:
        return sign_in_form(ask, filled, _UNPROCESSABLE)
    if not await _may_try(ask, filled["email"]):
        return sign_in_form(ask, filled.fail("", TOO_MANY), _TOO_MANY_REQUESTS)
    known = await members.by_email(ask.site.db, ask.site.identity, filled["email"])
    row = await _row(ask, known or NOBODY)
    right = await ask.site.passwords.check(filled["password"], row.password if row else None)
    if not right or known is None or row is None:
        if known is not None:
            ask.site.later(_note_refusal(ask, known))
        return sign_in_form(ask, filled.fail("", WRONG), _UNPROCESSABLE)
    await throttle.forgive(ask.site.db, ask.site.identity, throttle.PASSWORDS, _folded(filled["email"]))
    await _rehash(ask, row, filled["password"])
    return await let_in(ask, known, Method.PASSWORD)


async def _may_try(ask: Ask, email: str) -> bool:
    site = ask.site
    from_here = await throttle.take(site.db, site.identity, throttle.SIGN_INS_FROM, ask.network, ask.now)
    return (
        await throttle.take(site.db, site.identity, throttle.PASSWORDS, _folded(email), ask.now) and from_here
    )


def _folded(email: str) -> str:
    return email.casefold()


async def _row(ask: Ask, known: Known) -> Member | None:
    """The member's row. Nobody's is looked for too: it takes as long."""
    with suppress(NoMemberError):
        return await members.load(ask.site.db, known.account_id, known.member_id)
    return None


async def _rehash(ask: Ask, row: Member, password: str) -> None:
    """A hash of an earlier work factor is made anew, now that the password is known."""
    if row.password and ask.site.passwords.is_outdated(row.password):
        hashed = await ask.site.passwords.hash(password)
        await members.set_password(ask.site.db, row.account_id, row.member_id, hashed, None)


async def _note_refusal(ask: Ask, known: Known) -> None:
    async with ask.site.db.tenant(known.account_id) as session:
        details = {Fact.REASON: Method.PASSWORD}
        await members.note(session, ask.by(known.member_id), Action.SIGN_IN_REFUSED, known.member_id, details)


@pages.get("/sign-in/code", who=HALF)
async def code_page(ask: Ask) -> Response:
    return ask.page("code.html", filled=CODE.empty())


@pages.post("/sign-in/code", who=HALF, form=CODE)
async def code(ask: Ask, filled: Filled) -> Response:
    if filled.ok and await spent(ask, filled):
        cookie = await sessions.rotate(ask.site.db, ask.visitor, ask.now, by=ask.by())
        return ask.signed_in(ask.go(ask.next(), Flash.SIGNED_IN), cookie)
    return ask.page("code.html", status=_UNPROCESSABLE, filled=filled)


async def spent(ask: Ask, filled: Filled) -> bool:
    """Whether the code was right; it is taken now. Says in the form what is wrong."""
    who = ask.visitor
    tried = await second_factor.spend(
        ask.site.db, ask.site.vault, ask.site.identity, who.account_id, who.member_id, filled["code"],
        now=ask.now, by=ask.by(),
    )  # fmt: skip
    if tried is Tried.WRONG:
        filled.fail("code", "This code is wrong, or was used already. Wait for the next one.")
    elif tried is Tried.TOO_MANY:
        filled.fail("code", TOO_MANY_CODES)
    return tried is Tried.RIGHT


@pages.post("/sign-out", who=PUBLIC)
async def sign_out(ask: Ask) -> Response:
    if ask.who is not None:
        await sessions.end(ask.site.db, ask.who, ask.by())
    response = ask.signed_in(ask.go("/sign-in", Flash.SIGNED_OUT), None)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@pages.get("/confirm", who=SIGNED_IN.also_owing())
async def confirm_page(ask: Ask) -> Response:
    return ask.page("confirm.html", filled=_confirmation(ask).empty())


def _confirmation(ask: Ask) -> Form:
    """A code where there is a second factor, otherwise the password."""
    return CODE if ask.visitor.has_second_factor else CONFIRM


@pages.post("/confirm", who=SIGNED_IN.also_owing(), form=EITHER)
async def confirm(ask: Ask, _both: Filled) -> Response:
    filled = _confirmation(ask).read(ask.data)
    proof = spent if ask.visitor.has_second_factor else knows_password
    if filled.ok and await proof(ask, filled):
        cookie = await sessions.rotate(ask.site.db, ask.visitor, ask.now)
        return ask.signed_in(ask.go(ask.next()), cookie)
    return ask.page("confirm.html", status=_UNPROCESSABLE, filled=filled)


async def knows_password(ask: Ask, filled: Filled) -> bool:
    """Whether the visitor's own password was typed. Says in the form what is wrong."""
    who, site = ask.visitor, ask.site
    if not await throttle.take(site.db, site.identity, throttle.PASSWORDS, who.member_id.hex(), ask.now):
        filled.fail("password", TOO_MANY)
        return False
    row = await members.load(site.db, who.account_id, who.member_id)
    if not await site.passwords.check(filled["password"], row.password):
        filled.fail("password", "This is not your password.")
        return False
    await throttle.forgive(site.db, site.identity, throttle.PASSWORDS, who.member_id.hex())
    return True
