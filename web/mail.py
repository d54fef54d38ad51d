"""Mail: text and HTML of one template pair, sent by the server in SMTP_URL.

Who gets a mail is never logged; what goes wrong is told by its kind.
"""

import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib
import stamina

from storage.settings import Settings
from web.rendering import render

_TIMEOUT = 20.0
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Mailer:
    """A mail server, and who the mails are from."""

    host: str
    port: int
    sender: str
    implicit_tls: bool
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The mailer of this installation; None where no server is set."""
        if settings.smtp_url is None:
            return None
        parts = urlsplit(settings.smtp_url.get_secret_value())
        secure = parts.scheme == "smtps"
        own = urlsplit(settings.public_url or "").hostname or "localhost"
        return cls(
            host=parts.hostname or "",
            port=parts.port or (465 if secure else 587),
            sender=settings.mail_from or f"chewbotta@{own}",
            implicit_tls=secure,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    async def send(self, to: str, template: str, **context: Any) -> None:
        """Sends `mail/{template}.txt` and `.html`; the first line of the text is the subject."""
        subject, _, text = render(f"mail/{template}.txt", **context).partition("\n")
        message = EmailMessage()
        message["Subject"] = subject.strip()
        message["From"] = Address("Chewbotta", addr_spec=self.sender)
        message["To"] = to
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.strip() + "\n")
        message.add_alternative(render(f"mail/{template}.html", subject=subject, **context), subtype="html")
        async for attempt in stamina.retry_context(
            on=(aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPConnectError, TimeoutError), attempts=3
        ):
            with attempt:
                await self._deliver(message)

    async def _deliver(self, message: EmailMessage) -> None:
        # Only a server on this machine may do without TLS; certificates are verified.
        upgrade = None if self.implicit_tls else (None if self.host in _LOCAL else True)
        await aiosmtplib.send(
            message, hostname=self.host, port=self.port, username=self.user, password=self.password,
            use_tls=self.implicit_tls, start_tls=False if self.implicit_tls else upgrade,
            tls_context=ssl.create_default_context(), timeout=_TIMEOUT,
        )  # fmt: skip
