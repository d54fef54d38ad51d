"""Every kind of source there is. Modules are imported when their kind is asked for."""

from importlib import import_module
from typing import cast

from connectors.base import Connector
from storage.errors import OperatorError

_KINDS = {
    "stripe": ("connectors.stripe", "Stripe"),
    "hubspot": ("connectors.hubspot", "HubSpot"),
    "intercom": ("connectors.intercom", "Intercom"),
    "zendesk": ("connectors.zendesk", "Zendesk"),
    "csv": ("connectors.csv_file", "CsvFile"),
    "demo": ("connectors.demo", "Demo"),
}


class UnknownKindError(OperatorError):
    """There is no connector of this name."""


def kinds() -> tuple[str, ...]:
    """The names of all connectors."""
    return tuple(_KINDS)


def connector_class(kind: str) -> type[Connector]:
    """The connector of this name; raises UnknownKindError."""
    if kind not in _KINDS:
        raise UnknownKindError(f"There is no connector {kind!r}; there are {', '.join(_KINDS)}.")
    module, name = _KINDS[kind]
    return cast("type[Connector]", getattr(import_module(module), name))
