"""A courier that keeps what it is given, and misbehaves as it is told."""

from dataclasses import dataclass, field

from storage.trust.messages import Post
from thoughts.ports import Letter, Outcome, Sent


@dataclass(slots=True)
class Shelf:
    """Posts of one pretended platform. `next` are outcomes in place of posting; of `loses`, posted letters
    whose answer never arrives."""

    letters: list[Letter] = field(default_factory=list)
    next: list[Outcome] = field(default_factory=list)
    loses: int = 0
    people: dict[str, str] = field(default_factory=dict)
    edits: list[Letter] = field(default_factory=list)

    async def post(self, letter: Letter) -> Outcome:
        if self.next:
            return self.next.pop(0)
        if letter.edits is not None:
            self.edits.append(letter)
            return Sent((letter.edits,), text="said anew")
        self.letters.append(letter)
        if self.loses:
            self.loses -= 1
            raise ConnectionResetError
        return self._sent(letter)

    async def find(self, letter: Letter) -> Outcome | None:
        found = [one for one in self.letters if one.key == letter.key]
        return self._sent(found[0]) if found else None

    async def person(self, team: str, email: str) -> str | None:
        return self.people.get(email)

    def _sent(self, letter: Letter) -> Sent:
        number = next(n for n, one in enumerate(self.letters) if one.key == letter.key)
        return Sent((Post(letter.target.place, f"{number}.0"),), text="said")

    def said(self) -> list[tuple[str, int]]:
        """(key of kind and stage of the first item, number of items) of each letter."""
        return [
            (one.items[0].thought.kind if one.items else one.kind, len(one.items)) for one in self.letters
        ]
