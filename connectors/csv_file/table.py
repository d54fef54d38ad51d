"""A file of comma-separated values as rows of cells: its encoding, delimiter and header found out."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from connectors.csv_file.fields import BY_NAME, field_of, plain
from storage.errors import OperatorError

LARGEST_FILE = 64 * 2**20
"""Bytes: about half a million customers."""

_DELIMITERS = ",;\t|"


class FileError(OperatorError):
    """The file is none that can be imported; the text says what to change, and quotes nothing but headers."""


class _Reader(Protocol):
    """What `csv.reader` makes."""

    line_num: int

    def __next__(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Table:
    """Which column each field is read from, the headers left out, and the rows with their line numbers."""

    columns: Mapping[str, str]
    left_out: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]


def read_table(content: bytes, given: Mapping[str, str] | None = None) -> Table:
    """Reads a whole file. `given`: the header of a field, where it is called otherwise. Raises FileError."""
    if len(content) > LARGEST_FILE:
        raise FileError(f"The file is larger than {LARGEST_FILE // 2**20} MB: divide it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError('The file is not in UTF-8: save it as "CSV UTF-8".') from None
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    headers = [header.strip() for header in next(_lines(reader), (1, []))[1]]
    columns = _columns(headers, given or {})
    places = {name: headers.index(header) for name, header in columns.items()}
    rows = tuple(
        (line, {name: cells[at].strip() for name, at in places.items() if cells[at].strip()})
        for line, cells in _of_length(_lines(reader), len(headers))
    )
    if not rows:
        raise FileError("The file has no rows under its header.")
    used = set(columns.values())
    return Table(columns, tuple(header for header in headers if header not in used), rows)


def _lines(reader: _Reader) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the line that each ends on."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise FileError(f"Line {reader.line_num}: a quotation mark is missing or too many.") from None
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _of_length(lines: Iterator[tuple[int, list[str]]], length: int) -> Iterator[tuple[int, list[str]]]:
    for line, cells in lines:
        if len(cells) != length:
            raise FileError(f"Line {line} has {len(cells)} cells, the header has {length}.")
        yield line, cells


def _columns(headers: list[str], given: Mapping[str, str]) -> dict[str, str]:
    """The header that each field is read from. Raises FileError where that is not clear."""
    found: dict[str, str] = {}
    for name, header in given.items():
        if name not in BY_NAME:
            raise FileError(f"There is no field {name!r}; there are {', '.join(BY_NAME)}.")
        found[name] = next((one for one in headers if plain(one) == plain(header)), "")
        if not found[name]:
            raise FileError(f"There is no column {header!r}; there are {', '.join(headers)}.")
    taken = set(found.values())
    for header in headers:
        field = field_of(header)
        if header in taken or field is None or field in given:
            continue
        if field in found:
            raise FileError(
                f"Both {found[field]!r} and {header!r} mean {field}: say which with --column {field}=HEADER."
            )
        found[field] = header
    if not found.keys() & {"customer_id", "email", "name"}:
        raise FileError("No column says which customer it is: one must be customer_id, email or name.")
    return found
