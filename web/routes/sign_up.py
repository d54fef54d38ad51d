"""Signing up, and joining by invitation."""

from asyncio import to_thread

from starlette.responses import JSONResponse, Response

from storage.members import links, members, signup, throttle
from storage.members.links import Link, Purpose
from storage.members.members import AddressTaken, Known, Person, Role
from storage.members.password_rules import Strength, strength
from storage.members.sessions import Method
from storage.trust.audit import Action, Fact
from web.access import PUBLIC
from web.ask import Ask
from web.flash import Flash
from web.forms import Field, Filled, Form, email_field, new_password_field, password_field
from web.pages import Pages
from web.routes.entering import let_in
from web.routes.sign_in import TOO_MANY
from web.telling import tell

pages = Pages()

SIGN_UP = Form(
    Field("company", "Company", autocomplete="organization", longest=120),
    email_field("Your e-mail at work"),
    new_password_field("Password"),
)
FINISH = Form(password_field("The password that you chose"))
JOIN = Form(Field("name", "Your name", autocomplete="name", longest=120), new_password_field("Password"))
STRENGTH = Form(Field("new_password", "Password", kind="new_password", longest=1_000, required=False))
_UNPROCESSABLE, _TOO_MANY_REQUESTS = 422, 429


async def judge(filled: Filled, *about: str) -> Strength:
    """How good the new password is; where it will not do, the form says why."""
    found = await to_thread(strength, filled["new_password"], about)
    if found.problem and "new_password" not in filled.errors:
        filled.fail("new_password", found.problem)
    return found


@pages.post("/password/strength", who=PUBLIC, form=STRENGTH)
async def password_strength(ask: Ask, filled: Filled) -> Response:
    """What the meter shows as somebody types; pages work without it."""
    found = await to_thread(strength, filled["new_password"][:128])
    return JSONResponse(
        {"score": found.score, "problem": found.problem}, headers={"Cache-Control": "no-store"}
    )


@pages.get("/sign-up", who=PUBLIC)
async def sign_up_page(ask: Ask) -> Response:
    if not _is_open(ask):
        return ask.page("sign_up_closed.html")
    return ask.page("sign_up.html", filled=SIGN_UP.empty())


def _is_open(ask: Ask) -> bool:
    return ask.site.settings.signup == "open" and ask.site.mailer is not None


@pages.post("/sign-up", who=PUBLIC, form=SIGN_UP)
async def sign_up(ask: Ask, filled: Filled) -> Response:
    if not _is_open(ask):
        return ask.page("sign_up_closed.html", status=403)
    await judge(filled, filled["email"], filled["company"])
    if not filled.ok:
        return ask.page("sign_up.html", status=_UNPROCESSABLE, filled=filled)
    if not await may_mail(ask, filled["email"]):
        return ask.page("sign_up.html", status=_TOO_MANY_REQUESTS, filled=filled.fail("", TOO_MANY))
    hashed = await ask.site.passwords.hash(filled["new_password"])
    ask.site.later(_welcome(ask, signup.Wish(filled["email"], filled["company"], hashed)))
    return ask.page("mailed.html", what="to finish signing up", lasts="24 hours")


async def may_mail(ask: Ask, email: str) -> bool:
    """Whether one more mail may be sent on a stranger's word."""
    site = ask.site
    from_here = await throttle.take(site.db, site.identity, throttle.MAILS_FROM, ask.network, ask.now)
    to_there = await throttle.take(site.db, site.identity, throttle.MAILS_TO, email.casefold(), ask.now)
    return from_here and to_there


async def _welcome(ask: Ask, wish: signup.Wish) -> None:
    """After the answer, which is the same for an address that is known and for one that is not."""
    if await members.by_email(ask.site.db, ask.site.identity, wish.email):
        await tell(ask, wish.email, "known_already", link="/sign-in")
        return
    token = await signup.remember(ask.site.db, wish, ask.now)
    await tell(ask, wish.email, "sign_up", link=f"/sign-up/{token}")


