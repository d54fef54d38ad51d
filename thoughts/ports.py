"""What thoughts need of a chat platform: somebody who posts a letter and says what came of it.

Everything here is a value or a protocol. `bot/` has a courier for each platform.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from storage.trust.messages import Post
from thoughts.base import Thought, Words
from thoughts.digest import Digest


class LetterKind(StrEnum):
    THOUGHTS = "thoughts"
    CATCH_UP = "catch_up"
    DIGEST = "digest"
    NOTICE = "notice"
    EDIT = "edit"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post: a channel, or a person's id for their direct messages. `thread` is the post above it."""

    team: str
    place: str
    thread: Post | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thought with what it says, as its detector words it."""

    thought: Thought
    words: Words
    step: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """How ids are said: customers by profile, products by source and id, sources by number."""

    customers: Mapping[bytes, str] = field(default_factory=dict)
    products: Mapping[tuple[int, bytes], str] = field(default_factory=dict)
    sources: Mapping[int, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Names(...)"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to be posted. `key` names it: the same key is the same message, however often it is tried.

    `items` are its thoughts, `more` says how many others are meant too (of a catch-up). `digest` is what
    `thoughts/digest.py` made. `notice` are plain words. `mentions` are people of the platform to be called,
    `subscription` what the buttons are about.
    """

    key: str
    kind: LetterKind
    target: Target
    zone: str
    subscription: int
    made_at: datetime
    items: tuple[Item, ...] = ()
    more: int = 0
    names: Names = field(default_factory=Names)
    digest: Digest | None = None
    notice: str = ""
    mentions: tuple[str, ...] = ()
    edits: Post | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform has it; `posts` are where it stands, the first is what a thread hangs on. `text` is what
    people read there."""

    posts: tuple[Post, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: try again in so many seconds. `doubtful`: it may have been posted all the same."""

    seconds: float
    code: str
    doubtful: bool = True


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing can be posted there any more, or never this. `code` is the platform's word for it."""

    code: str


Outcome = Sent | Later | Gone


class Courier(Protocol):
    """Posts to one platform. No method raises for what the platform did."""

    async def post(self, letter: Letter) -> Outcome:
        """Posts it once, marked with its key; or puts it in the place of the post that it `edits`."""

    async def find(self, letter: Letter) -> Outcome | None:
        """Where a letter stands that may have been posted before: Sent, None where it surely is not there,
        Later or Gone where the platform does not say."""

    async def person(self, team: str, email: str) -> str | None:
        """Whom the platform knows under this address, to mention them; None where it does not say."""
