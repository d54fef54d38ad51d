"""What a key is sent as, and where it may be sent."""

import ipaddress
import re
from base64 import b64encode
from urllib.parse import urlsplit

_KEY = re.compile(r"[\x21-\x7e]{1,1024}")


def bearer(key: str) -> str:
    """An Authorization header."""
    return f"Bearer {_plain(key)}"


def basic(user: str, password: str = "") -> str:
    """An Authorization header."""
    return "Basic " + b64encode(f"{_plain(user)}:{password}".encode()).decode()


def basic_token(credential: str) -> str:
    """An Authorization header of `user:password` as one text, as Zendesk wants its `e-mail/token:key`."""
    user, _, password = credential.partition(":")
    return basic(user, _plain(password))


def _plain(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError("The key has characters that no key has: copy it again, without spaces.")
    return key


def server(base_url: str) -> str:
    """A base URL that a key may be sent to: https, or plain http within the own network."""
    parts = urlsplit(base_url)
    if parts.username or parts.query or parts.fragment or not parts.hostname:
        raise ValueError("The base URL must be of the form https://host[:port][/path].")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_near(parts.hostname)):
        raise ValueError("The base URL must begin with https://; http:// is for servers in the own network.")
    return base_url.rstrip("/")


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".internal", ".local", ".test"))
