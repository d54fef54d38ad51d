"""Every route with every role, without a session, with another account's ids: as declared. And what holds for
all answers and requests."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from storage.doer import Doer
from storage.keys.vault import Vault
from storage.members import members, second_factor, sessions
from storage.members.members import Role
from storage.members.sessions import Method
from storage.session import Database
from storage.trust.audit import Job
from tests.web.visitors import ORIGIN, PASSWORD, SAME_ORIGIN, Browser, Stage, code_of, stage_of
from web.access import Access
from web.hardening import CSP, LARGEST_BODY
from web.pages import access_of, check_declared

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def stage(db: Database, vault: Vault) -> AsyncIterator[Stage]:
    async with stage_of(db, vault) as opened:
        yield opened


def _path(path: str) -> str:
    return path.replace("{secret}", "1." + "a" * 43)


async def _ends(browser: Browser, method: str, path: str) -> tuple[int, str]:
    headers = SAME_ORIGIN if method == "POST" else {}
    answer = await browser.raw(method, _path(path), headers=headers)
    return answer.status_code, answer.headers.get("location", "").partition("?")[0]


def _refusal(access: Access, role: Role | None) -> tuple[int, str] | None:
    """How a call must end, by its declaration; None where it gets to the page."""
    if access.kind in ("public", "sender"):
        return None
    if role is None:
        return (303, "/sign-in")
    if access.kind == "half":
        return (303, "/")
    return None if role.covers(access.role) else (403, "")


async def test_every_route_answers_as_it_is_declared(stage: Stage) -> None:
    """Each route, called by nobody and by each role: 100% as its declaration says."""
    account = await stage.account()
    callers: dict[Role | None, bytes | None] = {None: None}
    for role in Role:
        callers[role] = await stage.member(account, role)
    differing, called = [], 0
    for method, path, access in list(access_of(stage.app)):
        if path.startswith(("/static", "/openapi")) or access is None or path == "/sign-out":
            continue
        for role, member in callers.items():
            browser = await stage.session(account, member) if member else stage.browser()
            found, wanted = await _ends(browser, method, path), _refusal(access, role)
            refused = found == (403, "") or found[1] in ("/sign-in", "/confirm", "/sign-in/code")
            is_right = (
                found == wanted if wanted else (access.kind == "public" or not refused) and found[0] < 500
            )
            called += 1
            if not is_right:
                differing.append((method, path, role, found, wanted))
    assert differing == []
    assert called > 150


async def test_what_matters_asks_again_who_it_is(stage: Stage) -> None:
    """Ten minutes after the last proof, every route that is declared so leads to the step-up first."""
    account = await stage.account()
    browser = await stage.session(account, await stage.member(account))
    now = stage.site.clock
    stage.site.clock = lambda: now() + timedelta(minutes=11)
    fresh = [(method, path) for method, path, access in access_of(stage.app) if access and access.fresh]
    assert len(fresh) >= 9
    for method, path in fresh:
        assert await _ends(browser, method, path) == (303, "/confirm"), path
    wrong = await browser.post("/confirm", password="not mine at all")
    assert wrong.status_code == 422
    before = browser.client.cookies["__Host-session"]
    assert (await browser.post("/confirm?next=/me/address", password=PASSWORD)).headers[
        "location"
    ] == "/me/address"
    assert browser.client.cookies["__Host-session"] != before
    assert (await browser.get("/me/address")).status_code == 200


async def test_half_a_sign_in_reaches_nothing_but_the_second_step(stage: Stage) -> None:
    """With the password alone, every page of members leads to the code."""
    account = await stage.account()
    member = await stage.member(account)
    site = stage.site
    seed = await second_factor.prepare(site.db, site.vault, account, member)
    by = Doer.job(Job.SYNC)
    await second_factor.confirm(
        site.db, site.vault, site.identity, account, member, code_of(seed), now=site.clock(), by=by
    )
    browser = await stage.session(account, member)
    for method, path, access in list(access_of(stage.app)):
        if access is not None and access.kind == "member":
            assert await _ends(browser, method, path) == (303, "/sign-in/code"), path
    google = await stage.session(account, member, Method.GOOGLE)
    assert (await google.get("/me")).status_code == 200
    assert sessions.split_cookie("0.x") is None


@pytest.mark.promises("P19")
async def test_another_accounts_ids_are_ids_that_name_nothing(stage: Stage) -> None:
    """Members, invitations and devices of another account: the same answer as for a missing one, and there
    nothing changes."""
    ours, theirs = await stage.account("Ours"), await stage.account("Theirs")
    boss = await stage.session(ours, await stage.member(ours))
    other = await stage.member(theirs, Role.MEMBER)
    for path, name in (
        ("/members/role", "member"), ("/members/remove", "member"), ("/members/second-factor", "member"),
        ("/members/withdraw", "invitation"), ("/me/devices/end", "device"),
    ):  # fmt: skip
        foreign = await boss.post(path, **{name: other.hex(), "role": "viewer"})
        missing = await boss.post(path, **{name: bytes(16).hex(), "role": "viewer"})
        assert (foreign.status_code, foreign.text) == (missing.status_code, missing.text)
    assert (await members.load(stage.site.db, theirs, other)).role == Role.MEMBER
    page = (await boss.get("/members")).text
    assert other.hex() not in page


async def test_the_last_owner_stays_and_admins_make_no_owners(stage: Stage) -> None:
    """An account keeps an owner; an admin changes nobody above, and makes nobody an owner."""
    account = await stage.account()
    owner, admin = await stage.member(account), await stage.member(account, Role.ADMIN)
    boss, helper = await stage.session(account, owner), await stage.session(account, admin)
    await boss.post("/members/role", member=owner.hex(), role="viewer")
    await boss.post("/members/remove", member=owner.hex())
    assert (await members.load(stage.site.db, account, owner)).role == Role.OWNER
    assert (await helper.post("/members/remove", member=owner.hex())).status_code == 403
    assert (await helper.post("/members/role", member=admin.hex(), role="owner")).status_code == 403
    assert (await helper.post("/members/invite", email="x@acme.example", role="owner")).status_code == 422


def test_a_route_that_says_nothing_stops_the_start(stage: Stage) -> None:
    """A route without a declaration is no route."""
    check_declared(stage.app)
    stage.app.add_api_route("/forgotten", lambda: None, methods=["GET"])
    with pytest.raises(RuntimeError, match="/forgotten"):
        check_declared(stage.app)


# ---- all answers, all requests --------------------------------------------------------------------------


@pytest.mark.promises("P17")
async def test_every_answer_has_the_headers(stage: Stage) -> None:
    """Pages, errors, refusals and files tell browsers to be careful; cookies are of this host and HTTPS."""
    browser = stage.browser()
    answers = [
        await browser.get("/sign-in"), await browser.get("/nothing"), await browser.get("/healthz"),
        await browser.raw("POST", "/sign-in"), await browser.raw("PUT", "/sign-in", headers=SAME_ORIGIN),
        await browser.get("/", headers={"Host": "evil.example"}),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 404, 200, 403, 405, 421]
    for answer in answers:
        assert answer.headers["content-security-policy"] == CSP
        assert "unsafe" not in CSP
        assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "Traceback" not in answer.text
    account = await stage.account()
    await stage.member(account, email="ada@acme.example")
    entered = await browser.post("/sign-in", email="ada@acme.example", password=PASSWORD)
    for cookie in entered.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-")
        assert all(word in cookie for word in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"))
        assert "Domain" not in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example.com"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://bot.example.com.evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://bot.example.com"},
    ],
)
async def test_requests_of_other_sites_are_refused(stage: Stage, headers: dict[str, str]) -> None:
    """What another site sends, or what does not say where it is from, changes nothing."""
    account = await stage.account()
    browser = await stage.session(account, await stage.member(account))
    answer = await browser.raw("POST", "/sign-out", headers=headers)
    assert answer.status_code == 403
    assert (await browser.get("/me")).status_code == 200


async def test_bodies_have_an_end_and_requests_a_limit(stage: Stage) -> None:
    """More than any form is refused, announced or not; too many requests from one address wait."""
    browser = stage.browser()

    async def endless():
        for _ in range(3):
            yield b"x" * LARGEST_BODY

    kind = {"Content-Type": "application/x-www-form-urlencoded", **SAME_ORIGIN}
    told = await browser.raw("POST", "/sign-in", content=b"x" * (LARGEST_BODY + 1), headers=kind)
    assert told.status_code == 413
    untold = await browser.raw("POST", "/sign-in", content=endless(), headers=kind)
    assert untold.status_code == 413
    statuses = {(await browser.get("/robots.txt")).status_code for _ in range(620)}
    assert statuses == {404, 429}


async def test_no_way_leads_out_of_here(stage: Stage) -> None:
    """`next` goes to plain paths of ours and nowhere else."""
    account = await stage.account()
    await stage.member(account, email="ada@acme.example")
    for wanted in ("//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0aX: y", "/ok\n"):
        answer = await stage.browser().client.post(
            "/sign-in", params={"next": wanted}, headers=SAME_ORIGIN,
            data={"email": "ada@acme.example", "password": PASSWORD},
        )  # fmt: skip
        assert answer.headers["location"] == "/", wanted


async def test_hostile_text_stays_text(stage: Stage) -> None:
    """A company and a name full of markup are shown as they were typed."""
    account = await stage.account("<script>alert(1)</script>\"'")
    browser = await stage.session(account, await stage.member(account))
    page = (await browser.get("/")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    kept = await browser.post("/settings", name='"><b>', time_zone="Nowhere/Atlantis")
    assert kept.status_code == 422
    assert 'value="&#34;&gt;&lt;b&gt;"' in kept.text
