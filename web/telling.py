"""Mails that a page sends. Where no mail server is set, nothing is sent and the log says so."""

from typing import Any

import structlog

from web.ask import Ask

log = structlog.get_logger()


async def tell(ask: Ask, to: str, template: str, *, link: str, **context: Any) -> None:
    """Sends a mail with a link to a page of ours."""
    if ask.site.mailer is None:
        log.warning("mail.not_set_up")
        return
    origin = ask.site.origin or str(ask.request.base_url).rstrip("/")
    await ask.site.mailer.send(to, template, link=f"{origin}{link}", origin=origin, **context)
