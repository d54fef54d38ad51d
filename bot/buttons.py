"""What a button of an answer stands for, in its value: nobody can make one up, change it, or use another's.

A value is made for one account and ends after a week. It is readable and signed where it names nobody, sealed
where it may; what is longer than a button holds is kept in the database, and the value is where.
"""

import base64
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hmac import compare_digest
from secrets import token_hex
from typing import Any, Protocol

import msgspec

from bot.answer import Answer
from storage import buttons
from storage.buttons import PRESSED_WITHIN
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault, VaultError
from storage.session import Database

LONGEST = 1_999
"""Characters of a button's value that Slack takes, but one: a thumb's begins with which it is."""

_SIGNED, _SEALED, _KEPT = "p", "s", "k"
_PLACE = {"table": "button", "row_id": b"value", "column": "value"}
_LARGEST = 64_000


class Press(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to do, and with which plan or question. `until` is when it ends, in seconds since 1970."""

    do: str
    plan: dict[str, Any] | None = None
    question: str | None = None
    kind: str = ""
    interpreter: str = ""
    until: int = 0

    def __repr__(self) -> str:
        return f"Press(do={self.do!r})"


_presses = msgspec.json.Decoder(Press)


class Buttons(Protocol):
    """Makes values of buttons, and reads them back when they are pressed."""

    async def make(self, account_id: int, presses: Sequence[Press], *, personal: bool) -> list[str]: ...

    async def read(self, account_id: int, value: str) -> Press | None:
        """None for what is none of this account's, was altered, or has ended."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class StoredButtons:
    """The real `Buttons`, with the account's own keys."""

    def __init__(self, db: Database, vault: Vault, now: Callable[[], datetime] = _utc_now) -> None:
        self._db, self._vault, self._now = db, vault, now

    async def make(self, account_id: int, presses: Sequence[Press], *, personal: bool) -> list[str]:
        ends = int((self._now() + PRESSED_WITHIN).timestamp())
        keys = await self._vault.account_keys(account_id)
        values = []
        for press in presses:
            content = zlib.compress(msgspec.json.encode(msgspec.structs.replace(press, until=ends)))
            value = _sealed(keys, content) if personal else _signed(keys, content)
            fits = len(value) <= LONGEST
            values.append(value if fits else await self._kept(account_id, content, personal=personal))
        return values

    async def _kept(self, account_id: int, content: bytes, *, personal: bool) -> str:
        button_id = await buttons.keep_button(
            self._db, self._vault, account_id, content, now=self._now(), personal=personal
        )
        return f"{_KEPT}.{button_id.hex()}"

    async def read(self, account_id: int, value: str) -> Press | None:
        try:
            content = await self._content(account_id, value)
            press = _presses.decode(_unpacked(content)) if content is not None else None
        except (ValueError, VaultError, zlib.error, msgspec.MsgspecError):
            return None
        return press if press is not None and press.until > self._now().timestamp() else None

    async def _content(self, account_id: int, value: str) -> bytes | None:
        kind, _, rest = value.partition(".")
        if kind == _KEPT:
            where = bytes.fromhex(rest)
            return await buttons.find_button(self._db, self._vault, account_id, where, now=self._now())
        keys = await self._vault.account_keys(account_id)
        if kind == _SEALED:
            return keys.open(**_PLACE, sealed=_bytes(rest))  # type: ignore[arg-type]  # the three of _PLACE
        if kind != _SIGNED:
            return None
        said, _, signature = rest.partition(".")
        return _bytes(said) if compare_digest(signature.encode(), _mac(keys, said).encode()) else None


def _unpacked(content: bytes) -> bytes:
    """Raises ValueError for what unpacks to more than any button of ours says."""
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(content, _LARGEST)
    if unpacking.unconsumed_tail:
        raise ValueError("too large")
    return found


def _signed(keys: SourceKeys, content: bytes) -> str:
    said = _text(content)
    return f"{_SIGNED}.{said}.{_mac(keys, said)}"


def _sealed(keys: SourceKeys, content: bytes) -> str:
    return f"{_SEALED}.{_text(keys.seal(**_PLACE, plaintext=content))}"  # type: ignore[arg-type]  # the three of _PLACE


def _mac(keys: SourceKeys, said: str) -> str:
    return keys.record_id("button", said).hex()


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(slots=True)
class ButtonsInMemory:
    """For an app without a database: the latest buttons of this process."""

    size: int = 10_000
    _made: OrderedDict[tuple[int, str], Press] = field(default_factory=OrderedDict)

    async def make(self, account_id: int, presses: Sequence[Press], *, personal: bool) -> list[str]:
        values = [token_hex(16) for _ in presses]
        self._made.update({(account_id, value): press for value, press in zip(values, presses, strict=True)})
        while len(self._made) > self.size:
            self._made.popitem(last=False)
        return values

    async def read(self, account_id: int, value: str) -> Press | None:
        return self._made.get((account_id, value))


def may_name_somebody(answer: Answer) -> bool:
    """Whether the answer's plan could hold a word about anybody: its button is then sealed."""
    return bool(answer.about) or answer.profile is not None or answer.plan is None
