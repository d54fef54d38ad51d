"""Zendesk: `connector` asks, `streams` says what its objects become, `wire` which fields are read of them."""

from connectors.zendesk.connector import Zendesk

__all__ = ["Zendesk"]
