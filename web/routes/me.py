"""Each member's own page: address, devices, second factor."""

import segno
from starlette.responses import Response

from storage.members import links, members, second_factor, sessions
from storage.members.links import Link, Purpose
from storage.members.members import AddressTaken
from web.access import PUBLIC, SIGNED_IN
from web.ask import Ask
from web.flash import Flash
from web.forms import Field, Filled, Form, code_field, email_field
from web.pages import Pages
from web.routes.sign_up import may_mail, may_open
from web.telling import tell

pages = Pages()

DEVICE = Form(Field("device", "Device", kind="hidden", longest=32))
SET_UP = Form(code_field("Code that your app shows", hint="Six digits: they show that it is set up right."))
ADDRESS = Form(email_field("New e-mail"))
FRESH = SIGNED_IN.confirmed()
_UNPROCESSABLE = 422


@pages.get("/me", who=SIGNED_IN)
async def me(ask: Ask) -> Response:
    who, site = ask.visitor, ask.site
    person = await members.person_of(site.db, site.vault, who.account_id, who.member_id)
    devices = await sessions.list_devices(site.db, who, ask.now)
    return ask.page("me.html", person=person, devices=devices, google=site.google is not None)


@pages.post("/me/devices/others", who=SIGNED_IN)
async def sign_others_out(ask: Ask) -> Response:
    await sessions.end_others(ask.site.db, ask.visitor, ask.by())
    return ask.go("/me", Flash.OTHERS_SIGNED_OUT)


@pages.post("/me/devices/end", who=SIGNED_IN, form=DEVICE)
async def sign_one_out(ask: Ask, filled: Filled) -> Response:
    await sessions.end_one(ask.site.db, ask.visitor, filled["device"], ask.by())
    return ask.go("/me", Flash.OTHERS_SIGNED_OUT)


# ---- second factor --------------------------------------------------------------------------------------


@pages.get("/me/second-factor", who=FRESH.also_owing())
async def second_factor_page(ask: Ask) -> Response:
    if ask.visitor.has_second_factor:
        return ask.go("/me")
    return await _set_up_page(ask, SET_UP.empty())


async def _set_up_page(ask: Ask, filled: Filled, status: int = 200) -> Response:
    who, site = ask.visitor, ask.site
    person = await members.person_of(site.db, site.vault, who.account_id, who.member_id)
    seed = await second_factor.prepare(site.db, site.vault, who.account_id, who.member_id)
    picture = segno.make(second_factor.address(seed, person.email), micro=False)
    in_fours = " ".join(seed[at : at + 4] for at in range(0, len(seed), 4))
    return ask.page(
        "second_factor.html", status=status, filled=filled, seed=in_fours,
        picture=picture.svg_data_uri(scale=5, border=3, dark="#111", light="#fff"),
    )  # fmt: skip


@pages.post("/me/second-factor", who=FRESH.also_owing(), form=SET_UP)
async def set_second_factor(ask: Ask, filled: Filled) -> Response:
    who, site = ask.visitor, ask.site
    if who.has_second_factor:
        return ask.go("/me")
    if filled.ok:
        codes = await second_factor.confirm(
            site.db, site.vault, site.identity, who.account_id, who.member_id, filled["code"], now=ask.now,
            by=ask.by(),
        )  # fmt: skip
        if codes is not None:
            await sessions.end_others(site.db, who, ask.by())
            cookie = await sessions.rotate(site.db, who, ask.now)
            return ask.signed_in(ask.page("recovery_codes.html", codes=codes), cookie)
        filled.fail("code", "This code is wrong. Wait for the next one; after five tries, ten minutes.")
    return await _set_up_page(ask, filled, _UNPROCESSABLE)


@pages.post("/me/recovery-codes", who=FRESH)
async def new_recovery_codes(ask: Ask) -> Response:
    who = ask.visitor
    if not who.has_second_factor:
        return ask.go("/me")
    codes = await second_factor.renew_recovery_codes(ask.site.db, who.account_id, who.member_id, ask.by())
    return ask.page("recovery_codes.html", codes=codes)


@pages.post("/me/second-factor/remove", who=FRESH)
async def remove_second_factor(ask: Ask) -> Response:
    who, site = ask.visitor, ask.site
    await second_factor.remove(site.db, who.account_id, who.member_id, ask.by())
    person = await members.person_of(site.db, site.vault, who.account_id, who.member_id)
    site.later(tell(ask, person.email, "second_factor_removed", link="/me"))
    cookie = await sessions.rotate(site.db, who, ask.now)
    return ask.signed_in(ask.go("/me", Flash.SECOND_FACTOR_REMOVED), cookie)


# ---- address --------------------------------------------------------------------------------------------


@pages.get("/me/address", who=FRESH)
async def address_page(ask: Ask) -> Response:
    return ask.page("change_address.html", filled=ADDRESS.empty())


@pages.post("/me/address", who=FRESH, form=ADDRESS)
async def change_address(ask: Ask, filled: Filled) -> Response:
    """The new address is asked by mail whether it is right; until then nothing changes."""
    if not filled.ok:
        return ask.page("change_address.html", status=_UNPROCESSABLE, filled=filled)
    if await may_mail(ask, filled["email"]):
        ask.site.later(_ask_new_address(ask, filled["email"]))
    return ask.go("/me", Flash.ADDRESS_MAILED)


async def _ask_new_address(ask: Ask, email: str) -> None:
    who, site = ask.visitor, ask.site
    if await members.by_email(site.db, site.identity, email):
        await tell(ask, email, "known_already", link="/sign-in")
        return
    secret = await links.make(
        site.db,
        site.vault,
        who.account_id,
        Purpose.ADDRESS,
        now=ask.now,
        member_id=who.member_id,
        email=email,
    )
    await tell(ask, email, "new_address", link=f"/address/{secret}")


async def _link(ask: Ask) -> Link | None:
    if not await may_open(ask):
        return None
    secret = ask.request.path_params["secret"]
    return await links.look(ask.site.db, ask.site.vault, secret, Purpose.ADDRESS, ask.now)


@pages.get("/address/{secret}", who=PUBLIC)
async def new_address_page(ask: Ask) -> Response:
    """A page with a button: programs that look into mails follow links, and press nothing."""
    if await _link(ask) is None:
        return ask.go("/sign-in", Flash.LINK_DEAD)
    return ask.page("new_address.html")


@pages.post("/address/{secret}", who=PUBLIC)
async def take_new_address(ask: Ask) -> Response:
    link, site = await _link(ask), ask.site
    if link is None or link.member_id is None or link.email is None or not await links.use(site.db, link):
        return ask.go("/sign-in", Flash.LINK_DEAD)
    try:
        before = await members.change_address(
            site.db, site.vault, site.identity, link.account_id, link.member_id, link.email,
            ask.by(link.member_id),
        )  # fmt: skip
    except AddressTaken:
        return ask.go("/sign-in", Flash.LINK_DEAD)
    site.later(tell(ask, before.email, "address_changed", link="/sign-in"))
    return ask.go("/me" if ask.who else "/sign-in", Flash.ADDRESS_CHANGED)
