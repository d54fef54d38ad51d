"""The sweep: an account full of canaries, and the search for them in every place that could hold one.

    stage = ...                              # the fixture of tests/promises/conftest.py
    await stage.sync()
    await stage.plant_controls()
    backup = await stage.files.dump()        # before the action
    ...the action...
    await stage.sweep(backup=backup)         # raises with what was found, and where

A place in which the control is not found fails the sweep too: it would have been blind there.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import update

from bot.answer import Answer
from bot.assistant import Assistant
from bot.cache import AccountCache, StoredContexts
from bot.render.text import clean
from connectors.sync import SyncResult, sync_source
from storage import models
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.session import Database
from storage.sources import SourceSecret, add_source
from tests.postgres import Cluster
from tests.promises import stripe_canaries as stripe
from tests.promises.canaries import Canaries, Hit, find
from tests.promises.colleagues import Colleagues, join
from tests.promises.places import Files, HeldKey, Piece, files_of, held_keys, opened, unhexed
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW
from tests.world import World, customer, make_world

_OPENED, _KEY_STORE = ", opened", "key store"
PLACES = ("tables", "files", "dump", "words")
Places = Mapping[str, Sequence[Piece]]
__all__ = ["Canaries", "Files", "Found", "Piece", "Stage", "find", "make_stage", "search"]


@dataclass(frozen=True, slots=True)
class Found:
    """A canary in a place: `place` is the kind of place, `where` the table and column or the file."""

    place: str
    where: str
    hit: Hit

    def __str__(self) -> str:
        return f"{self.place} > {self.where}: {self.hit.form} at {self.hit.offset}: {self.hit.around!r}"


def search(words: Iterable[str], places: Places) -> list[Found]:
    """Every canary in every piece of every place."""
    words = tuple(words)
    return [
        Found(place, piece.where, hit)
        for place, pieces in places.items()
        for piece in _joined(pieces)
        for hit in find(words, piece.data)
    ]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The values of one column searched at once: as many searches as columns, not as rows."""
    together: dict[str, list[bytes]] = {}
    for where, data in pieces:
        together.setdefault(where, []).append(data)
    return [Piece(where, b"\n".join(data)) for where, data in together.items()]


