"""Stripe's webhooks: the events of its log, of whose objects the ids are read, as there."""

from collections.abc import Sequence

import msgspec

from connectors import signatures
from connectors.base import Hook, Notice
from connectors.stripe import wire
from connectors.stripe.streams import TOPICS
from connectors.stripe.values import id_of

_event = msgspec.json.Decoder(wire.Event)


def read(body: bytes) -> Sequence[Notice]:
    event = _event.decode(body)
    subject = event.data.object
    touched = [
        (topic.stream, id_)
        for topics in TOPICS.values()
        for topic in topics
        if event.type.startswith(topic.prefix) and event.type.removeprefix(topic.prefix) in topic.events
        if (id_ := id_of(getattr(subject, topic.by)))
    ]
    is_customer = any(stream == "customers" and id_ == subject.id for stream, id_ in touched)
    return [
        Notice(
            event=event.id,
            type=event.type,
            touched=tuple(dict.fromkeys(touched)),
            customer=subject.id if is_customer else id_of(subject.customer),
        )
    ]


HOOK = Hook(verify=signatures.stripe, read=read)
