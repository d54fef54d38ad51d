"""Finding customers by what people call them.

It knows nothing of the database: whoever opens the sealed names feeds the index, and drops it when idle.
"""

from storage.names.index import MAX_WORDS, NameIndex
from storage.names.match import How, Named, NameMatch
from storage.names.words import allowed_edits, fold, without_legal_form

__all__ = [
    "MAX_WORDS",
    "How",
    "NameIndex",
    "NameMatch",
    "Named",
    "allowed_edits",
    "fold",
    "without_legal_form",
]
