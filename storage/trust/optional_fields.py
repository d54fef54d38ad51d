"""Personal fields that an account may choose not to keep, and what is kept of each instead."""

from dataclasses import dataclass

from storage.keys.source_keys import SourceKeys
from storage.normalise import Field, normalise


@dataclass(frozen=True, slots=True)
class OptionalField:
    """A field of sealed documents: of those in the tables `held_in`, under the name `attribute`. `keys`: the
    look-up columns that come from it.

    `hashed`: switched off, its keyed hash stays in the first of `keys`: enough to find the customer by the
    exact value and to join its records, not to show it. Otherwise nothing of it is kept.
    """

    name: str
    keys: tuple[str, ...]
    hashed: bool
    held_in: tuple[str, ...] = ("customer", "contact")
    attribute: str = ""

    @property
    def held_as(self) -> str:
        """What the field is called in its documents."""
        return self.attribute or self.name

    @property
    def when_off(self) -> str:
        return "kept as a keyed hash only" if self.hashed else "not stored"


OPTIONAL = {
    field.name: field
    for field in (
        OptionalField("phone", ("phone_key",), hashed=False),
        OptionalField("name", ("name_key",), hashed=True),
        OptionalField("email", ("email_key", "domain_key"), hashed=True),
        OptionalField("title", (), hashed=False, held_in=("contact",), attribute="title"),
        OptionalField("subject", (), hashed=False, held_in=("ticket",), attribute="subject"),
        OptionalField("deal_name", (), hashed=False, held_in=("deal",), attribute="name"),
    )
}


OFF_AT_FIRST = {"intercom": ("subject",), "zendesk": ("subject",)}
"""By kind of source: what is not stored until the account wants it. A subject may speak of anything."""


def hash_only(keys: SourceKeys, field: str, value: str | None) -> bytes | None:
    """The keyed hash that stands for a switched-off value. It does not depend on the data key: with the
    value gone, no renewal could work it out again."""
    text = normalise(field, value)
    return keys.record_id(f"{field}_hash", text) if text else None


def email_keys(keys: SourceKeys, address: str) -> list[bytes]:
    """Every look-up key under which a record with this address may stand."""
    hashed = hash_only(keys, Field.EMAIL, address)
    return [*keys.blind_all(Field.EMAIL, address), *([hashed] if hashed else [])]
