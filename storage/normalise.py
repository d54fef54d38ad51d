"""One spelling for values that are looked up by their keyed hash: e-mail, domain, name, phone, external id.

Pure functions of one string; None means that there is nothing to look up. Whatever is stored and whatever
is asked for must pass through here, or they will not meet. Each form is its own normal form.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tldextract import TLDExtract

_LONGEST = 1_000
_LONGEST_HOST = 253
_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})  # control and format signs, halves of characters
_FEWEST_DIGITS = 5
_EXTENSION = re.compile(r"(?<=\d)[ )]*(?:ext|x|;|,|#).*")
_TRUNK_ZERO = re.compile(r"\( ?0 ?\)")
_ABROAD = re.compile(r"\D*?(?:\+|00)(.*)")
_NOT_DIGIT = re.compile(r"\D")
_PATH = re.compile(r"[/?#].*")
_PORT = re.compile(r":\d*$")
_NOT_HOST = re.compile(r"[^a-z0-9.-]")


class Field(StrEnum):
    """What has a blind index."""

    EMAIL = "email"
    DOMAIN = "domain"
    NAME = "name"
    PHONE = "phone"
    EXTERNAL_ID = "external_id"


def normalise(field: str, value: str | None) -> str | None:
    """The normal form of a value; None when it is missing, malformed, or absurdly long."""
    if not value or len(value) > _LONGEST:
        return None
    return _BY_FIELD[field](value)


def email(value: str) -> str | None:
    """`Ada@ACME.com ` is `ada@acme.com`. Tags and dots stay: whose they are only the provider knows."""
    local, at, host = _fold(value).rpartition("@")
    if not at or not local or " " in local:
        return None
    ascii_host = _host(host)
    return f"{local}@{ascii_host}" if ascii_host else None


def domain(value: str) -> str | None:
    """The registrable domain of an e-mail address, a host or a URL: `acme.co.uk`.

    None for public mail providers: half of all customers share those, so an index over them would tell.
    """
    text = _fold(value)
    authority = _PATH.sub("", text.partition("://")[2] or text)
    host = _host(_PORT.sub("", authority.rpartition("@")[2]).strip("<> "))
    return _company_domain(host) if host else None


def name(value: str) -> str | None:
    """Without case, compatibility forms (`Ａ`, `ﬁ`), invisible marks and surplus spaces."""
    return _fold(value) or None


def phone(value: str) -> str | None:
    """Digits, after a + where the country is given (`+` or `00`). Extensions are dropped."""
    text = _EXTENSION.sub("", _fold(value))
    abroad = _ABROAD.match(text)
    digits = _NOT_DIGIT.sub("", _TRUNK_ZERO.sub("", abroad[1]) if abroad else text)
    if not digits.isascii():
        digits = "".join(str(int(digit)) for digit in digits)
    if len(digits) < _FEWEST_DIGITS:
        return None
    return f"+{digits}" if abroad else digits


def external_id(value: str) -> str | None:
    """As it is, but for surrounding space: ids tell upper from lower case."""
    return value.strip() or None


def load() -> None:
    """Reads the lists of suffixes and mail providers now, not with the first domain: it takes a moment."""
    _suffixes()
    _public_mail()


def is_public_mail(registrable_domain: str) -> bool:
    """Whether a domain (as `tldextract` cuts it) is a mail provider's, where neighbours share nothing."""
    domains, brands = _public_mail()
    return registrable_domain in domains or registrable_domain.partition(".")[0] in brands


_BY_FIELD: dict[str, Callable[[str], str | None]] = {
    Field.EMAIL: email,
    Field.DOMAIN: domain,
    Field.NAME: name,
    Field.PHONE: phone,
    Field.EXTERNAL_ID: external_id,
}


def _fold(value: str) -> str:
    """Case-folded, in compatibility form, single spaces, no invisible characters."""
    if not value.isascii():
        value = unicodedata.normalize("NFKC", value)
        # Folding can leave a form that normalising changes again, so it is done until nothing moves.
        while (folded := unicodedata.normalize("NFKC", value.casefold())) != value:
            value = folded
        value = "".join(
            sign for sign in value if unicodedata.category(sign) not in _INVISIBLE or sign.isspace()
        )
    return " ".join(value.lower().split())


def _host(text: str) -> str | None:
    """A host name of two labels or more, in its ASCII form; None when it is none."""
    host = text.strip(".") if text.isascii() else _to_ascii(text.strip("."))
    if "." not in host or len(host) > _LONGEST_HOST or _NOT_HOST.search(host):
        return None
    return host


def _to_ascii(host: str) -> str:
    import idna

    if len(host) > _LONGEST_HOST:
        return ""
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return ""


@lru_cache(maxsize=16_384)
def _company_domain(host: str) -> str | None:
    cut = _registrable(host)
    return cut if cut and not is_public_mail(cut) else None


def _registrable(host: str) -> str:
    extract, suffixes = _suffixes()
    below, _, top = host.partition(".")
    # Most hosts are one label under a plain suffix; telling so is six times quicker than cutting a URL.
    if below and top in suffixes and "." not in top and host not in suffixes and f"*.{top}" not in suffixes:
        return host
    return extract(host).top_domain_under_public_suffix


@cache
def _suffixes() -> tuple["TLDExtract", frozenset[str]]:
    """The bundled list of public suffixes: no network, no cache on disk."""
    from tldextract import TLDExtract

    extract = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
    return extract, frozenset(extract.tlds)


@cache
def _public_mail() -> tuple[frozenset[str], frozenset[str]]:
    text = resources.files("storage").joinpath("public_mail_providers.json").read_text(encoding="utf-8")
    listed = json.loads(text)
    return frozenset(listed["domains"]), frozenset(listed["brands"])
