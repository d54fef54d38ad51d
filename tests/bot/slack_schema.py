"""Whether Slack would take a payload: by its published types where they are present, and by its limits."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from bot.render import slack_blocks as kit

_SLACK = Path(__file__).parents[3] / "shared" / "slack"
TYPES_ARE_HERE = _SLACK.is_dir()


@lru_cache
def _schema(name: str) -> dict[str, Any]:
    file = _SLACK / name
    if not file.exists():
        pytest.skip(f"{name} is not present beside the repository")
    return json.loads(file.read_text())


@lru_cache
def _blocks() -> dict[str, Draft7Validator]:
    definitions = _schema("blocks.schema.json")["definitions"]
    by_type = {
        d["properties"]["type"]["const"]: name
        for name, d in definitions.items()
        if name.endswith("Block") and "const" in d.get("properties", {}).get("type", {})
    }
    by_type["image"] = "ImageBlock"  # declared as one of two shapes
    return {
        kind: Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})
        for kind, name in by_type.items()
    }


def assert_by_schema(message: dict[str, Any]) -> None:
    """The message is one by Slack's own types. Each block against its own type: errors then say where."""
    assert set(message) >= {"text", "blocks"}
    for block in message["blocks"]:
        if block["type"] == "data_visualization":  # newer than the published types
            continue
        errors = list(_blocks()[block["type"]].iter_errors(block))
        assert not errors, f"{block['type']}: {errors[0].message[:300]}"


def manifest_errors(manifest: dict[str, Any]) -> list[str]:
    return [e.message for e in Draft7Validator(_schema("manifest.schema.json")).iter_errors(manifest)]


def assert_within_limits(message: dict[str, Any]) -> None:
    """What the types do not say: how much of everything Slack takes."""
    blocks = message["blocks"]
    assert 0 < len(message["text"]) <= 40_000
    assert 0 < len(blocks) <= kit.BLOCKS_IN_MESSAGE
    assert sum(block["type"] == "table" for block in blocks) <= 1
    assert sum(block["type"] == "data_table" for block in blocks) <= 1
    assert sum(block["type"] == "data_visualization" for block in blocks) <= kit.CHARTS_IN_MESSAGE
    for block in blocks:
        _LIMITS[block["type"]](block)


def _text(element: dict[str, Any], limit: int) -> None:
    assert 0 < len(element["text"]) <= limit


def _section(block: dict[str, Any]) -> None:
    if "text" in block:
        _text(block["text"], kit.SECTION_TEXT)
    fields = block.get("fields", [])
    assert "text" in block or fields
    assert len(fields) <= kit.FIELDS_IN_SECTION
    for field in fields:
        _text(field, kit.FIELD_TEXT)


def _actions(block: dict[str, Any]) -> None:
    assert 0 < len(block["elements"]) <= kit.BUTTONS_IN_ROW
    assert len({e["action_id"] for e in block["elements"]}) == len(block["elements"])
    for element in block["elements"]:
        _text(element["text"], kit.BUTTON_TEXT)
        assert len(element["value"]) <= kit.BUTTON_VALUE


def _context(block: dict[str, Any]) -> None:
    assert 0 < len(block["elements"]) <= kit.CONTEXT_ELEMENTS
    for element in block["elements"]:
        _text(element, kit.SECTION_TEXT)


def _table(block: dict[str, Any]) -> None:
    rows = block["rows"]
    assert 1 < len(rows) <= kit.TABLE_ROWS
    assert len(block["column_settings"]) <= kit.TABLE_COLUMNS
    assert {len(row) for row in rows} <= {len(block["column_settings"])}
    assert all(cell["text"] for row in rows for cell in row)
    assert sum(len(cell["text"]) for row in rows for cell in row) <= kit.TABLE_TEXT


def _rich_text(block: dict[str, Any]) -> None:
    for part in block["elements"]:
        assert 0 < sum(len(e["text"]) for e in part["elements"]) <= kit.SECTION_TEXT


def _data_table(block: dict[str, Any]) -> None:
    rows = block["rows"]
    assert block["caption"]
    assert 1 <= block["page_size"] <= 100
    assert 1 < len(rows) <= kit.DATA_TABLE_ROWS + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows[0]) <= kit.TABLE_COLUMNS
    assert all(cell["text"] for row in rows for cell in row)
    assert all(cell["type"] == "raw_text" for cell in rows[0])
    assert sum(len(cell["text"]) for row in rows for cell in row) <= kit.TABLE_TEXT


def _chart(block: dict[str, Any]) -> None:
    """As Slack's page on the block says it; the published types lack it."""
    assert set(block) == {"type", "title", "chart"}
    assert 0 < len(block["title"]) <= kit.CHART_TITLE
    chart = block["chart"]
    assert chart["type"] in {"line", "bar", "area"}
    categories = chart["axis_config"]["categories"]
    assert 0 < len(categories) <= kit.CHART_POINTS
    assert len(set(categories)) == len(categories)
    assert all(0 < len(name) <= kit.CHART_LABEL for name in categories)
    assert 1 <= len(chart["series"]) <= 6
    for series in chart["series"]:
        assert 0 < len(series["name"]) <= kit.CHART_LABEL
        assert [point["label"] for point in series["data"]] == categories
        assert all(isinstance(point["value"], int | float) for point in series["data"])
        json.dumps(series, allow_nan=False)


def _thumbs(block: dict[str, Any]) -> None:
    assert 0 < len(block["elements"]) <= 5
    for element in block["elements"]:
        for button in (element["positive_button"], element["negative_button"]):
            _text(button["text"], kit.BUTTON_TEXT)
            assert len(button["value"]) <= kit.BUTTON_VALUE


_LIMITS = {
    "data_table": _data_table,
    "data_visualization": _chart,
    "context_actions": _thumbs,
    "image": lambda block: _text({"text": block["alt_text"]}, kit.ALT_TEXT),
    "section": _section,
    "header": lambda block: _text(block["text"], kit.HEADER_TEXT),
    "actions": _actions,
    "context": _context,
    "table": _table,
    "rich_text": _rich_text,
}
