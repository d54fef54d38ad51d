"""Tells many thoughts while the worker and Slack's server are killed at random moments, and looks what came
of it: `python -m tests.thoughts.killing 10000` does it with ten thousand, on a database of its own."""

import asyncio
import base64
import random
import secrets
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from sqlalchemy import select

from storage import migrate
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.models import Delivery, Letter
from storage.session import Database
from tests.vendors import slack_store
from tests.world import make_world
from tests.zygote import Mother, zygote
from thoughts.base import Count, Money, Stage, Thought
from thoughts.outbox import decide
from thoughts.subscriptions import Where, subscribe
from thoughts.wants import Wants

WORKER, SLACK = "tests.thoughts.tell_once", "tests.vendors.slack_store"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Told:
    """`posts`: by letter, how often it stands in Slack; `letters` how many there should be, `astray` those
    that are not marked as sent. `unsettled` thoughts are in no letter. `kills` of the worker and of Slack."""

    posts: Counter[str]
    letters: int
    astray: int
    unsettled: int
    kills: tuple[int, int]

    @property
    def is_once(self) -> bool:
        """Whether none was lost and none came twice."""
        once = len(self.posts) == self.letters and set(self.posts.values()) <= {1}
        return once and not self.astray and not self.unsettled


def failures(count: int) -> list[Thought]:
    return [_thought("payment_failed", number, "attempt", Stage.OPENS) for number in range(count)]


def recoveries(count: int) -> list[Thought]:
    """What follows every second of the failures, in its thread."""
    return [_thought("payment_recovered", number, "paid", Stage.CLOSES) for number in range(0, count, 2)]


def _thought(kind: str, bill: int, occurrence: str, stage: Stage) -> Thought:
    return Thought(
        kind=kind,
        matter=f"bill:{bill}",
        occurrence=occurrence,
        at=datetime.now(UTC),
        facts={"amount": Money(1_000, "usd"), "attempt": Count(1)},
        stage=stage,
        worth=Money(1_000, "usd"),
        critical=True,
    )


async def tell_and_kill(url: str, folder: Path, count: int, *, calm: float = 0.2, wild: float = 2.0) -> Told:
    """Lives of a worker are between `calm` and `wild` seconds until all is told."""
    master, keystore = secrets.token_bytes(32), f"sqlite+aiosqlite:///{folder}/keys.sqlite3"
    file, port = folder / "slack.jsonl", _free_port()
    db = Database.connect(url)
    async with Vault(KeyStore(keystore), LocalMasterKeys({1: master}, where="the test")) as vault:
        world = await make_world(db, vault)
        wants = Wants(budget=10**9, kinds=("payment_failed",))
        where = Where("slack", "T1", "C1")
        await subscribe(db, vault, world.account_id, where, wants, by="U1", now=datetime.now(UTC))
    arguments = {
        "database": url,
        "keystore": keystore,
        "master": base64.b64encode(master).decode(),
        "account_id": world.account_id,
        "slack": f"http://127.0.0.1:{port}",
    }
    async with zygote(WORKER) as workers, zygote(SLACK) as slacks:
        slack, killed = {"port": port, "file": str(file)}, [0, 0]
        for thoughts in (failures(count), recoveries(count)):
            await _decide(db, world.account_id, thoughts)
            await _kill_until_told(_Scene(workers, slacks, arguments, slack, killed), calm, wild)
    told = await _counted(db, world.account_id, file, (killed[0], killed[1]))
    await db.dispose()
    return told


async def _decide(db: Database, account_id: int, thoughts: Sequence[Thought]) -> None:
    for start in range(0, len(thoughts), _AT_ONCE):
        async with db.tenant(account_id) as session:
            await decide(session, account_id, thoughts[start : start + _AT_ONCE], now=datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class _Scene:
    """Who is killed, with the arguments of each, and how often so far."""

    workers: Mother
    slacks: Mother
    worker: dict[str, object]
    slack: dict[str, object]
    killed: list[int]


async def _kill_until_told(scene: _Scene, calm: float, wild: float) -> None:
    workers, slacks, killed = scene.workers, scene.slacks, scene.killed
    chance = random.Random(7)
    server = await slacks.start(scene.slack)
    assert await server.readline() == "up\n"
    while True:
        child = await workers.start(scene.worker)
        life = chance.uniform(calm, wild)
        try:
            await asyncio.wait_for(child.wait(), life)
        except TimeoutError:
            child.kill()
            await child.wait()
            killed[0] += 1
        else:
            assert child.returncode == 0, child.returncode
            break
        if chance.random() < 0.3:
            server.kill()
            await server.wait()
            killed[1] += 1
            server = await slacks.start(scene.slack)
            assert await server.readline() == "up\n"
    server.kill()
    await server.wait()


async def _counted(db: Database, account_id: int, file: Path, kills: tuple[int, int]) -> Told:
    posts = Counter(one["metadata"]["event_payload"]["letter"] for one in slack_store.read(file))
    async with db.tenant(account_id, read_only=True) as session:
        letters = {
            row.letter_id.hex(): row.state
            for row in await session.execute(select(Letter.letter_id, Letter.state))
        }
        unsettled = (
            await session.execute(select(Delivery.thought_id).where(Delivery.letter_id.is_(None)))
        ).all()
    assert set(posts) <= set(letters)
    astray = sum(state != "sent" for state in letters.values())
    return Told(posts, len(letters), astray, len(unsettled), kills)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/told.sqlite3"
        await migrate.upgrade(url)
        began = perf_counter()
        told = await tell_and_kill(url, Path(folder), count, calm=0.2, wild=6.0)
        doubles = sum(times - 1 for times in told.posts.values())
        print(  # noqa: T201 - what it is run for
            f"{told.letters} posts: {told.letters - len(told.posts)} lost, {doubles} twice; "
            f"worker killed {told.kills[0]} times, Slack {told.kills[1]}; {perf_counter() - began:.0f} s"
        )


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
