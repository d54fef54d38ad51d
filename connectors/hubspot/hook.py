"""HubSpot's webhooks: an array of up to a hundred notifications, none of whose values is read."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct, field

from connectors import signatures
from connectors.base import Hook, Notice

_STREAMS = {"contact": "contacts", "company": "companies", "deal": "deals"}
_BY_TYPE_ID = {"0-1": "contacts", "0-2": "companies", "0-3": "deals"}
"""Newer apps are told of an `object` with the id of its type."""


class Notification(Struct):
    """`eventId` alone is not promised to be unique. An association has a `from` in place of an object."""

    event: int | str = field(name="eventId")
    type: str = field(name="subscriptionType")
    occurred: int = field(default=0, name="occurredAt")
    object: int | None = field(default=None, name="objectId")
    type_id: str = field(default="", name="objectTypeId")
    associated: int | None = field(default=None, name="fromObjectId")
    merged: list[int] = field(default_factory=list, name="mergedObjectIds")


_notifications = msgspec.json.Decoder(list[Notification])


def read(body: bytes) -> Sequence[Notice]:
    return [_notice(one) for one in _notifications.decode(body)]


def _notice(one: Notification) -> Notice:
    kind = one.type.partition(".")[0]
    stream = _STREAMS.get(kind) or _BY_TYPE_ID.get(one.type_id)
    ids = tuple(str(id_) for id_ in _ids(one)) if stream else ()
    return Notice(
        event=f"{one.event}/{one.type}/{one.object or one.associated}/{one.occurred}",
        type=one.type.lower(),
        touched=tuple((stream, id_) for id_ in ids) if stream else (),
        customer=ids[0] if stream == "companies" and ids else None,
    )


def _ids(one: Notification) -> Iterator[int]:
    if (touched := one.object or one.associated) is not None:
        yield touched
    yield from one.merged


HOOK = Hook(verify=signatures.hubspot, read=read)
