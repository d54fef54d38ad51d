"""Two accounts on PostgreSQL, seen through a login role as in production, and every function tried from the
wrong one.

The functions are found, not listed: whatever in storage/ takes a database or a session, and something that
names rows, is called with another account's ids. A function with a parameter that is not known here fails
the test until the parameter gets a value in `ARGUMENTS`.
"""

import dataclasses
import importlib
import inspect
import io
import pkgutil
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

import storage
from storage import models, records
from storage.conversations import Said
from storage.doer import Doer
from storage.intake.checkpoints import Mark, Place
from storage.intake.rows import Writing
from storage.keys.source_keys import SourceKeys
from storage.members.identity import Identity
from storage.members.links import Purpose
from storage.members.members import Role
from storage.metrics.figures import SealedRef, Table
from storage.metrics.plan import Plan
from storage.metrics.rates import Quote
from storage.metrics.scope import Asking
from storage.models.base import table_of
from storage.profile_evidence import Ring
from storage.slack_workspaces import ConnectedSlack, SlackTokens
from storage.sources import SourceSecret
from storage.trust import messages
from storage.trust.audit_terms import Action
from storage.trust.keeping import Sent
from storage.trust.receipts import Receipt, SignedReceipt
from storage.trust.webhook_events import EventState, Incoming
from tests.vendors.stripe_company import NOW
from tests.world import World
from tests.world import customer as customer_record

_TOKEN = re.compile(r"(?:\b[0-9]+\.)?[\w-]{43}\b")
"""A secret of 256 random bits, as links hold it behind the number of their account."""


@dataclass(frozen=True, slots=True)
class Ids:
    """What names rows of an account: real ones of somebody else, or ones that name nothing."""

    account_id: int
    source_id: int
    customers: tuple[bytes, ...]
    profiles: tuple[bytes, ...]
    messages: tuple[bytes, ...]
    conversation: str
    keys: SourceKeys
    email: str


class Function(NamedTuple):
    """A function of storage/. `takes` is "db" or "session"."""

    name: str
    call: Callable[..., Any]
    takes: str


def functions() -> Iterator[Function]:
    """Every public coroutine function of storage/ that takes a database or a session."""
    for found in pkgutil.walk_packages(storage.__path__, "storage."):
        if ".migrations" in found.name:
            continue
        module = importlib.import_module(found.name)
        for name, member in vars(module).items():
            if name.startswith("_") or getattr(member, "__module__", None) != found.name:
                continue
            if not inspect.iscoroutinefunction(member):
                continue
            takes = [which for which in ("db", "session") if which in inspect.signature(member).parameters]
            if takes:
                yield Function(f"{found.name.removeprefix('storage.')}.{name}", member, takes[0])


