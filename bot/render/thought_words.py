"""What a thought says, in words: its facts formatted, its customers named. The same for every platform."""

from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from bot.render import text
from thoughts import base
from thoughts.base import Fact, Sentence
from thoughts.ports import Item, Letter, LetterKind, Names

_UNNAMED = "a customer"
_LONGEST_NAME = 80

Mark = Callable[[str, bool], str]
"""Words and whether they are a fact -> markup of a platform."""


def _plain(words: str, _is_fact: bool) -> str:
    return words


def said(sentence: Sentence, names: Names, zone: str, mark: Mark = _plain) -> str:
    """A sentence with its facts put into words."""
    return "".join(
        mark(part, False) if isinstance(part, str) else mark(fact(part, names, zone), True)
        for part in sentence
    )


def fact(one: Fact, names: Names, zone: str) -> str:
    """One fact in words."""
    match one:
        case base.Moment():
            return text.when(one.at, ZoneInfo(zone))
        case base.Customer() | base.Product() | base.Source():
            return _name(one, names)
        case _:
            return _figure(one)


def _figure(one: base.Money | base.Count | base.Ratio | base.Day | base.Term) -> str:
    match one:
        case base.Money():
            return text.money(one.amount, one.currency)
        case base.Count():
            noun = one.noun if one.value == 1 else one.nouns
            return f"{text.count(one.value)} {noun}".rstrip()
        case base.Ratio():
            return text.ratio(one.value)
        case base.Day():
            return text.day(one.on)
        case base.Term():
            return text.clean(one.word.replace("_", " "))


def _name(one: base.Customer | base.Product | base.Source, names: Names) -> str:
    match one:
        case base.Customer():
            found = names.customers.get(one.profile_id, _UNNAMED)
        case base.Product():
            found = names.products.get((one.source_id, one.product_id), "a plan")
        case base.Source():
            found = names.sources.get(one.source_id, "a source")
    return text.shorten(text.clean(found), _LONGEST_NAME)


def lines(item: Item, letter: Letter, mark: Mark = _plain) -> tuple[str, str]:
    """News of one thought, and why it is worth a look."""
    words = item.words
    return said(words.news, letter.names, letter.zone, mark), said(words.why, letter.names, letter.zone, mark)


def heading(letter: Letter) -> str | None:
    """What stands above several thoughts."""
    if letter.kind is LetterKind.CATCH_UP:
        sources = {item.thought.source_id for item in letter.items}
        called = [name for number, name in letter.names.sources.items() if number in sources]
        away = text.listed(sorted(text.clean(name) for name in called)) or "A source"
        return f"{away} was away for a while. This happened meanwhile:"
    if letter.kind is LetterKind.DIGEST:
        if letter.digest is None:
            return "Held back over the week:"
        return said(letter.digest.title, letter.names, letter.zone)
    if len(letter.items) > 1 and letter.target.thread is None:
        return f"{len(letter.items)} things worth a look:"
    return None


def digest_lines(letter: Letter, mark: Mark = _plain) -> list[str]:
    """What a digest says of its period."""
    if letter.digest is None:
        return []
    return [said(line, letter.names, letter.zone, mark) for line in letter.digest.lines]


def held(letter: Letter) -> str | None:
    """What stands above thoughts that were kept for a digest."""
    return "Kept for this digest:" if letter.digest is not None and letter.items else None


def rest(letter: Letter) -> str | None:
    """What a catch-up leaves out."""
    if not letter.more:
        return None
    return f"And {text.count(letter.more)} more that were smaller."


def fallback(letter: Letter) -> str:
    """The letter in plain words: notifications, screen readers, the Message that is kept."""
    if letter.notice:
        return letter.notice
    head = heading(letter)
    parts: Iterable[str | None] = (
        f"{head.rstrip(':')}:" if head else None,
        *digest_lines(letter),
        held(letter),
        *(_whole(item, letter) for item in letter.items),
        rest(letter),
    )
    return " ".join(part for part in parts if part)


def _whole(item: Item, letter: Letter) -> str:
    return " ".join(part for part in lines(item, letter) if part)
