"""Writes the table of docs/privacy.md from the models: `python -m storage.trust.privacy_docs`."""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from storage.keys.reencrypt import SEALED
from storage.models.base import Base, Tenant, table_of
from storage.retention import RULES
from storage.types import RecordId

PAGE = Path(__file__).parents[2] / "docs" / "privacy.md"
_BEGIN, _END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"
_HEAD = "| Table | One row is | Encrypted | Look-ups (keyed hashes) | Goes |\n|---|---|---|---|---|\n"


def table_of_tables() -> str:
    """One line for each table: what it is, what is sealed, what is hashed, with what or when it goes."""
    return _HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in _lines())


def page(text: str) -> str:
    """The page with its table as the models are now."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{table_of_tables()}{_END}{after}"


def _lines() -> Iterator[tuple[str, ...]]:
    sealed = defaultdict(list)
    for one in SEALED:
        sealed[one.table.name].append(f"`{one.column}`")
    for mapper in sorted(Base.registry.mappers, key=lambda found: table_of(found.class_).name):
        table = table_of(mapper.class_)
        keyed = [
            f"`{c.name}`" for c in table.columns if isinstance(c.type, RecordId) and c.name[-4:] == "_key"
        ]
        yield (
            f"`{table.name}`",
            _said(mapper.class_),
            ", ".join(sealed[table.name]),
            ", ".join(keyed),
            _goes(mapper.class_),
        )


def _said(model: type) -> str:
    """The first sentence of what the model says of itself."""
    text = " ".join((inspect.getdoc(model) or "").split())
    return re.split(r"(?<=\.) (?=[A-Z`])", text)[0].removesuffix(".")


def _goes(model: type[Base]) -> str:
    ages = [rule.kept_for.partition(":")[0] for rule in RULES if rule.model is model]
    if not issubclass(model, Tenant):
        return "with the account" if table_of(model).name == "account" else "stays: no customer's data"
    owner = "its source" if "source_id" in table_of(model).c else "the account"
    return ", ".join([*(f"after {age}" if age[0].isdigit() else age for age in ages), f"with {owner}"])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
