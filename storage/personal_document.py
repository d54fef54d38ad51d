"""What is known of customers and people: one sealed document a row, and the look-up columns beside it."""

from typing import TypeVar, cast

import msgspec

from storage.keys.source_keys import SourceKeys

_encode = msgspec.json.Encoder().encode


class Personal(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The sealed document of a customer: `records.Customer.PERSONAL`."""

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    domains: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()


class PersonalContact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The sealed document of a contact: `records.Contact.PERSONAL`."""

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    title: str | None = None


class PersonalOwner(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The sealed document of an owner: `records.Owner.PERSONAL`."""

    id: str
    name: str | None = None
    email: str | None = None


class PersonalTicket(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The sealed document of a ticket: `records.Conversation.PERSONAL`."""

    id: str
    subject: str | None = None


class PersonalDeal(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The sealed document of a deal: `records.Deal.PERSONAL`."""

    id: str
    name: str | None = None


Document = Personal | PersonalContact | PersonalOwner | PersonalTicket | PersonalDeal
D = TypeVar("D", bound=Document)

TABLES: dict[type[Document], str] = {
    Personal: "customer",
    PersonalContact: "contact",
    PersonalOwner: "owner",
    PersonalTicket: "ticket",
    PersonalDeal: "deal",
}
"""Where documents stand, in the column `sealed`."""

_personal_decoder = msgspec.json.Decoder(Personal)


def seal_document(keys: SourceKeys, row_id: bytes, document: Document) -> bytes:
    return keys.seal(
        table=TABLES[type(document)], row_id=row_id, column="sealed", plaintext=_encode(document)
    )


def open_document(keys: SourceKeys, of: type[D], row_id: bytes, sealed: bytes) -> D:
    """A document as it was sealed; raises what `SourceKeys.open` raises."""
    table = TABLES[cast("type[Document]", of)]
    opened = keys.open(table=table, row_id=row_id, column="sealed", sealed=sealed)
    return msgspec.json.decode(opened, type=of)


def seal_personal(keys: SourceKeys, row_id: bytes, personal: Personal) -> bytes:
    return keys.seal(table="customer", row_id=row_id, column="sealed", plaintext=_encode(personal))


def read_personal(opened: bytes) -> Personal:
    """What was sealed by `seal_personal`, once opened."""
    return _personal_decoder.decode(opened)


def open_personal(keys: SourceKeys, row_id: bytes, sealed: bytes) -> Personal:
    """The personal fields of a customer's row; raises what `SourceKeys.open` raises."""
    return read_personal(keys.open(table="customer", row_id=row_id, column="sealed", sealed=sealed))


def blind_keys(keys: SourceKeys, personal: Personal) -> dict[str, bytes | None]:
    """The look-up columns of a customer, from what is sealed of it."""
    return {
        "email_key": keys.blind("email", personal.email),
        "domain_key": keys.blind("domain", personal.email),
        "name_key": keys.blind("name", personal.name),
        "phone_key": keys.blind("phone", personal.phone),
    }
