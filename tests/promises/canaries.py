"""Canaries: markers that cannot occur by chance, and a search that finds them however they were written.

One test uses a handful of words; every field gets a word with the field's name behind it, so that a search
for the word finds them all and the text around a hit says which field it was.
"""

import base64
import gzip
import re
import secrets
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

_LETTERS = "bcdfghjkmpqrtvwxz"  # no vowels: no word of any language, and no hexadecimal digit alone
_DIGITS = "123456789"
_CONTEXT = 48
_LARGEST_UNPACKED = 4 * 2**20
_TASTE = 512  # what only looks like a compressed stream fails within so many bytes
_PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")


def new_word() -> str:
    """16 letters with a capital in front, as a name would have."""
    return "".join(secrets.choice(_LETTERS) for _ in range(16)).capitalize()


def new_number() -> str:
    """12 digits, none of them 0: a telephone number is normalised to digits."""
    return "".join(secrets.choice(_DIGITS) for _ in range(12))


@dataclass(frozen=True, slots=True)
class Canaries:
    """The words of one test.

    `kept`: in fields that are stored, sealed (name, e-mail, external ids); `phone` likewise, in digits.
    `never`: in personal fields that nothing may store (address, notes, metadata, card details ...).
    `secret`: in credentials. `control`: planted in every place to prove that a search sees it there.
    """

    kept: str = field(default_factory=new_word)
    phone: str = field(default_factory=new_number)
    never: str = field(default_factory=new_word)
    secret: str = field(default_factory=new_word)
    control: str = field(default_factory=new_word)

    @property
    def personal(self) -> tuple[str, ...]:
        return (self.kept, self.phone, self.never)

    @property
    def all(self) -> tuple[str, ...]:
        """Everything that must not be found; not the control."""
        return (*self.personal, self.secret)


class Hit(NamedTuple):
    """A canary found: in which form, at which offset, and what stands around it."""

    word: str
    form: str
    offset: int
    around: bytes


def _base64_forms(word: str) -> Iterator[tuple[str, bytes]]:
    """At each of the three alignments; the outermost characters mix with the neighbours, so they are cut."""
    for text in {word, word.lower(), word.upper()}:
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + text.encode())
            inner = encoded[4 if shift else 0 : -4]
            yield f"base64, shifted by {shift}", inner
            yield f"base64 for URLs, shifted by {shift}", inner.replace(b"+", b"-").replace(b"/", b"_")


@cache
def forms(word: str) -> list[tuple[str, bytes, bool]]:
    """(name, bytes, whether the case matters) of every way to write a word."""
    lower = word.lower()
    found = [
        ("raw", lower.encode(), False),
        ("UTF-16, little end first", lower.encode("utf-16-le"), False),
        ("UTF-16, big end first", lower.encode("utf-16-be"), False),
        ("reversed", lower[::-1].encode(), False),
    ]
    for text in {lower, word, word.upper()}:
        found.append(("hex", text.encode().hex().encode(), False))
        found.append(("URL-escaped", "".join(f"%{ord(c):02x}" for c in text).encode(), False))
        found.append(("JSON-escaped", "".join(f"\\u{ord(c):04x}" for c in text).encode(), False))
    found.append(("URL-quoted", quote(lower).encode(), False))
    found += [(name, encoded, True) for name, encoded in _base64_forms(word)]
    return list({(encoded, matters): (name, encoded, matters) for name, encoded, matters in found}.values())


def find(words: Iterable[str], data: bytes, *, unpack: int = 2) -> list[Hit]:
    """Every form of every word in `data`, one hit a form; within gzip and zlib too, `unpack` deep."""
    lower = data.lower()
    hits = []
    for word in words:
        for name, encoded, case_matters in forms(word):
            at = (data if case_matters else lower).find(encoded)
            if at >= 0:
                around = data[max(0, at - _CONTEXT) : at + len(encoded) + _CONTEXT]
                hits.append(Hit(word, name, at, around))
    if unpack:
        for at, inner in _unpacked(data):
            hits += [
                Hit(word, f"{form}, compressed", at, around)
                for word, form, _, around in find(words, inner, unpack=unpack - 1)
            ]
    return hits


def _unpacked(data: bytes) -> Iterator[tuple[int, bytes]]:
    """What opens as gzip or zlib, wherever it begins."""
    for magic in _PACKED.finditer(data):
        start, stream = magic.start(), zlib.decompressobj(wbits=47)  # either header
        try:
            inner = stream.decompress(data[start : start + _TASTE])
            if not stream.eof:
                inner += stream.decompress(
                    data[start + _TASTE : start + _LARGEST_UNPACKED], _LARGEST_UNPACKED
                )
        except zlib.error:
            continue
        if inner:
            yield start, inner


def ways_to_write(word: str) -> dict[str, bytes]:
    """One example of each kind of place that a word can hide in: what `find` is proved on."""
    return {
        "raw": b"x" + word.encode() + b"x",
        "lower": word.lower().encode(),
        "upper": word.upper().encode(),
        **{f"base64 {n}": base64.b64encode(b"abcdef"[:n] + word.encode() + b"xyz") for n in range(3)},
        "base64url": base64.urlsafe_b64encode(b"\xfb\xef" + word.lower().encode() + b"\xff"),
        "hex": word.encode().hex().encode(),
        "HEX": word.upper().encode().hex().upper().encode(),
        "url": "".join(f"%{ord(c):02X}" for c in word).encode(),
        "json": "".join(f"\\u{ord(c):04x}" for c in word).encode(),
        "utf-16": f'"{word}"'.encode("utf-16"),
        "utf-16-be": f'"{word}"'.encode("utf-16-be"),
        "gzip": b"before" + gzip.compress(word.encode() * 3) + b"after",
        "zlib": b"before" + zlib.compress(word.lower().encode()) + b"after",
        "zlib, level 1": zlib.compress(b"a" * 100 + word.encode(), 1),
        "gzip in gzip": gzip.compress(gzip.compress(word.encode())),
    }
