"""Zendesk's webhooks: an event with a subject such as `zen:ticket:1`, of which kind and number are read."""

import re
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from connectors import signatures
from connectors.base import Hook, Notice

_STREAMS = {"ticket": "tickets", "user": "users", "organization": "organizations"}
_SUBJECT = re.compile(r"zen:([a-z_]{1,40}):([0-9]{1,20})")
_TYPE = "zen:event-type:"


class Event(Struct):
    id: str
    type: str
    subject: str = ""


_event = msgspec.json.Decoder(Event)


def read(body: bytes) -> Sequence[Notice]:
    told = _event.decode(body)
    kind, id_ = found.groups() if (found := _SUBJECT.fullmatch(told.subject)) else ("", "")
    stream = _STREAMS.get(kind)
    return [
        Notice(
            event=told.id,
            type=told.type.removeprefix(_TYPE),
            touched=((stream, id_),) if stream else (),
            customer=id_ if stream == "organizations" else None,
        )
    ]


HOOK = Hook(verify=signatures.zendesk, read=read)
