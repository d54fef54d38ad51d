"""Writes `.env.example` and `docs/settings.md` from the settings: `python -m storage.settings_docs`."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, cast

from storage.features import PLANNED
from storage.settings import Settings, is_secret

_ENV_HEAD = """\
# Every setting of Chewbotta. Copy this file to .env and set what you need; all of it is optional.
# Written from storage/settings.py by `python -m storage.settings_docs`.
# The environment goes before this file. A secret may stand in a file instead: NAME_FILE=/path/to/it.
"""
_PAGE_HEAD = """\
# Settings

Chewbotta reads the environment and, after it, the file `.env` in the working directory. Everything is
optional: what is not set is switched off, and `chewbotta doctor` says so. A value that cannot be used stops
the start with one line that names the setting. A secret may stand in a file instead, its path in `NAME_FILE`.

This page is written from `storage/settings.py` by `python -m storage.settings_docs`.
"""


_WAITING = frozenset(name for names in PLANNED.values() for name in names)


class _Row(NamedTuple):
    group: str
    name: str
    secret: bool
    default: str
    description: str


def _rows() -> Iterator[_Row]:
    for name, field in Settings.model_fields.items():
        extra = cast("dict[str, str]", field.json_schema_extra)
        default = extra["shown"] or str(field.get_default() or "")
        waits = " Not used in this version." if name in _WAITING else ""
        yield _Row(extra["group"], name.upper(), is_secret(field), default, f"{field.description}{waits}")


def env_example() -> str:
    """The text of `.env.example`."""
    lines = [_ENV_HEAD]
    for group, rows in groupby(_rows(), key=lambda row: row.group):
        lines.append(f"\n# --- {group}\n")
        for row in rows:
            default = f" Default: {row.default}." if row.default else ""
            lines.append(f"# {row.description}{default}\n#{row.name}=\n")
    return "".join(lines)


def settings_page() -> str:
    """The text of `docs/settings.md`."""
    lines = [_PAGE_HEAD]
    for group, rows in groupby(_rows(), key=lambda row: row.group):
        lines.append(f"\n## {group}\n\n| Setting | What it is | Default |\n|---|---|---|\n")
        for row in rows:
            secret = " Secret." if row.secret else ""
            lines.append(f"| `{row.name}` | {row.description}{secret} | {row.default or 'not set'} |\n")
    return "".join(lines)


def write(root: Path) -> None:
    """Writes both files into the project at `root`."""
    (root / ".env.example").write_text(env_example(), encoding="utf-8")
    (root / "docs").mkdir(exist_ok=True)
    (root / "docs" / "settings.md").write_text(settings_page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parents[1])
