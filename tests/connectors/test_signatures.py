"""Signatures of webhooks: the vendors' schemes, to the byte; everything else is refused."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import signatures
from connectors.signatures import TOLERANCE, Asked, Verify
from tests.vendors.signing import signed

SECRET, OLDER = "whsec_of_the_tests", "whsec_before"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://bot.example.com/webhooks/1/2"
BODY = b'{"id":"evt_1","note":"caf\xc3\xa9"}'
VERIFY: dict[str, Verify] = {
    "stripe": signatures.stripe,
    "hubspot": signatures.hubspot,
    "intercom": signatures.intercom,
    "zendesk": signatures.zendesk,
}
KNOWN = Path(__file__).parents[3] / "shared" / "vendors" / "examples" / "webhook-signatures.json"

each_vendor = pytest.mark.parametrize("vendor", VERIFY)


def ask(vendor: str, body: bytes = BODY, secret: str = SECRET, at: datetime = NOW) -> Asked:
    return Asked("POST", URL, signed(vendor, body, secret, at, url=URL), body)


@each_vendor
def test_what_the_vendor_signed_is_accepted(vendor: str) -> None:
    """With its secret, whichever of several it is."""
    assert VERIFY[vendor](ask(vendor), [SECRET], NOW)
    assert VERIFY[vendor](ask(vendor), [OLDER, SECRET], NOW)
    assert not VERIFY[vendor](ask(vendor), [OLDER], NOW)
    assert not VERIFY[vendor](ask(vendor), [], NOW)


@each_vendor
def test_a_changed_body_is_refused(vendor: str) -> None:
    """By a single bit, and also a body that means the same."""
    asked = ask(vendor)
    for body in (bytes([BODY[0] ^ 1]) + BODY[1:], BODY + b" ", b""):
        assert not VERIFY[vendor](Asked("POST", URL, asked.headers, body), [SECRET], NOW)


@each_vendor
def test_missing_and_mangled_headers_are_refused(vendor: str) -> None:
    """None of them, each of them empty, and each one with something foreign in it."""
    asked = ask(vendor)
    assert not VERIFY[vendor](Asked("POST", URL, {}, BODY), [SECRET], NOW)
    for name, value in asked.headers.items():
        for wrong in ("", value[:-1], value + "x", "é" + value, "x" * 5000):
            headers = {**asked.headers, name: wrong}
            assert not VERIFY[vendor](Asked("POST", URL, headers, BODY), [SECRET], NOW)


@pytest.mark.parametrize("vendor", [vendor for vendor in VERIFY if vendor != "intercom"])
def test_a_recorded_request_cannot_be_sent_again_later(vendor: str) -> None:
    """Five minutes are allowed, and a second more is not; Intercom's have no time."""
    verify = VERIFY[vendor]
    assert verify(ask(vendor, at=NOW - TOLERANCE), [SECRET], NOW)
    assert not verify(ask(vendor, at=NOW - TOLERANCE - timedelta(seconds=1)), [SECRET], NOW)
    assert not verify(ask(vendor, at=NOW + TOLERANCE + timedelta(seconds=1)), [SECRET], NOW)


def test_hubspot_signs_the_public_address() -> None:
    """A request to another one is not for us."""
    other = Asked("POST", URL + "?x=1", ask("hubspot").headers, BODY)
    assert not signatures.hubspot(other, [SECRET], NOW)


def test_stripes_test_signature_never_counts() -> None:
    """`v0` beside no `v1`; several `v1` while a secret is rolled are fine."""
    headers = ask("stripe").headers
    text = headers["stripe-signature"]
    only_v0 = {"stripe-signature": text.replace("v1=", "v0=")}
    assert not signatures.stripe(Asked("POST", URL, only_v0, BODY), [SECRET], NOW)
    rolled = {"stripe-signature": text.replace("v1=", f"v1={'0' * 64},v1=")}
    assert signatures.stripe(Asked("POST", URL, rolled, BODY), [SECRET], NOW)


def _known() -> list[dict[str, Any]]:
    if not KNOWN.exists():
        return []
    names = {"stripe", "hubspot v3", "intercom", "zendesk"}
    return [one for one in json.loads(KNOWN.read_text())["vectors"] if one["vendor"] in names]


@pytest.mark.skipif(not KNOWN.exists(), reason="the known answers (../shared/vendors/examples) are not there")
def test_known_answers() -> None:
    """Bodies, secrets and signatures whose match is known from elsewhere."""
    assert len(_known()) == 4
    for one in _known():
        vendor = one["vendor"].split()[0]
        headers = {name.lower(): value for name, value in one["headers"].items()}
        headers[one["signature_header"].lower()] = one["signature"]
        asked = Asked("POST", one.get("uri", URL), headers, one["body"].encode())
        now = datetime.fromtimestamp(1_764_000_000, UTC)
        assert VERIFY[vendor](asked, [one["secret"]], now), vendor


@each_vendor
@given(value=st.text(max_size=80), time=st.text(max_size=30))
def test_any_headers_are_taken_without_fail(vendor: str, value: str, time: str) -> None:
    """Whatever they hold, the answer is no."""
    names = (
        "stripe-signature",
        "x-hub-signature",
        "x-hubspot-signature-v3",
        "x-zendesk-webhook-signature",
    )
    times = ("x-hubspot-request-timestamp", "x-zendesk-webhook-signature-timestamp")
    headers = {**dict.fromkeys(names, value), **dict.fromkeys(times, time)}
    assert not VERIFY[vendor](Asked("POST", URL, headers, BODY), [SECRET], NOW)
