"""What is known of a customer as a person: one sealed document a row, and the look-up columns beside it."""

import msgspec

from storage.keys.source_keys import SourceKeys

_encode = msgspec.json.Encoder().encode


class Personal(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The sealed document of a customer: `records.Customer.PERSONAL`."""

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    links: tuple[tuple[str, str], ...] = ()


_personal_decoder = msgspec.json.Decoder(Personal)


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
