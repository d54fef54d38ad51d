"""P3: only Messages may still mention a deleted customer, as the account chose, until they are deleted."""

import pytest

from storage import models
from storage.trust.messages import choose, delete_messages, list_messages
from tests.promises.living import live, words_of_the_first
from tests.promises.sweep import Stage, search
from tests.vendors.stripe import StripeServer

pytestmark = pytest.mark.promises("P3")


async def _where(stage: Stage) -> set[str]:
    """The tables and columns, opened, that lead to customer 1."""
    tables = await stage.places(of=["tables"])
    return {one.where for one in search(words_of_the_first(stage.canaries), tables)}


async def _texts(stage: Stage) -> list[str | None]:
    listed = await list_messages(stage.db, stage.vault, stage.account_id)
    return [one.content.text if one.content else None for one in listed]


@pytest.mark.parametrize(
    ("choice", "mentioned_in", "readable"),
    [("keep", {"message.sealed"}, [True]), ("redact", set(), [False]), ("delete", set(), [])],
)
async def test_nothing_but_messages_mentions_it(
    stage: Stage, server: StripeServer, choice: str, mentioned_in: set[str], readable: list[bool]
) -> None:
    """With "keep" the sealed text of a Message alone still names the customer; with "redact" and "delete"
    nothing does: no audit entry, conversation, webhook, error, receipt or checkpoint."""
    await choose(stage.db, stage.account_id, on_customer_deleted=choice)
    await live(stage, server)
    assert {"customer.sealed", "message.sealed", "webhook_event.sealed"} <= await _where(stage)
    server.delete("customers", "cus_1", "customer.deleted")
    await stage.sync()
    assert await _where(stage) == mentioned_in
    assert [text is not None for text in await _texts(stage)] == readable


async def test_a_deleted_message_is_unreadable_at_once(stage: Stage, server: StripeServer) -> None:
    """Messages are listed with their text; from the commit of the deletion on no table holds it."""
    await live(stage, server)
    server.delete("customers", "cus_1", "customer.deleted")
    await stage.sync()
    (message,) = await list_messages(stage.db, stage.vault, stage.account_id)
    assert message.content is not None
    assert stage.canaries.kept in message.content.text
    await delete_messages(stage.db, stage.account_id, [message.message_id])
    assert await _texts(stage) == []
    assert await stage.world.rows(models.MessageProfile) == []
    assert await _where(stage) == set()
