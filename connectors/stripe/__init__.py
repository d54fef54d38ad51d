"""Stripe: see `connector` for what it is, `streams` for what is read, `wire` for which fields."""

from connectors.stripe.connector import Stripe

__all__ = ["Stripe"]
