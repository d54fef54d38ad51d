"""Signing up, in and out, over HTTP with real mails: what works, and what strangers cannot tell."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from storage.keys.vault import Vault
from storage.members import members
from storage.members.members import Role
from storage.members.passwords import Passwords
from storage.models import Account, Member, PendingSignup
from storage.session import Database
from storage.trust.audit import Action, list_entries
from tests.web.visitors import PASSWORD, Stage, code_of, stage_of


@pytest.fixture
async def stage(db: Database, vault: Vault) -> AsyncIterator[Stage]:
    async with stage_of(db, vault) as opened:
        yield opened


async def _sign_up(stage: Stage, email: str) -> str:
    """Returns the path of the link in the mail."""
    answer = await stage.browser().post("/sign-up", company="Acme", email=email, new_password=PASSWORD)
    assert answer.status_code == 200, answer.text
    await stage.settle()
    return stage.post.link(email)


async def test_somebody_signs_up_by_mail(stage: Stage) -> None:
    """Company, address, password; the link of the mail and the password again; then the account is there."""
    link = await _sign_up(stage, "ada@acme.example")
    browser = stage.browser()
    assert "Acme" in (await browser.get(link)).text
    wrong = await browser.post(link, password="not the one that was chosen")
    assert wrong.status_code == 422
    entered = await browser.post(link, password=PASSWORD)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert "Connect a source" in (await browser.get("/")).text
    again = await stage.browser().post(link, password=PASSWORD)
    assert again.headers["location"] == "/sign-in"
    async with stage.site.db.system() as session:
        assert (await session.scalars(select(PendingSignup.token_hash))).all() == []


@pytest.mark.promises("P12")
async def test_nothing_tells_whether_an_address_is_known(stage: Stage) -> None:
    """Sign-in, sign-up and forgotten passwords answer the same to the byte; only the mailbox knows."""
    account = await stage.account()
    await stage.member(account, email="known@acme.example")
    for path, more in (
        ("/sign-in", {"password": "wrong wrong wrong"}),
        ("/password/forgot", {}),
        ("/sign-up", {"company": "Acme", "new_password": PASSWORD}),
    ):
        said = []
        for email in ("known@acme.example", "other@acme.example"):
            answer = await stage.browser().post(path, email=email, **more)
            said.append((answer.status_code, answer.text.replace(email, "?"), sorted(answer.headers)))
        assert said[0] == said[1], path
    await stage.settle()
    assert {mail["Subject"] for mail in stage.post.to("known@acme.example")} == {
        "Set a new password for Chewbotta",
        "You have an account at Chewbotta already",
    }
    assert [mail["Subject"] for mail in stage.post.to("other@acme.example")] == [
        "Finish signing up to Chewbotta"
    ]


async def test_a_session_ends_where_it_should(stage: Stage) -> None:
    """Signed out, too long idle, too old, or its member removed: the cookie is worth nothing."""
    account = await stage.account()
    owner, member = await stage.member(account), await stage.member(account, Role.MEMBER)
    browser = await stage.session(account, member)
    assert (await browser.get("/me")).status_code == 200
    cookie = browser.client.cookies["__Host-session"]
    now = stage.site.clock
    for later in (timedelta(hours=25), timedelta(days=15)):
        stage.site.clock = lambda later=later: now() + later
        assert (await browser.get("/me")).headers["location"] == "/sign-in?next=/me"
    stage.site.clock = now
    await browser.post("/sign-out")
    assert (await stage.browser().signed_in(cookie).get("/me")).status_code == 303
    second, boss = await stage.session(account, member), await stage.session(account, owner)
    await boss.post("/members/remove", member=member.hex())
    assert (await second.get("/me")).status_code == 303


@pytest.mark.promises("P13")
async def test_two_factors_from_set_up_to_recovery(stage: Stage) -> None:
    """The seed counts once confirmed; a code works once, of twenty at the same moment one; recovery codes
    work once; a new password does not get round it; five wrong tries and the right one waits."""
    account = await stage.account()
    member = await stage.member(account, email="ada@acme.example")
    browser = await stage.session(account, member)
    page = (await browser.get("/me/second-factor")).text
    seed = re.search(r'class="secret">([^<]+)<', page)[1]
    assert (await browser.post("/me/second-factor", code="000000")).status_code == 422
    shown = await browser.post("/me/second-factor", code=code_of(seed, -1))
    recovery = re.findall(r"<li><code>([^<]+)</code>", shown.text)
    assert len(recovery) == 10

    async def half() -> object:
        one = stage.browser()
        entered = await one.post("/sign-in", email="ada@acme.example", password=PASSWORD)
        assert entered.headers["location"] == "/sign-in/code"
        assert (await one.get("/me")).headers["location"] == "/sign-in/code?next=/me"
        return one

    one = await half()
    code = code_of(seed)
    answers = await asyncio.gather(*(one.post("/sign-in/code", code=code) for _ in range(20)))
    assert sum(answer.status_code == 303 and answer.headers["location"] == "/" for answer in answers) == 1
    await members_forgiven(stage, member)
    one = await half()
    assert (await one.post("/sign-in/code", code=recovery[0])).headers["location"] == "/"
    one = await half()
    assert (await one.post("/sign-in/code", code=recovery[0])).status_code == 422
    for _ in range(5):
        await one.post("/sign-in/code", code="000000")
    assert "Wait ten minutes" in (await one.post("/sign-in/code", code=recovery[1])).text


async def members_forgiven(stage: Stage, member: bytes) -> None:
    """The tries that the parallel ones used up."""
    from storage.members import throttle

    await throttle.forgive(stage.site.db, stage.site.identity, throttle.CODES, member.hex())


async def test_a_forgotten_password_is_set_by_mail_once(stage: Stage) -> None:
    """The link works once, signs every browser out, and the old password is worth nothing."""
    account = await stage.account()
    member = await stage.member(account, email="ada@acme.example")
    browser = await stage.session(account, member)
    await stage.browser().post("/password/forgot", email="ada@acme.example")
    await stage.settle()
    link = stage.post.link("ada@acme.example")
    other = "another five words entirely here"
    assert (await stage.browser().post(link, new_password="ada@acme.example")).status_code == 422
    assert (await stage.browser().post(link, new_password=other)).headers["location"] == "/sign-in"
    assert (await stage.browser().post(link, new_password=other)).headers["location"] == "/password/forgot"
    assert (await browser.get("/me")).status_code == 303
    assert (
        await stage.browser().post("/sign-in", email="ada@acme.example", password=PASSWORD)
    ).status_code == 422
    assert (
        await stage.browser().post("/sign-in", email="ada@acme.example", password=other)
    ).status_code == 303
    await stage.settle()
    assert stage.post.to("ada@acme.example")[-1]["Subject"] == "Your password at Chewbotta was changed"


async def test_tries_are_counted_for_all_processes(stage: Stage) -> None:
    """After ten wrong passwords of an address the right one waits, from anywhere and in a new process."""
    account = await stage.account()
    await stage.member(account, email="ada@acme.example")
    for number in range(10):
        browser = stage.browser(f"198.51.100.{number}")
        assert (await browser.post("/sign-in", email="ada@acme.example", password="no")).status_code == 422
    answer = await stage.browser("203.0.113.9").post("/sign-in", email="ADA@acme.example", password=PASSWORD)
    assert answer.status_code == 429
    now = stage.site.clock
    stage.site.clock = lambda: now() + timedelta(minutes=16)
    answer = await stage.browser().post("/sign-in", email="ada@acme.example", password=PASSWORD)
    assert answer.status_code == 303


@pytest.mark.promises("P12")
async def test_every_character_of_a_password_counts(stage: Stage) -> None:
    """The 73rd byte and a NUL are significant; a hash of another work factor is made anew at sign-in."""
    passwords = Passwords(b"pepper", 4)
    long = "é" * 64
    for right, wrong in ((long + "a", long + "b"), ("a\0b", "a\0c"), ("e\u0301", "e")):
        stored = await passwords.hash(right)
        assert await passwords.check(right, stored)
        assert not await passwords.check(wrong, stored)
    assert await passwords.check("\u00e9", await passwords.hash("e\u0301"))
    assert not await passwords.check("nobody's", None)
    account = await stage.account()
    member = await stage.member(account, email="ada@acme.example")
    stage.site.passwords = Passwords(stage.site.identity.pepper, 5)
    await stage.browser().post("/sign-in", email="ada@acme.example", password=PASSWORD)
    row = await members.load(stage.site.db, account, member)
    assert row.password is not None
    assert row.password.startswith("$2b$05$")


async def test_colleagues_are_invited_and_join(stage: Stage) -> None:
    """The mailed link makes a member of that role, once; every step is in the trail, without an address."""
    account = await stage.account("Acme")
    boss = await stage.session(account, await stage.member(account))
    assert (await boss.post("/members/invite", email="bo@acme.example", role="viewer")).status_code == 303
    await stage.settle()
    link = stage.post.link("bo@acme.example")
    browser = stage.browser()
    assert "Join Acme" in (await browser.get(link)).text
    assert (await browser.post(link, name="Bo", new_password="password1234")).status_code == 422
    joined = await browser.post(link, name="Bo", new_password="a much better one than before")
    assert joined.headers["location"] == "/"
    assert (await browser.get("/settings")).status_code == 403
    assert (await stage.browser().get(link)).headers["location"] == "/sign-in"
    async with stage.site.db.tenant(account) as session:
        said = [entry.action for entry in await list_entries(session)]
        told = repr([vars(entry) for entry in await list_entries(session)])
    assert {Action.MEMBER_INVITED, Action.MEMBER_JOINED, Action.SIGN_IN_MADE} <= set(said)
    assert "acme.example" not in told


async def test_an_account_can_ask_everybody_for_two_factors(stage: Stage) -> None:
    """Who has none yet gets to no page but the one that sets it up."""
    account = await stage.account()
    boss = await stage.session(account, await stage.member(account))
    member = await stage.session(account, await stage.member(account, Role.MEMBER))
    assert (await boss.post("/settings/second-factor", required="yes")).status_code == 303
    for path in ("/me", "/members"):
        assert (await member.get(path)).headers["location"] == "/me/second-factor"
    assert (await member.get("/me/second-factor")).status_code == 200


async def test_an_address_is_changed_by_the_new_ones_mail(stage: Stage) -> None:
    """Nothing changes until the link is opened; the old address is told; the new one signs in."""
    account = await stage.account()
    browser = await stage.session(account, await stage.member(account, email="ada@acme.example"))
    await browser.post("/me/address", email="ada@new.example")
    await stage.settle()
    link = stage.post.link("ada@new.example")
    assert (await stage.browser().get(link)).status_code == 200
    assert (await stage.browser().post(link)).status_code == 303
    await stage.settle()
    assert stage.post.to("ada@acme.example")[-1]["Subject"] == "Your address at Chewbotta was changed"
    assert (
        await stage.browser().post("/sign-in", email="ada@new.example", password=PASSWORD)
    ).status_code == 303


async def test_no_address_stands_in_clear(stage: Stage) -> None:
    """Rows of members, links and accounts hold neither address, name, seed nor token."""
    account = await stage.account()
    member = await stage.member(account, email="ada@acme.example")
    browser = await stage.session(account, member)
    async with stage.site.db.tenant(account) as session:
        row = await session.get(Member, (account, member))
        assert row is not None
        held = repr({key: value for key, value in vars(row).items() if key != "_sa_instance_state"})
        assert await session.get(Account, account)
    assert "acme.example" not in held
    assert browser.client.cookies["__Host-session"] not in held
