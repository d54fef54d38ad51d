"""Words that say nothing of anyone: the closed vocabulary of what may ever leave for a language model.

A word is plain when it stands in `plain_words.txt`, everyday words of questions about a business, or in the
catalog. Names of customers, products, people and places are not: a word that is not on the list never leaves.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from storage.metrics import catalog
from storage.metrics.catalog import Entity, FieldInfo, Metric

_LONGEST_NUMBER = 2
_YEAR = re.compile(r"20\d\d")
_DATE = re.compile(r"20\d\d-\d{1,2}(-\d{1,2})?")
_SIGN = re.compile(r"[<>=≥≤%&+?]|>=|<=")
_PLACEHOLDER = re.compile(r"\[[A-Z]{3,16}_\d{1,2}\]")


@cache
def plain_words() -> frozenset[str]:
    """All plain words, lower case."""
    listed = (Path(__file__).parent / "plain_words.txt").read_text(encoding="utf-8").split()
    return frozenset(listed).union(*(phrase.split() for phrase in _catalog_phrases()))


def _catalog_phrases() -> Iterator[str]:
    every: tuple[Mapping[str, Metric | Entity | FieldInfo], ...]
    every = (catalog.METRICS, catalog.ENTITIES, catalog.FIELDS)
    for declared in every:
        for name, info in declared.items():
            yield from (name.replace("_", " "), *info.synonyms)


def is_plain(word: str) -> bool:
    """Whether a word, a small number, a year, a date or a placeholder ([PLAN_1]) tells of nobody."""
    if word.isdecimal():
        return word.isascii() and (len(word) <= _LONGEST_NUMBER or bool(_YEAR.fullmatch(word)))
    exact = (_DATE, _SIGN, _PLACEHOLDER)
    return word in plain_words() or any(pattern.fullmatch(word) for pattern in exact)
