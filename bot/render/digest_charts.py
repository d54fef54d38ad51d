"""What there is to chart in a digest. Pure."""

from decimal import Decimal

from bot.render import text
from bot.render.chart_data import Chart
from storage.metrics.amounts import exponent
from storage.metrics.catalog import Unit
from thoughts.digest import Digest


def charts_of(digest: Digest) -> list[Chart]:
    """MRR over the last periods, one chart a currency."""
    return [
        Chart(
            title=f"MRR ({code.upper()})",
            categories=tuple(text.period_key(key) for key, _ in points),
            values=tuple(float(Decimal(amount).scaleb(-exponent(code.upper()))) for _, amount in points),
            figures=tuple(text.money(amount, code) for _, amount in points),
            unit=Unit.MONEY,
            currency=code,
            over_time=True,
        )
        for code, points in digest.chart.items()
        if len(points) > 1
    ]