ARGUMENTS: Mapping[str, Callable[[Ids, Any], Any]] = {
    "address": lambda ids, _: ids.email,
    "about": lambda ids, _: ids.profiles,
    "action": lambda *_: Action.PERSON_SHOWN,
    "allowed": lambda *_: "member",
    "apart": lambda *_: False,
    "asking": lambda ids, _: Asking(ids.account_id, "usd", "UTC", NOW),
    "at": lambda *_: NOW,
    "attempt": lambda *_: 1,
    "base_url": lambda *_: None,
    "ballot": lambda *_: "C1/1.1/U1",
    "batch": lambda ids, _: [customer_record("Taken", email=ids.email)],
    "button_id": lambda *_: bytes(16),
    "before": lambda *_: NOW,
    "by": lambda *_: Doer.operator(),
    "but": lambda ids, _: ids.source_id,
    "choice": lambda *_: "redact",
    "code": lambda *_: None,
    "contact_ids": lambda ids, _: ids.customers,
    "content": lambda *_: messages.Content(text="x"),
    "contents": lambda *_: [(b"C1", b"x")],
    "currencies": lambda *_: ["eur"],
    "currency": lambda *_: "eur",
    "customer_ids": lambda ids, _: ids.customers,
    "customers": lambda ids, _: ids.customers,
    "day": lambda *_: NOW.date(),
    "deleted": lambda ids, _: dict.fromkeys(ids.customers, NOW),
    "departed": lambda *_: records.Customer,
    "emails": lambda ids, _: [ids.email],
    "due_at": lambda *_: NOW,
    "email": lambda ids, _: ids.email,
    "events": lambda *_: [Incoming("evt_1", "customer.updated", b"{}", "cus_1", NOW)],
    "event_id": lambda ids, _: ids.keys.record_id("event", "evt_1"),
    "limit": lambda *_: 10,
    "secrets": lambda *_: ["whsec_of_the_tests"],
    "event_keys": lambda ids, _: [ids.conversation],
    "event_ids": lambda ids, _: [ids.keys.record_id("event", "evt_1")],
    "expires_at": lambda *_: NOW,
    "fields": lambda *_: ["phone"],
    "figures": lambda ids, _: _figures(ids),
    "first": lambda *_: NOW.date(),
    "found": lambda ids, _: [customer_record("Taken", email=ids.email)],
    "interpreter": lambda *_: "grammar",
    "is_good": lambda *_: True,
    "item_id": lambda *_: bytes(16),
    "guild_id": lambda ids, _: 500000000000000001 + ids.account_id,
    "ids": lambda ids, _: ids.customers,
    "into": lambda *_: "usd",
    "key": lambda ids, _: ids.conversation,
    "keys": lambda ids, _: ids.keys,
    "kind": lambda *_: "stripe",
    "label": lambda *_: "Stripe",
    "latest": lambda ids, _: [Said(ids.conversation, b"{}")],
    "lane": lambda *_: "T1:C1",
    "last": lambda *_: NOW.date(),
    "marks": lambda *_: [Mark("customers", "", Place(cursor="c"))],
    "message_id": lambda ids, _: ids.messages[0],
    "message_ids": lambda ids, _: ids.messages,
    "model": lambda *_: models.Customer,
    "names_them": lambda ids, _: models.MessageProfile.profile_id.in_(ids.profiles),
    "noticed_at": lambda *_: NOW,
    "now": lambda *_: NOW,
    "of": lambda ids, _: (ids.source_id, ids.customers[0]),
    "on": lambda *_: NOW.date(),
    "one": lambda ids, _: (ids.source_id, ids.customers[0]),
    "other": lambda ids, _: (ids.source_id, ids.customers[-1]),
    "owner_id": lambda ids, _: ids.customers[0],
    "path": lambda *_: "/v1/customers",
    "plan": lambda *_: Plan(measure="mrr"),
    "platform": lambda *_: "slack",
    "plan_text": lambda *_: "{}",
    "posts": lambda *_: None,
    "profiles": lambda ids, _: ids.profiles,
    "quotes": lambda *_: [Quote("eur", "usd", NOW.date(), Decimal("1.08"))],
    "rate": lambda *_: "1.08",
    "records": lambda ids, _: set(ids.customers),
    "request_id": lambda *_: None,
    "roles": lambda *_: (500000000000000002,),
    "rings": lambda ids, _: {ids.source_id: Ring("stripe", ids.keys)},
    "said": lambda ids, _: ids.email,
    "sent": lambda ids, _: [_sent(ids)],
    "secret": lambda *_: SourceSecret("sk_test_x"),
    "signed": lambda ids, _: _receipt(ids.account_id),
    "sink": lambda *_: io.BytesIO(),
    "source_id": lambda ids, _: ids.source_id,
    "state": lambda *_: EventState.DONE,
    "stands_for": lambda *_: b"{}",
    "step": lambda *_: "link",
    "status": lambda *_: None,
    "tokens": lambda *_: SlackTokens(bot="xoxb-1"),
    "told": lambda *_: True,
    "subject": lambda *_: "U123",
    "talks": lambda ids, _: [ids.conversation],
    "table": lambda *_: table_of(models.Customer),
    "them": lambda ids, _: {"account": ids.account_id, "profile": ids.profiles[0], "now": NOW},
    "vault": lambda _, vault: vault,
    "whom": lambda *_: "person",
    "wanted": lambda ids, _: [(ids.source_id, customer) for customer in ids.customers],
    "workspace": lambda ids, _: _workspace(ids),
    "workspace_id": lambda ids, _: _workspace(ids).workspace_id,
    "writing": lambda ids, _: Writing(ids.account_id, ids.source_id, ids.keys, NOW),
    "zone": lambda *_: ZoneInfo("UTC"),
    # members
    "details": lambda *_: {},
    "identity": lambda *_: Identity(b"p" * 32, b"l" * 32),
    "member_id": lambda ids, _: ids.customers[0],
    "password": lambda *_: "$2b$04$hash",
    "purpose": lambda *_: Purpose.INVITATION,
    "reference": lambda ids, _: ids.customers[0].hex(),
    "required": lambda *_: True,
    "role": lambda *_: Role.MEMBER,
}


def _sent(ids: Ids) -> Sent:
    return Sent("answer", "slack", messages.Content(text="x"), [], frozenset(ids.profiles), NOW)


def _workspace(ids: Ids) -> ConnectedSlack:
    """One of each account's own: a workspace, like a server of Discord, belongs to one at most."""
    return ConnectedSlack(
        workspace_id=f"T{ids.account_id}",
        enterprise_id=None,
        bot_user_id="U1",
        bot_id="B1",
        installed_by="U2",
        installed_at=NOW,
    )


def _figures(ids: Ids) -> Table:
    cells = tuple(SealedRef("contact", ids.source_id, customer, "name") for customer in ids.customers)
    return Table(columns=("contact",) * len(cells), rows=(cells,), total_rows=1)


