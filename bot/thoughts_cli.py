"""The commands about thoughts: which there are, and what would have been said."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from storage.command_line import fail, opened, run

if TYPE_CHECKING:
    from storage.settings import Settings

thoughts_app = typer.Typer(
    name="thoughts", no_args_is_help=True, help="What Chewbotta notices by itself, and would have noticed."
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_AGO = re.compile(r"(\d{1,3})d")
_MOST_DAYS = 366


@thoughts_app.command("list")
def list_thoughts(as_json: Json = False) -> None:
    """List every kind of thought that can be subscribed to, with one line of meaning.

    Examples:  chewbotta thoughts list   ·   chewbotta thoughts list --json
    """
    from thoughts.registry import KINDS

    if as_json:
        rows = [
            {"kind": kind.name, "words": list(kind.words), "meaning": kind.meaning, "usual": kind.usual}
            for kind in KINDS.values()
        ]
        typer.echo(json.dumps(rows))
        return
    for kind in KINDS.values():
        typer.echo(f"{kind.name:24} {kind.meaning}")


@thoughts_app.command()
def preview(
    since: Annotated[str, typer.Option(help="How many days back: 30d.")] = "30d",
    account: Annotated[int | None, typer.Option(help="Of which account, where there are several.")] = None,
    as_json: Json = False,
) -> None:
    """Show what would have been said in the last days, from what the cache knows of them.

    Facts of customers are those of today.

    Examples:  chewbotta thoughts preview   ·   chewbotta thoughts preview --since 90d --json
    """
    days = _AGO.fullmatch(since)
    if days is None or not 0 < int(days[1]) <= _MOST_DAYS:
        fail(f"--since takes days, such as 30d, {_MOST_DAYS}d at most.")
    told = run(lambda settings: _preview(settings, account, int(days[1])))
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in told]))
        return
    for one in told:
        typer.echo(f"{one.at:%Y-%m-%d}  {'!' if one.critical else ' '} {one.kind:24} {one.text}")
    opening = sum(one.stage == "opens" for one in told)
    typer.echo(f"Matters in {days[1]} days: {opening}. Later news of them: {len(told) - opening}.")


@thoughts_app.command("try")
def try_rule(
    rule: Annotated[str, typer.Argument(help='In your own words: "tell me when a customer churns".')],
) -> None:
    """Read a rule back and say when it would have fired in the last 30 days. Saves nothing.

    Examples:  chewbotta thoughts try "tell me when MRR drops more than 3% in a day"
    """
    typer.echo(run(lambda settings: _try(settings, rule)))


async def _try(settings: "Settings", words: str) -> str:
    from bot.questions.outcome import Refuse
    from bot.questions.rule_words import Read, read_rule_words
    from bot.rule_trial import trial
    from bot.wiring import open_ready

    now = datetime.now(UTC)
    async with open_ready(settings) as ready:
        vocabulary = await ready.cache.vocabulary(ready.account_id)
        read = read_rule_words(words, vocabulary, now)
        if isinstance(read, Read):
            return await trial(ready.db, ready.cache, ready.account_id, read, vocabulary, now)
    if isinstance(read, Refuse):
        return " ".join((read.reason, *(f"Try “{one}”." for one in read.suggestions)))
    return read.question


@dataclass(frozen=True, slots=True)
class Told:
    """One thought with its words."""

    at: datetime
    kind: str
    stage: str
    critical: bool
    text: str
    matter: str
    occurrence: str

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "kind": self.kind,
            "stage": self.stage,
            "critical": self.critical,
            "text": self.text,
            "matter": self.matter,
            "occurrence": self.occurrence,
        }


async def _preview(settings: "Settings", account: int | None, days: int) -> list[Told]:
    from bot.render.thought_words import said
    from storage.accounts import asking, sole_account
    from thoughts.naming import open_names
    from thoughts.outbox import Decided, id_of
    from thoughts.registry import say
    from thoughts.replay import replay

    now = datetime.now(UTC)
    async with opened(settings) as place:
        account_id = await sole_account(place.db) if account is None else account
        who = await asking(place.db, account_id, now)
        async with place.db.tenant(account_id, read_only=True) as session:
            found = await replay(session, who, now - timedelta(days=days))
        decided = [Decided(id_of(thought), thought, False, now) for thought in found]
        names = await open_names(place.db, place.vault, account_id, decided)
    told = []
    for thought in found:
        words = say(thought)
        parts = (said(part, names, who.time_zone) for part in (words.news, words.why))
        told.append(
            Told(
                thought.at, thought.kind, thought.stage, thought.critical, " ".join(p for p in parts if p),
                thought.matter, thought.occurrence,
            )
        )  # fmt: skip
    return told
