"""An assistant that knows some questions by heart: the same question, the same answer."""

import asyncio
from dataclasses import dataclass, field

from bot.answer import Answer, Kind
from tests.bot import answers as example

BY_HEART = {answer.question: answer for answer in example.EACH_KIND} | {
    "mrr of northwind.example": example.NUMBER,
    "mrr of north.example": example.NUMBER,
}


@dataclass
class AsksByHeart:
    """`asked` are the calls so far. "fail" raises; "wait" waits for `go`."""

    asked: list[tuple[str, int, str | None]] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(
        self, question: str, *, account_id: int, conversation: str | None = None, follow_up: bool = True
    ) -> Answer:
        self.asked.append((question, account_id, conversation))
        if question == "fail":
            raise RuntimeError("Globex Corporation, secret@globex.example, sk_live_123")
        if question == "wait":
            self.waiting.set()
            await self.go.wait()
        unknown = Answer(question=question, kind=Kind.REFUSE, text=f"I heard: {question}")
        return BY_HEART.get(question, unknown)

    def help(self) -> str:
        return "Figures: MRR, ARR, customers\n\nLists: customers, invoices & payments"