def _receipt(account_id: int) -> SignedReceipt:
    receipt = Receipt(what="account", account=account_id, requested_at=NOW, finished_at=NOW, deleted={})
    return SignedReceipt(receipt=receipt, signature="", public_key="")


def _required(function: Function) -> list[str]:
    """The parameters that have no default, but the database, session and account."""
    return [
        name
        for name, parameter in inspect.signature(function.call).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
        if name not in ("db", "session", "account_id")
    ]


def unknown_parameters(function: Function) -> list[str]:
    """Those that `ARGUMENTS` has no value for."""
    return sorted(set(_required(function)) - set(ARGUMENTS))


def arguments(function: Function, ids: Ids, vault: Any) -> dict[str, Any]:
    """Values for all that the function asks for."""
    return {name: ARGUMENTS[name](ids, vault) for name in _required(function)}


async def outcome(call: Callable[[], Any]) -> tuple[str, Any]:
    """How a call ended, in a form in which two endings can be compared: values stay, random ids do not."""
    try:
        result = await call()
    except Exception as problem:  # noqa: BLE001 - whatever happens is what is compared
        return "raised", type(problem).__name__
    return "returned", shape(result)


def shape(value: Any) -> Any:
    """A value without what is random or of the moment: bytes and times by their type alone."""
    if isinstance(value, bytes | datetime):
        return type(value).__name__
    if isinstance(value, Mapping):
        return {str(shape(key)): shape(one) for key, one in value.items()}
    if isinstance(value, set | frozenset | list | tuple):
        return [shape(one) for one in value]
    if fields := _fields(value):
        return {name: shape(getattr(value, name)) for name in fields if name != "signature"}
    if isinstance(value, str):
        return _TOKEN.sub("a token", value)
    return value if isinstance(value, int | float | bool | None) else type(value).__name__


def _fields(value: Any) -> list[str]:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    if isinstance(value, models.Base):
        return [column.key for column in sa.inspect(value).mapper.column_attrs]
    return list(value.__struct_fields__) if isinstance(value, msgspec.Struct) else []


class Ledger:
    """All rows of an account in all tables, as their owner sees them."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(url)
        self._tables: list[str] = []

    async def rows(self, account_id: int) -> dict[str, list[str]]:
        async with self._engine.connect() as connection:
            self._tables = self._tables or await connection.run_sync(_with_accounts)
            return {name: await _rows(connection, name, account_id) for name in self._tables}

    async def close(self) -> None:
        await self._engine.dispose()


def _with_accounts(connection: sa.Connection) -> list[str]:
    look = sa.inspect(connection)
    columns = {name: {column["name"] for column in look.get_columns(name)} for name in look.get_table_names()}
    return [name for name, has in columns.items() if "account_id" in has]


async def _rows(connection: AsyncConnection, table: str, account_id: int) -> list[str]:
    query = sa.select(sa.text("*")).select_from(sa.table(table)).where(sa.column("account_id") == account_id)
    return sorted(repr(tuple(row)) for row in await connection.execute(query))


async def login_role(admin_url: str) -> str:
    """Makes the role that processes log in as in production, and returns the database's URL with it.

    It owns nothing, inherits nothing, and may only take on the roles of sessions.
    """
    name = f"web_{secrets.token_hex(4)}"
    engine = create_async_engine(admin_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in (
            f"CREATE ROLE {name} LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS",
            f"GRANT chewbotta_app, chewbotta_system, chewbotta_keeper TO {name}",
        ):
            await connection.execute(sa.text(statement))
    await engine.dispose()
    return sa.make_url(admin_url).set(username=name).render_as_string(hide_password=False)


def nobody(keys: SourceKeys, account_id: int = 999, source_id: int = 77) -> Ids:
    """Ids that name nothing. `keys` are anyone's: what they name is not there."""
    return Ids(
        account_id,
        source_id,
        customers=tuple(secrets.token_bytes(16) for _ in range(3)),
        profiles=tuple(secrets.token_bytes(16) for _ in range(3)),
        messages=(secrets.token_bytes(16),),
        conversation="nobody's talk",
        keys=keys,
        email="nobody@example.test",
    )


async def ids_of(world: World, email: str, conversation: str) -> Ids:
    """The real ids of an account."""
    customers = await world.rows(models.Customer)
    messages = await world.rows(models.Message)
    return Ids(
        world.account_id,
        world.source_id,
        customers=tuple(row.id for row in customers if row.source_id == world.source_id)[:3],
        profiles=tuple(row.profile_id for row in customers)[:3],
        messages=tuple(row.message_id for row in messages) or (secrets.token_bytes(16),),
        conversation=conversation,
        keys=await world.vault.source_keys(world.account_id, world.source_id),
        email=email,
    )
