"""An assistant that knows some questions by heart: the same question, the same answer."""

import asyncio
from dataclasses import dataclass, field

from bot.answer import Answer, Kind
from storage.metrics.plan import Plan
from tests.bot import answers as example

BY_HEART = {answer.question: answer for answer in example.EACH_KIND} | {
    "mrr of northwind.example": example.NUMBER,
    "mrr of north.example": example.NUMBER,
}


@dataclass
class AsksByHeart:
    """`asked` and `ran` are the calls so far. "fail" raises; "wait" waits for `go`."""

    asked: list[tuple[str, int, str | None]] = field(default_factory=list)
    ran: list[tuple[Plan, int]] = field(default_factory=list)
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

    async def run(
        self, plan: Plan, *, question: str, account_id: int, conversation: str | None = None
    ) -> Answer:
        self.ran.append((plan, account_id))
        return BY_HEART.get(question, example.NUMBER).model_copy(update={"question": question})

    def help(self) -> str:
        return "Figures: MRR, ARR, customers\n\nLists: customers, invoices & payments"
