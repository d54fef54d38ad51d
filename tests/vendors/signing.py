"""Signs webhooks as the vendors do, and makes the bodies that they send."""

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any


def signed(vendor: str, body: bytes, secret: str, at: datetime, *, url: str) -> dict[str, str]:
    """The headers, their names in lower case."""
    key, seconds = secret.encode(), at.timestamp()
    if vendor == "stripe":
        mac = hmac.new(key, f"{seconds:.0f}.".encode() + body, hashlib.sha256).hexdigest()
        return {"stripe-signature": f"t={seconds:.0f},v1={mac}"}
    if vendor == "hubspot":
        time = f"{seconds * 1000:.0f}"
        mac = _base64(key, b"POST" + url.encode() + body + time.encode())
        return {"x-hubspot-signature-v3": mac, "x-hubspot-request-timestamp": time}
    if vendor == "intercom":
        return {"x-hub-signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest()}
    time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    mac = _base64(key, time.encode() + body)
    return {"x-zendesk-webhook-signature": mac, "x-zendesk-webhook-signature-timestamp": time}


def _base64(key: bytes, text: bytes) -> str:
    return b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def told(vendor: str, kind: str, id_: str, *, event: str = "1", what: str = "updated") -> bytes:
    """The body of an event about an object: a contact, company or deal, user or organization, customer."""
    made: Any
    if vendor == "stripe":
        made = {"id": f"evt_{event}", "type": f"{kind}.{what}", "created": 1, "data": {"object": {"id": id_}}}
    elif vendor == "hubspot":
        made = [
            {
                "eventId": int(event),
                "subscriptionType": f"{kind}.{what}",
                "objectId": int(id_),
                "occurredAt": 1_764_000_000_000,
                "propertyValue": "secret@person.example",
            }
        ]
    elif vendor == "intercom":
        item = {"type": kind, "id": id_, "email": "secret@person.example"}
        made = {"type": "notification_event", "id": event, "topic": f"{kind}.{what}", "data": {"item": item}}
    else:
        made = {
            "id": event,
            "type": f"zen:event-type:{kind}.{what}",
            "subject": f"zen:{kind}:{id_}",
            "detail": {"id": id_, "email": "secret@person.example"},
        }
    return json.dumps(made).encode()
