"""Google: who somebody is, as Google says it. Identity is `sub`, never the address.

One Tap and the button give an ID token (`credential`), verified with google-auth: signed with RS256 by one of
Google's keys, for this client, by Google, in time, with the nonce of this browser. Browsers without it go to
Google and come back with a code (OAuth 2 with PKCE and state), which is changed into who it is.
"""

import base64
import hashlib
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from google.auth import exceptions, jwt

from storage.settings import Settings

ISSUERS = frozenset({"accounts.google.com", "https://accounts.google.com"})
CERTIFICATES = "https://www.googleapis.com/oauth2/v1/certs"
_KEPT = 3600.0
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_SKEW_SECONDS = 10
_LONGEST_TOKEN = 8_192
_LONGEST_SUBJECT = 255


class NotGoogle(Exception):
    """What was given does not prove who somebody is."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who somebody is at Google; the address only where Google has verified it."""

    subject: str
    email: str | None

    def __repr__(self) -> str:
        return "Claimed(...)"


@dataclass(slots=True)
class Google:
    """`base` is another Google, in tests; its keys and endpoints are found by its own discovery document."""

    client_id: str
    client_secret: str = field(repr=False)
    base: str
    _found: dict[str, tuple[float, Any]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """None where no client is set."""
        if settings.google_client_id is None or settings.google_client_secret is None:
            return None
        secret = settings.google_client_secret.get_secret_value()
        return cls(settings.google_client_id, secret, settings.google_url)

    async def verify(self, credential: str, nonce: str) -> Claimed:
        """Who an ID token is about. Raises NotGoogle."""
        if not nonce or len(credential) > _LONGEST_TOKEN:
            raise NotGoogle
        certificates = await self._get(self.certificates)
        try:
            header = jwt.decode_header(credential)  # type: ignore[no-untyped-call]  # google-auth has no types here
            if header.get("alg") != "RS256":
                raise NotGoogle
            claims = jwt.decode(  # type: ignore[no-untyped-call]  # nor here
                credential, certs=certificates, audience=self.client_id, clock_skew_in_seconds=_SKEW_SECONDS
            )
        except (exceptions.GoogleAuthError, ValueError, TypeError, KeyError, AttributeError):
            raise NotGoogle from None
        if claims.get("iss") not in ISSUERS | {self.base} or claims.get("nonce") != nonce:
            raise NotGoogle
        return _claimed(claims)

    @property
    def certificates(self) -> str:
        return (
            CERTIFICATES if self.base == Settings.model_fields["google_url"].default else f"{self.base}/certs"
        )

    async def way_there(self, redirect_uri: str, state: str, verifier: str, *, again: bool) -> str:
        """Where to send the browser. `again`: Google asks for the password once more."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": self.client_id, "redirect_uri": redirect_uri, "response_type": "code",
            "scope": "openid email", "state": state, "code_challenge": challenge,
            "code_challenge_method": "S256", "prompt": "login" if again else "select_account",
        }  # fmt: skip
        return f"{(await self._discovered())['authorization_endpoint']}?{urlencode(asked)}"

    async def redeem(self, code: str, redirect_uri: str, verifier: str) -> Claimed:
        """Who a code is about; asked of Google itself, over a connection of ours. Raises NotGoogle."""
        asked = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
            "client_id": self.client_id, "client_secret": self.client_secret, "code_verifier": verifier,
        }  # fmt: skip
        found = await self._discovered()
        try:
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
                async with session.post(found["token_endpoint"], data=asked, allow_redirects=False) as answer:
                    token = (await answer.json(content_type=None))["access_token"] if answer.ok else ""
                if not token:
                    raise NotGoogle
                headers = {"Authorization": f"Bearer {token}"}
                async with session.get(
                    found["userinfo_endpoint"], headers=headers, allow_redirects=False
                ) as answer:
                    return _claimed(await answer.json(content_type=None) if answer.ok else {})
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError):
            raise NotGoogle from None

    async def _discovered(self) -> dict[str, str]:
        found: dict[str, str] = await self._get(f"{self.base}/.well-known/openid-configuration")
        return found

    async def _get(self, url: str) -> Any:
        """A document of Google's, kept for an hour. Raises NotGoogle."""
        until, kept = self._found.get(url, (0.0, None))
        if time.monotonic() < until:
            return kept
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.get(url, allow_redirects=False) as answer,
            ):
                answer.raise_for_status()
                kept = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise NotGoogle from None
        self._found[url] = (time.monotonic() + _KEPT, kept)
        return kept


def _claimed(claims: Any) -> Claimed:
    subject, email = str(claims.get("sub") or ""), claims.get("email")
    if not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise NotGoogle
    return Claimed(subject, str(email) if email and claims.get("email_verified") is True else None)