@pages.get("/sign-up/{secret}", who=PUBLIC)
async def finish_page(ask: Ask) -> Response:
    wish = await _wish(ask)
    return ask.go("/sign-in", Flash.LINK_DEAD) if wish is None else _finish_form(ask, wish, FINISH.empty())


def _finish_form(ask: Ask, wish: signup.Wish, filled: Filled, status: int = 200) -> Response:
    return ask.page("finish.html", status=status, filled=filled, company=wish.company, email=wish.email)


async def _wish(ask: Ask) -> signup.Wish | None:
    if not await may_open(ask):
        return None
    return await signup.look(ask.site.db, ask.request.path_params["secret"], ask.now)


async def may_open(ask: Ask) -> bool:
    """Whether one more link may be tried from there."""
    return await throttle.take(ask.site.db, ask.site.identity, throttle.LINKS_FROM, ask.network, ask.now)


@pages.post("/sign-up/{secret}", who=PUBLIC, form=FINISH)
async def finish(ask: Ask, filled: Filled) -> Response:
    wish = await _wish(ask)
    if wish is None:
        return ask.go("/sign-in", Flash.LINK_DEAD)
    if filled.ok and not await ask.site.passwords.check(filled["password"], wish.password):
        filled.fail(
            "password", "This is not the password that was chosen. If it was not you, ignore our mail."
        )
    if not filled.ok:
        return _finish_form(ask, wish, filled, _UNPROCESSABLE)
    try:
        known = await signup.fulfil(
            ask.site.db,
            ask.site.vault,
            ask.site.identity,
            ask.request.path_params["secret"],
            wish,
            now=ask.now,
        )
    except AddressTaken:
        known = None
    return ask.go("/sign-in", Flash.LINK_DEAD) if known is None else await let_in(ask, known, Method.PASSWORD)


@pages.get("/join/{secret}", who=PUBLIC)
async def join_page(ask: Ask) -> Response:
    link = await _invitation(ask)
    if link is None:
        return ask.go("/sign-in", Flash.LINK_DEAD)
    return ask.page("join.html", filled=JOIN.empty(), link=link)


async def _invitation(ask: Ask) -> Link | None:
    if not await may_open(ask):
        return None
    return await links.look(
        ask.site.db, ask.site.vault, ask.request.path_params["secret"], Purpose.INVITATION, ask.now
    )


@pages.post("/join/{secret}", who=PUBLIC, form=JOIN)
async def join(ask: Ask, filled: Filled) -> Response:
    link = await _invitation(ask)
    if link is None or link.email is None or link.role is None:
        return ask.go("/sign-in", Flash.LINK_DEAD)
    await judge(filled, link.email, link.account_name, filled["name"])
    if filled.ok and await members.by_email(ask.site.db, ask.site.identity, link.email):
        filled.fail(
            "", "This address signs in to another account already: ask to be invited with another one."
        )
    if not filled.ok:
        return ask.page("join.html", status=_UNPROCESSABLE, filled=filled, link=link)
    if not await links.use(ask.site.db, link):
        return ask.go("/sign-in", Flash.LINK_DEAD)
    return await _joined(ask, link, Person(link.email, filled["name"]), link.role, filled["new_password"])


async def _joined(ask: Ask, link: Link, person: Person, role: Role, password: str) -> Response:
    hashed = await ask.site.passwords.hash(password)
    try:
        member_id = await members.add_member(
            ask.site.db, ask.site.vault, ask.site.identity, link.account_id, person, role=role,
            password=hashed, now=ask.now,
        )  # fmt: skip
    except AddressTaken:
        return ask.go("/sign-in", Flash.LINK_DEAD)
    async with ask.site.db.tenant(link.account_id) as session:
        await members.note(session, ask.by(member_id), Action.MEMBER_JOINED, member_id, {Fact.TO: role})
    return await let_in(ask, Known(link.account_id, member_id), Method.PASSWORD)
