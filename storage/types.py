"""Column types that mean the same on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: timestamptz on PostgreSQL, whole microseconds since 1970 on SQLite, which has no
    time type that compares rightly. A naive datetime is refused: it could mean any moment."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        if dialect.name == "sqlite":
            return (value - _EPOCH) // _MICROSECOND
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return _EPOCH + timedelta(microseconds=value)
        return value.astimezone(UTC)  # type: ignore[no-any-return]  # the driver gives a datetime


class RecordId(TypeDecorator[bytes]):
    """A 16-byte keyed hash of a vendor's id (`SourceKeys.record_id`) or another keyed look-up value."""

    impl = LargeBinary(16)
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes(value)


def number_as_id(number: int) -> bytes:
    """What a value of a row that is known by a number is sealed for."""
    return number.to_bytes(16, "big")


class HexId(TypeDecorator[str]):
    """A keyed hash as plans and answers write it, in hexadecimal; what is no such thing is found nowhere."""

    impl = LargeBinary(16)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        try:
            return None if value is None else bytes.fromhex(value)
        except ValueError:
            return b""

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else bytes(value).hex()


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal number to its last digit, as text: SQLite has no exact type for it."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else f"{value:f}"

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


def encode_document(value: Any) -> str | None:
    """The text that a `Document` column holds."""
    return None if value is None else _encode(value).decode()


class Document(TypeDecorator[T]):
    """A small typed structure kept whole, as JSON text: read and written together, never searched in SQL."""

    impl = Text
    cache_ok = True

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(shape)

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        return encode_document(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:
        return None if value is None else self._decoder.decode(value)
