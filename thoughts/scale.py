"""How large an amount is: compared in the account's currency where it has a rate, else by what is usual."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from storage.metrics.amounts import exponent
from thoughts.base import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`currency` is the account's. `rates`: what one minor unit of another is in minor units of it.

    `total` is MRR by currency, `typical` that of the average customer billed in it, in minor units. Without a
    rate, amounts of two currencies are compared by it: what is large for one's customers is large for the
    other's. Nothing is added up by it.
    """

    currency: str
    rates: Mapping[str, Fraction] = field(default_factory=dict)
    typical: Mapping[str, int] = field(default_factory=dict)
    total: Mapping[str, int] = field(default_factory=dict)

    def weight(self, money: Money) -> Fraction | None:
        """The amount in minor units of the account's currency; None where nothing says what it is worth."""
        if money.currency == self.currency:
            return Fraction(money.amount)
        rate = self.rates.get(money.currency)
        if rate is None and self.typical.get(money.currency) and self.typical.get(self.currency):
            rate = Fraction(self.typical[self.currency], self.typical[money.currency])
        return None if rate is None else money.amount * rate

    def is_large(self, money: Money, major: int) -> bool:
        """Whether an amount is at least `major` units of the account's currency; True where none can say:
        better a thought too many than a large amount overlooked."""
        weight = self.weight(money)
        return weight is None or weight >= major * 10 ** exponent(self.currency)

    def share(self, money: Money) -> float:
        """What part of all MRR an amount is, as far as amounts can be weighed; 0 where there is none."""
        weights = [self.weight(Money(amount, currency)) for currency, amount in self.total.items()]
        whole = sum((weight for weight in weights if weight is not None), Fraction(0))
        weight = self.weight(money)
        return float(weight / whole) if weight is not None and whole > 0 else 0.0
