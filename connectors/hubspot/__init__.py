"""HubSpot: `connector` asks, `streams` says what its objects become, `wire` which fields are read of them."""

from connectors.hubspot.connector import HubSpot

__all__ = ["HubSpot"]
