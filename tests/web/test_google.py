"""Sign in with Google: tokens signed by keys of a stand-in, and forty that are not what they should be."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from storage.keys.vault import Vault
from storage.session import Database
from tests.web.visitors import Browser, Stage, stage_of
from web.google import Google

pytestmark = [
    pytest.mark.promises("P14"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

CLIENT = "client.apps.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Claims = dict[str, Any]


def _pem(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims: Claims, key: rsa.RSAPrivateKey = KEY, **header: Any) -> str:
    """A token as Google signs it."""
    head = {"alg": "RS256", "kid": "1", "typ": "JWT"} | header
    signed = f"{_part(head)}.{_part(claims)}"
    return f"{signed}.{_part(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def claims(nonce: str, **more: Any) -> Claims:
    now = int(time.time())
    whole = {
        "iss": "https://accounts.google.com", "aud": CLIENT, "sub": "10769150350006150715113082367",
        "email": "ada@acme.example", "email_verified": True, "iat": now - 5, "exp": now + 300, "nonce": nonce,
    } | more  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


@pytest.fixture
async def stage(db: Database, vault: Vault) -> AsyncIterator[Stage]:
    async with stage_of(db, vault) as opened:
        google = Google(CLIENT, "secret", "https://accounts.google.com")
        google._found[google.certificates] = (time.monotonic() + 600, {"1": _pem(KEY)})
        opened.site.google = google
        yield opened


async def _nonce(browser: Browser) -> str:
    """What the sign-in page tells Google's script."""
    await browser.get("/sign-in")
    kept = browser.client.cookies["__Host-google"]
    return hashlib.sha256(b"nonce:" + kept.encode()).hexdigest()


async def _tap(browser: Browser, credential: str, field: str = "t" * 16, cookie: str = "t" * 16) -> str:
    if cookie:
        browser.client.cookies.set("g_csrf_token", cookie, domain="bot.example.com", path="/")
    answer = await browser.post("/sign-in/google/one-tap", credential=credential, g_csrf_token=field)
    return str(answer.headers["location"])


async def _linked(stage: Stage) -> None:
    """A member who has linked Google, with the password given just before."""
    account = await stage.account()
    browser = await stage.session(account, await stage.member(account, email="ada@acme.example"))
    nonce = await _nonce_of_signed_in(browser)
    assert await _tap(browser, token(claims(nonce))) == "/me"
    assert "Linked" in (await browser.get("/me")).text


async def _nonce_of_signed_in(browser: Browser) -> str:
    browser.client.cookies.set("__Host-google", "k" * 43, domain="bot.example.com", path="/")
    return hashlib.sha256(b"nonce:" + b"k" * 43).hexdigest()


async def test_a_linked_member_signs_in_and_a_token_serves_once(stage: Stage) -> None:
    """Unknown at first, whatever the address; after linking it signs in; the same token never again."""
    browser = stage.browser()
    assert await _tap(browser, token(claims(await _nonce(browser)))) == "/sign-in"
    await _linked(stage)
    nonce = await _nonce(browser)
    cookie = browser.client.cookies["__Host-google"]
    good = token(claims(nonce, email="other@elsewhere.example"))
    assert await _tap(browser, good) == "/"
    assert (await browser.get("/me")).status_code == 200
    thief = stage.browser()
    thief.client.cookies.set("__Host-google", cookie, domain="bot.example.com", path="/")
    assert await _tap(thief, good) == "/sign-in"


def _none(body: Claims) -> str:
    return f"{_part({'alg': 'none'})}.{_part(body)}."


def _hs256(body: Claims) -> str:
    signed = f"{_part({'alg': 'HS256', 'kid': '1'})}.{_part(body)}"
    return f"{signed}.{_part(hmac.digest(_pem(KEY).encode(), signed.encode(), 'sha256'))}"


def _altered(body: Claims) -> str:
    head, _, rest = token(body).partition(".")
    return f"{head}.{_part(body | {'sub': '1'})}.{rest.partition('.')[2]}"


NOW = int(time.time())
HOSTILE: list[Callable[[Claims], str]] = [
    _none, _hs256, _altered,
    lambda body: token(body, OTHER),
    lambda body: token(body, OTHER, jwk={"kty": "RSA"}),
    lambda body: token(body, kid="2"),
    lambda body: token(body, kid="../1"),
    lambda body: token(body, alg="ES256"),
    lambda body: token(body, alg="rs256"),
    lambda body: token(body, alg="RS384"),
    lambda body: token(body, alg=None),
    lambda body: token(body, alg=["RS256"]),
    lambda body: token(body).rpartition(".")[0],
    lambda body: token(body).rpartition(".")[0] + ".",
    lambda body: token(body)[:-4],
    lambda body: token(body) + ".x",
    lambda body: "." + token(body),
    lambda _: "a.b.c", lambda _: "...", lambda _: "x" * 9_000, lambda _: "é.é.é", lambda _: "e30.e30.e30",
    *(
        lambda body, change=change: token(body | change)
        for change in (
            {"aud": "another"}, {"aud": ["another"]}, {"aud": ""}, {"aud": CLIENT + " "}, {"aud": None},
            {"iss": "accounts.google.com.evil.example"}, {"iss": "http://accounts.google.com"}, {"iss": ""},
            {"iss": "https://accounts.google.com/"}, {"iss": None}, {"exp": NOW - 60}, {"exp": 0},
            {"exp": "never"}, {"iat": NOW + 600}, {"iat": None}, {"exp": None}, {"nonce": "other"},
            {"nonce": ""}, {"nonce": None}, {"sub": ""}, {"sub": None}, {"sub": "1" * 300},
        )
    ),
]  # fmt: skip


async def test_no_hostile_token_signs_anybody_in(stage: Stage) -> None:
    """Of more than forty tokens that are not what they should be none is accepted; none breaks a page."""
    await _linked(stage)
    assert len(HOSTILE) >= 40
    accepted = []
    for number, make in enumerate(HOSTILE):
        browser = stage.browser()
        location = await _tap(browser, make(claims(await _nonce(browser))))
        if location != "/sign-in" or (await browser.get("/me")).status_code == 200:
            accepted.append(number)
    assert accepted == []


async def test_the_double_submit_must_agree(stage: Stage) -> None:
    """Field and cookie `g_csrf_token` must be there and equal."""
    await _linked(stage)
    for field, cookie in (("a" * 16, "b" * 16), ("", ""), ("a" * 16, ""), ("", "a" * 16)):
        browser = stage.browser()
        assert await _tap(browser, token(claims(await _nonce(browser))), field, cookie) == "/sign-in"


async def test_an_address_alone_links_nothing(stage: Stage) -> None:
    """Another address, or one that Google has not verified, is not linked to a member who is signed in."""
    account = await stage.account()
    browser = await stage.session(account, await stage.member(account, email="ada@acme.example"))
    for change in ({"email": "eve@acme.example"}, {"email_verified": False}, {"email_verified": "true"}):
        kept = hashlib.sha256(repr(change).encode()).hexdigest()[:43]
        browser.client.cookies.set("__Host-google", kept, domain="bot.example.com", path="/")
        nonce = hashlib.sha256(b"nonce:" + kept.encode()).hexdigest()
        await _tap(browser, token(claims(nonce) | change))
        assert "Link your Google account" in (await browser.get("/me")).text