@dataclass(slots=True)
class Stage:
    """One account with a Stripe source full of canaries, and a second source for the controls (a test may put
    another account's in its place). `colleagues`: who signs in, once they have joined.

    `said` is what was printed to people; `log` what was logged; add to both what your test produces.
    """

    world: World
    control: World
    server: StripeServer
    canaries: Canaries
    files: Files
    master: bytes
    said: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    colleagues: Colleagues | None = None

    @property
    def db(self) -> Database:
        return self.world.db

    @property
    def vault(self) -> Vault:
        return self.world.vault

    @property
    def account_id(self) -> int:
        return self.world.account_id

    @property
    def source_id(self) -> int:
        return self.world.source_id

    def assistant(self) -> Assistant:
        return Assistant(
            AccountCache(self.db, self.vault), StoredContexts(self.db, self.vault), now=lambda: NOW
        )

    async def join(self) -> Colleagues:
        """People sign up, sign in and connect Slack; the sweep of the living looks for them from then on."""
        self.colleagues = await join(self.db, self.vault, self.account_id)
        return self.colleagues

    async def sync(self, *, full: bool = False, now: datetime = NOW) -> SyncResult:
        return await sync_source(
            self.db, self.vault, self.account_id, self.source_id, full=full, clock=lambda: now
        )

    async def ask(self, question: str, conversation: str = "the sweep") -> Answer:
        """Asks as a person would; what they are shown is kept in `said`."""
        answer = await self.assistant().ask(question, account_id=self.account_id, conversation=conversation)
        self.said.append(shown(answer))
        return answer

    async def plant_controls(self) -> None:
        """Puts the control word into every kind of place, as it would look if something leaked there."""
        word = self.canaries.control
        await self.control.sync(customer(word, name=word, email=f"{word}@{word.lower()}.example"))
        async with self.db.tenant(self.control.account_id) as session:
            await session.execute(
                update(models.Source)
                .where(
                    models.Source.account_id == self.control.account_id,
                    models.Source.source_id == self.control.source_id,
                )
                .values(label=word)
            )
        self.said.append(word)
        self.log.append(word)

    async def places(self, *, backup: bytes | None = None, of: Iterable[str] = PLACES) -> Places:
        """What can be looked into, as bytes: each place plain, and opened with every key still held."""
        found: dict[str, Sequence[Piece]] = {}
        if "tables" in of:
            found["tables"] = await self.files.tables()
        if "files" in of:
            found["files"] = await self.files.raw()
        if "dump" in of:
            found["dump"] = [Piece("dump", await self.files.dump())]
        if "words" in of:
            found["said"] = [Piece("said", "\n".join(self.said).encode())]
            found["log"] = [Piece("log", "\n".join(self.log).encode())]
        if backup is not None:
            found["backup"] = [Piece("backup", backup)]
        keys = await held_keys(self.files.keystore_url, self.master)
        for place in ("tables", "files", "backup"):
            if place in found:
                sealed = found[place] if place != "backup" else [Piece("backup", unhexed(backup or b""))]
                found[place + _OPENED] = _opened(sealed, keys)
        return found

    async def sweep(
        self,
        *,
        words: Iterable[str] | None = None,
        backup: bytes | None = None,
        leave_out: Iterable[str] = (),
    ) -> None:
        """Fails with every canary found (by default: any) in any place but those left out by name.

        Fails as well when the control is not found in one of them: a search that sees nothing proves nothing.
        Run `plant_controls` first. The key store is searched too, though nothing is planted in it.
        """
        _fail_with(await self._search(self.canaries.all if words is None else words, backup, leave_out))

    async def sweep_living(self, *, backup: bytes | None = None, leave_out: Iterable[str] = ()) -> None:
        """The sweep while nothing was deleted: what is kept may be read with its key and in no other way;
        what may not be stored is nowhere, with or without keys."""
        of_people = self.colleagues.all if self.colleagues else ()
        found = await self._search((*self.canaries.all, *of_people), backup, leave_out)
        never = {self.canaries.never, *(self.colleagues.only_hashed if self.colleagues else ())}
        _fail_with([one for one in found if one.hit.word in never or not one.place.endswith(_OPENED)])

    async def _search(
        self, words: Iterable[str], backup: bytes | None, leave_out: Iterable[str]
    ) -> list[Found]:
        """Everything found but the control, which must be found everywhere."""
        control, skipped = self.canaries.control, set(leave_out)
        places = await self.places(backup=backup)
        places = {name: pieces for name, pieces in places.items() if name not in skipped}
        found = search([control, *words], {**places, _KEY_STORE: await self.files.keystore()})
        blind = sorted(set(places) - {one.place for one in found if one.hit.word == control})
        assert not blind, f"the control was not found in {blind}: the sweep is blind there"
        return [one for one in found if one.hit.word != control]


def _fail_with(found: Sequence[Found]) -> None:
    assert not found, "canaries found:\n" + "\n".join(str(one) for one in found[:40])


def _opened(pieces: Sequence[Piece], keys: Sequence[HeldKey]) -> list[Piece]:
    return [Piece(piece.where, inner) for piece in pieces if (inner := opened(piece.data, keys))]


def shown(answer: Answer) -> str:
    """An answer as people get it: its text and all its figures."""
    return clean(answer.text) + "\n" + json.dumps(answer.model_dump(), default=str, ensure_ascii=False)


async def make_stage(
    db: Database, vault: Vault, server: StripeServer, canaries: Canaries, *, keystore_url: str, master: bytes,
    cluster: Cluster | None,
) -> Stage:  # fmt: skip
    """An account whose first source is for controls and whose second is the server full of canaries."""
    control = await make_world(db, vault, "The account of the sweep")
    source_id = await add_source(
        db,
        vault,
        control.account_id,
        kind="stripe",
        label="Stripe",
        secret=SourceSecret(stripe.api_key(canaries)),
        base_url=server.url,
        now=NOW,
    )
    world = World(db, vault, control.account_id, source_id)
    return Stage(world, control, server, canaries, await files_of(db, keystore_url, cluster), master)


def local_vault(keystore_url: str, master: bytes) -> Vault:
    return Vault(KeyStore(keystore_url), LocalMasterKeys({1: master}, where="the test"))


def new_master() -> bytes:
    return secrets.token_bytes(32)
