"""Intercom's webhooks: a notification with a topic, and the object that it is about: its id is read."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from connectors import signatures
from connectors.base import Hook, Notice

_STREAMS = {
    "contact": "contacts",
    "user": "contacts",
    "lead": "contacts",
    "company": "companies",
    "conversation": "conversations",
}


class Item(Struct):
    type: str = ""
    id: str = ""


class Data(Struct):
    item: Item = msgspec.field(default_factory=Item)


class Notification(Struct):
    id: str
    topic: str
    data: Data


_notification = msgspec.json.Decoder(Notification)


def read(body: bytes) -> Sequence[Notice]:
    told = _notification.decode(body)
    item = told.data.item
    stream = _STREAMS.get(item.type) if item.id else None
    return [
        Notice(
            event=told.id,
            type=told.topic,
            touched=((stream, item.id),) if stream else (),
            customer=item.id if stream == "companies" else None,
        )
    ]


HOOK = Hook(verify=signatures.intercom, read=read)
