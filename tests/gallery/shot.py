"""One picture of the gallery: what was asked, and the messages that came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.render.slack_blocks import Message


@dataclass(frozen=True, slots=True)
class Shot:
    """`where`: direct (a direct message), channel, aside (for one person's eyes) or told (nobody asked)."""

    name: str
    asked: str
    messages: Sequence[Message]
    where: str = "direct"
    pressed: bool = False
    pictures: Mapping[str, str] = field(default_factory=dict)
