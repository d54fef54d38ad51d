"""What signing in, signing up and joining share: a browser gets its session."""

from starlette.responses import Response

from storage.members import sessions
from storage.members.members import Known
from storage.members.sessions import Method, State
from web.access import CODE
from web.ask import Ask
from web.device import device_of
from web.flash import Flash


async def let_in(ask: Ask, known: Known, method: Method) -> Response:
    """Signs the browser in, under a token of its own; where a second factor is due, that comes next."""
    cookie, state = await sessions.start(
        ask.site.db, known.account_id, known.member_id, method=method,
        device=device_of(ask.request.headers.get("user-agent", "")), now=ask.now, by=ask.by(known.member_id),
    )  # fmt: skip
    back = ask.next()
    target = back if state is State.FULL else (f"{CODE}?next={back}" if back != "/" else CODE)
    return ask.signed_in(ask.go(target, Flash.SIGNED_IN if state is State.FULL else None), cookie)
