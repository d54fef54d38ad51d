"""Sums of amounts in several currencies, in SQL, to the minor unit on either database.

PostgreSQL has exact decimal numbers; SQLite has none, so it is given a function that counts in Python.
Rates have 30 digits there; what lies below 15 decimals is rounding of the rate, not of the amount.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Numeric, String, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

SQLITE_FUNCTION = "chewbotta_converted"
_DIGITS = Context(prec=30)
_WIDE = Context(prec=80)
_DECIMALS = 15
_BETWEEN, _TIMES = " ", "*"
_BETWEEN_SQL: ColumnElement[str] = literal_column(f"'{_BETWEEN}'", String)
_TIMES_SQL: ColumnElement[str] = literal_column(f"'{_TIMES}'", String)


class ExactRate(TypeDecorator[Fraction]):
    """A rate as the database multiplies with it: numeric on PostgreSQL, text on SQLite."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        rate = _DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
        return f"{rate:f}" if dialect.name == "sqlite" else rate


class converted(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """converted(amount, rate): the amount in the other currency, rounded half-even to a minor unit."""

    type = BigInteger()
    inherit_cache = True


class converted_sum(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """converted_sum(amount, rate): the sum over rows, rounded half-even once. Rows without a rate are left
    out; NULL where all are."""

    type = BigInteger()
    inherit_cache = True


@compiles(converted, "sqlite")
def _one_on_sqlite(element: converted, compiler: SQLCompiler, **options: Any) -> str:
    amount, rate = element.clauses
    return compiler.process(_sqlite(amount.concat(_TIMES_SQL).concat(rate)), **options)


@compiles(converted_sum, "sqlite")
def _sum_on_sqlite(element: converted_sum, compiler: SQLCompiler, **options: Any) -> str:
    amount, rate = element.clauses
    products = amount.concat(_TIMES_SQL).concat(rate)
    return compiler.process(_sqlite(func.group_concat(products, _BETWEEN_SQL)), **options)


def _sqlite(products: Any) -> Any:
    return getattr(func, SQLITE_FUNCTION)(products)


@compiles(converted, "postgresql")
def _one_on_postgres(element: converted, compiler: SQLCompiler, **options: Any) -> str:
    amount, rate = element.clauses
    return _half_even(compiler, amount * rate, options)


@compiles(converted_sum, "postgresql")
def _sum_on_postgres(element: converted_sum, compiler: SQLCompiler, **options: Any) -> str:
    amount, rate = element.clauses
    return _half_even(compiler, func.sum(amount * rate), options)


def _half_even(compiler: SQLCompiler, value: Any, options: dict[str, Any]) -> str:
    """A half goes up with `floor`; where that gives an odd number it should have gone down."""
    up = f"(round({compiler.process(value, **options)}, {_DECIMALS}) + 0.5)"
    return f"(floor({up}) - CASE WHEN abs(mod({up}, 2)) = 1 THEN 1 ELSE 0 END)"


def count_products(products: str | None) -> int | None:
    """ "1000*1.0823 250*0.85": the sum, rounded half-even; what SQLite calls."""
    if not products:
        return None
    total = Decimal(0)
    for product in products.split(_BETWEEN):
        amount, rate = product.split(_TIMES)
        total = _WIDE.fma(Decimal(amount), Decimal(rate), total)
    fine = total.quantize(Decimal(1).scaleb(-_DECIMALS), ROUND_HALF_EVEN, _WIDE)
    return int(fine.to_integral_value(ROUND_HALF_EVEN))
