"""Members and invitations, and the account's own settings."""

from zoneinfo import available_timezones

from sqlalchemy import update
from starlette.exceptions import HTTPException
from starlette.responses import Response

from storage.members import links, members, second_factor
from storage.members.members import LastOwner, NoMemberError, Role
from storage.models import Account
from storage.trust import audit
from storage.trust.audit import Action, Kind, Subject
from web.access import ADMIN, OWNER, SIGNED_IN
from web.ask import Ask
from web.flash import Flash
from web.forms import Field, Filled, Form, email_field
from web.pages import Pages
from web.telling import tell

pages = Pages()

ROLES = (
    (Role.VIEWER, "Viewer: looks at things"),
    (Role.MEMBER, "Member: connects and changes sources"),
    (Role.ADMIN, "Admin: members and settings, too"),
    (Role.OWNER, "Owner: everything"),
)
INVITE = Form(email_field(), Field("role", "Role", kind="select", choices=ROLES))
OF_MEMBER = Form(Field("member", "Member", kind="hidden", longest=32))
ROLE = Form(OF_MEMBER.fields["member"], INVITE.fields["role"])
WITHDRAW = Form(Field("invitation", "Invitation", kind="hidden", longest=32))
SETTINGS = Form(
    Field("name", "Company", autocomplete="organization", longest=120),
    Field(
        "time_zone", "Time zone", longest=64, hint="Days and months begin there: Europe/Berlin, for example."
    ),
)
REQUIRE = Form(Field("required", "Required", kind="select", choices=(("yes", "Yes"), ("no", "No"))))
_NOT_FOUND, _FORBIDDEN, _UNPROCESSABLE = 404, 403, 422
_ID_BYTES = 16


@pages.get("/members", who=SIGNED_IN)
async def members_page(ask: Ask) -> Response:
    return await _page(ask, INVITE.empty(role=Role.MEMBER))


async def _page(ask: Ask, filled: Filled, status: int = 200) -> Response:
    site, who = ask.site, ask.visitor
    listed = await members.list_members(site.db, site.vault, who.account_id)
    may = who.role.covers(Role.ADMIN)
    invited = await links.invitations(site.db, site.vault, who.account_id, ask.now) if may else []
    return ask.page(
        "members.html", status=status, members=listed, invited=invited, filled=filled, roles=ROLES, may=may
    )


@pages.post("/members/invite", who=ADMIN, form=INVITE)
async def invite(ask: Ask, filled: Filled) -> Response:
    site, who = ask.site, ask.visitor
    if filled.ok and not who.role.covers(Role(filled["role"])):
        filled.fail("role", "Only an owner makes owners.")
    if filled.ok and site.mailer is None:
        filled.fail(
            "", "No mail server is set up: invite with `chewbotta member invite`, which prints the link."
        )
    if not filled.ok:
        return await _page(ask, filled, _UNPROCESSABLE)
    secret = await links.invite(
        site.db, site.vault, who.account_id, filled["email"], Role(filled["role"]), now=ask.now, by=ask.by()
    )
    site.later(tell(ask, filled["email"], "invitation", link=f"/join/{secret}", company=who.account_name))
    return ask.go("/members", Flash.INVITED)


@pages.post("/members/withdraw", who=ADMIN, form=WITHDRAW)
async def withdraw(ask: Ask, filled: Filled) -> Response:
    site, who = ask.site, ask.visitor
    if not await links.withdraw(site.db, site.vault, who.account_id, filled["invitation"], ask.now, ask.by()):
        raise HTTPException(_NOT_FOUND)
    return ask.go("/members", Flash.WITHDRAWN)


async def _named(ask: Ask, filled: Filled) -> bytes:
    """The member that a form names, whom this visitor may change. Raises HTTPException (404, 403)."""
    try:
        member_id = bytes.fromhex(filled["member"])
        row = await members.load(ask.site.db, ask.visitor.account_id, member_id)
    except (ValueError, NoMemberError):
        raise HTTPException(_NOT_FOUND) from None
    if not ask.visitor.role.covers(Role(row.role)):
        raise HTTPException(_FORBIDDEN)
    return member_id


