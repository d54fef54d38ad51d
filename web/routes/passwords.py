"""A new password: by mail where it was forgotten, or in place of the old one."""

from starlette.responses import Response

from storage.members import links, members, sessions
from storage.members.links import Link, Purpose
from storage.members.members import end_sessions
from web.access import PUBLIC, SIGNED_IN
from web.ask import Ask
from web.flash import Flash
from web.forms import Filled, Form, email_field, new_password_field, password_field
from web.pages import Pages
from web.routes.sign_in import TOO_MANY, knows_password
from web.routes.sign_up import judge, may_mail, may_open
from web.telling import tell

pages = Pages()

FORGOT = Form(email_field())
RESET = Form(new_password_field())
CHANGE = Form(password_field("Your password now"), new_password_field())
_UNPROCESSABLE, _TOO_MANY_REQUESTS = 422, 429


@pages.get("/password/forgot", who=PUBLIC)
async def forgot_page(ask: Ask) -> Response:
    return ask.page("forgot.html", filled=FORGOT.empty())


@pages.post("/password/forgot", who=PUBLIC, form=FORGOT)
async def forgot(ask: Ask, filled: Filled) -> Response:
    if not filled.ok:
        return ask.page("forgot.html", status=_UNPROCESSABLE, filled=filled)
    if not await may_mail(ask, filled["email"]):
        return ask.page("forgot.html", status=_TOO_MANY_REQUESTS, filled=filled.fail("", TOO_MANY))
    ask.site.later(_mail_link(ask, filled["email"]))
    return ask.page(
        "mailed.html", what="to set a new password, if somebody here has that address", lasts="an hour"
    )


async def _mail_link(ask: Ask, email: str) -> None:
    """After the answer: whether the address is known shows nowhere but in its mailbox."""
    known = await members.by_email(ask.site.db, ask.site.identity, email)
    if known is None:
        return
    secret = await links.make(
        ask.site.db,
        ask.site.vault,
        known.account_id,
        Purpose.PASSWORD,
        now=ask.now,
        member_id=known.member_id,
    )
    await tell(ask, email, "reset", link=f"/password/reset/{secret}")


async def _link(ask: Ask) -> Link | None:
    if not await may_open(ask):
        return None
    return await links.look(
        ask.site.db, ask.site.vault, ask.request.path_params["secret"], Purpose.PASSWORD, ask.now
    )


@pages.get("/password/reset/{secret}", who=PUBLIC)
async def reset_page(ask: Ask) -> Response:
    if await _link(ask) is None:
        return ask.go("/password/forgot", Flash.LINK_DEAD)
    return ask.page("reset.html", filled=RESET.empty())


@pages.post("/password/reset/{secret}", who=PUBLIC, form=RESET)
async def reset(ask: Ask, filled: Filled) -> Response:
    """Every browser is signed out; the second factor stays, and is asked for at the next sign-in."""
    link = await _link(ask)
    if link is None or link.member_id is None:
        return ask.go("/password/forgot", Flash.LINK_DEAD)
    person = await members.person_of(ask.site.db, ask.site.vault, link.account_id, link.member_id)
    await judge(filled, person.email, person.name, link.account_name)
    if not filled.ok:
        return ask.page("reset.html", status=_UNPROCESSABLE, filled=filled)
    if not await links.use(ask.site.db, link):
        return ask.go("/password/forgot", Flash.LINK_DEAD)
    await _set(ask, link.account_id, link.member_id, filled["new_password"], but=None)
    ask.site.later(tell(ask, person.email, "password_changed", link="/password/forgot"))
    return ask.signed_in(ask.go("/sign-in", Flash.PASSWORD_CHANGED), None)


async def _set(ask: Ask, account_id: int, member_id: bytes, password: str, *, but: bytes | None) -> None:
    hashed = await ask.site.passwords.hash(password)
    await members.set_password(ask.site.db, account_id, member_id, hashed, ask.by(member_id))
    async with ask.site.db.tenant(account_id) as session:
        await end_sessions(session, member_id, but=but)


@pages.get("/me/password", who=SIGNED_IN)
async def change_page(ask: Ask) -> Response:
    return ask.page("change_password.html", filled=CHANGE.empty())


@pages.post("/me/password", who=SIGNED_IN, form=CHANGE)
async def change(ask: Ask, filled: Filled) -> Response:
    who = ask.visitor
    person = await members.person_of(ask.site.db, ask.site.vault, who.account_id, who.member_id)
    await judge(filled, person.email, person.name, who.account_name)
    if filled.ok:
        await knows_password(ask, filled)
    if not filled.ok:
        return ask.page("change_password.html", status=_UNPROCESSABLE, filled=filled)
    await _set(ask, who.account_id, who.member_id, filled["new_password"], but=who.session_hash)
    ask.site.later(tell(ask, person.email, "password_changed", link="/password/forgot"))
    cookie = await sessions.rotate(ask.site.db, who, ask.now)
    return ask.signed_in(ask.go("/me", Flash.PASSWORD_CHANGED), cookie)
