"""Intercom: `connector` asks, `streams` says what its objects become, `wire` which fields are read."""

from connectors.intercom.connector import Intercom

__all__ = ["Intercom"]
