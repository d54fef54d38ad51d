"""How large an amount is, in whatever currency."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from thoughts.base import Money
from thoughts.scale import Scale

RATED = Scale(currency="usd", rates={"eur": Fraction(11, 10)}, total={"usd": 500_000, "eur": 454_545})
BY_CUSTOM = Scale(
    currency="usd", typical={"usd": 10_000, "jpy": 15_000}, total={"usd": 100_000, "jpy": 150_000}
)


def test_a_rate_goes_before_what_is_usual() -> None:
    """With a rate an amount is converted; without one it is weighed by what customers usually pay in it."""
    assert RATED.weight(Money(1_000, "eur")) == 1_100
    assert BY_CUSTOM.weight(Money(15_000, "jpy")) == 10_000
    assert BY_CUSTOM.weight(Money(1, "brl")) is None


def test_what_cannot_be_weighed_is_large() -> None:
    """Better a thought too many than a large amount overlooked."""
    assert BY_CUSTOM.is_large(Money(1, "brl"), 500)


def test_a_share_is_of_all_mrr() -> None:
    """A tenth of what is paid in yen is a twentieth of MRR where half of it is in yen."""
    assert BY_CUSTOM.share(Money(15_000, "jpy")) == 0.05
    assert Scale(currency="usd").share(Money(5, "usd")) == 0.0


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**6))
def test_more_is_never_smaller(one: int, more: int, major: int) -> None:
    """An amount above a large one is large."""
    small, large = (Money(amount, "eur") for amount in sorted((one, more)))
    assert not RATED.is_large(small, major) or RATED.is_large(large, major)
