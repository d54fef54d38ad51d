"""What there is to see of thoughts: letters as they are posted, one picture each."""

import json
from collections.abc import AsyncIterator

from bot.render.slack_thoughts import thought_message
from bot.wiring import Ready
from tests.bot.letters import LETTERS
from tests.gallery.shot import Shot

_SHOWN = ("one", "called", "wave", "in-thread", "catch-up", "digest")
_NAMES = {"Brightwater &lt;Labs&gt;": "Brightwater Labs", "∗Kestrel∗ &amp; Sons": "Kestrel &amp; Sons"}


async def shots(_ready: Ready) -> AsyncIterator[Shot]:
    """Letters of the tests, with everyday names in place of theirs, which try to be markup."""
    for name in _SHOWN:
        drawn = json.dumps(thought_message(LETTERS[name]), ensure_ascii=False)
        for odd, plain in _NAMES.items():
            drawn = drawn.replace(odd, plain)
        yield Shot(f"thought-{name}", "", [json.loads(drawn)], where="told")