@pages.post("/members/role", who=ADMIN.confirmed(), form=ROLE)
async def change_role(ask: Ask, filled: Filled) -> Response:
    member_id = await _named(ask, filled)
    if "role" in filled.errors or not ask.visitor.role.covers(Role(filled["role"])):
        raise HTTPException(_FORBIDDEN)
    try:
        await members.change_role(
            ask.site.db, ask.visitor.account_id, member_id, Role(filled["role"]), ask.by()
        )
    except LastOwner:
        return ask.go("/members", Flash.LAST_OWNER)
    return ask.go("/members", Flash.ROLE_CHANGED)


@pages.post("/members/remove", who=ADMIN.confirmed(), form=OF_MEMBER)
async def remove(ask: Ask, filled: Filled) -> Response:
    member_id = await _named(ask, filled)
    try:
        await members.remove_member(ask.site.db, ask.visitor.account_id, member_id, ask.by())
    except LastOwner:
        return ask.go("/members", Flash.LAST_OWNER)
    return ask.go("/members", Flash.MEMBER_REMOVED)


@pages.post("/members/second-factor", who=OWNER.confirmed(), form=OF_MEMBER)
async def lost_second_factor(ask: Ask, filled: Filled) -> Response:
    """An owner helps somebody who has lost phone and recovery codes; the person is told by mail."""
    member_id, site = await _named(ask, filled), ask.site
    await second_factor.remove(site.db, ask.visitor.account_id, member_id, ask.by())
    person = await members.person_of(site.db, site.vault, ask.visitor.account_id, member_id)
    site.later(tell(ask, person.email, "second_factor_removed", link="/me"))
    return ask.go("/members", Flash.SECOND_FACTOR_REMOVED)


# ---- the account ----------------------------------------------------------------------------------------


@pages.get("/settings", who=ADMIN)
async def settings_page(ask: Ask) -> Response:
    async with ask.site.db.tenant(ask.visitor.account_id, read_only=True) as session:
        account = await session.get_one(Account, ask.visitor.account_id)
    return _settings(ask, SETTINGS.empty(name=account.name, time_zone=account.time_zone))


def _settings(ask: Ask, filled: Filled, status: int = 200) -> Response:
    return ask.page(
        "settings.html", status=status, filled=filled, required=ask.visitor.second_factor_required
    )


@pages.post("/settings", who=ADMIN, form=SETTINGS)
async def save_settings(ask: Ask, filled: Filled) -> Response:
    if filled.ok and filled["time_zone"] not in available_timezones():
        filled.fail("time_zone", "This time zone is not known: Europe/Berlin is one, for example.")
    if not filled.ok:
        return _settings(ask, filled, _UNPROCESSABLE)
    account_id, by = ask.visitor.account_id, ask.by()
    async with ask.site.db.tenant(account_id) as session:
        values = {"name": filled["name"], "time_zone": filled["time_zone"]}
        await session.execute(update(Account).where(Account.account_id == account_id).values(values))
        await audit.record(
            session, actor=by.actor, action=Action.ACCOUNT_CHANGED, subject=Subject(Kind.ACCOUNT, account_id),
            origin=by.origin,
        )  # fmt: skip
    return ask.go("/settings", Flash.ACCOUNT_SAVED)


@pages.post("/settings/second-factor", who=OWNER.confirmed(), form=REQUIRE)
async def require_second_factor(ask: Ask, filled: Filled) -> Response:
    required = filled["required"] == "yes"
    await second_factor.require(ask.site.db, ask.visitor.account_id, required, ask.by())
    return ask.go("/settings", Flash.REQUIRED_ON if required else Flash.REQUIRED_OFF)
