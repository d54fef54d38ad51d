"""What is held on a person: shown whole, exported, erased, and kept from coming back."""

import io
import json
from datetime import timedelta

import msgspec
import pytest

from storage import models
from storage.metrics.figures import Number
from storage.metrics.plan import Plan
from storage.personal_document import open_personal
from storage.trust.audit import Action
from storage.trust.erasure import erase
from storage.trust.export import export_account
from storage.trust.messages import Content, Post, choose, keep, list_messages
from storage.trust.minimise import NotOptionalError, switch_off, switch_on
from storage.trust.privacy import Held, NoAddressError, as_document, find
from storage.trust.receipts import ReceiptError, public_key, sign, verify
from tests.world import NOW, World, customer, invoice, payment, price, product, subscription

JANE = "Jane@Acme.example"


async def _find(world: World, email: str = JANE) -> Held:
    return await find(world.db, world.vault, world.account_id, email, action=Action.PERSON_SHOWN)


async def _fill(world: World) -> None:
    await world.sync(
        product("Growth"),
        price(),
        customer("Acme", email="jane@acme.example", name="Jane Doe"),
        customer("Other"),
        subscription("Acme"),
        invoice(1, "Acme"),
        payment(1, "Acme"),
    )


async def _mrr(world: World) -> dict[str, int | float]:
    number = await world.ask(Plan(measure="mrr"))
    assert isinstance(number, Number)
    return dict(number.values)


async def test_every_field_is_shown(world: World) -> None:
    """All that is sealed, all rows that name the person, where it is from; nothing of anybody else."""
    await _fill(world)
    shown = json.loads(as_document(await _find(world)))
    (record,) = shown["records"]
    assert record["customer"]["personal"] == {
        "id": "cus_Acme",
        "name": "Jane Doe",
        "email": "jane@acme.example",
        "phone": "+15550100",
    }
    assert {name: len(record[name]) for name in ("subscription", "invoice", "payment")} == {
        "subscription": 1,
        "invoice": 1,
        "payment": 1,
    }
    assert record["source"] == "Stripe (stripe)"
    assert "Nothing" in shown["sent_to_language_models"]
    assert "Other" not in json.dumps(shown)


async def test_messages_that_name_the_person_are_shown(world: World) -> None:
    """A Message about the customer is listed with its text; one about another is not."""
    await _fill(world)
    for name in ("Acme", "Other"):
        await keep(
            world.db, world.vault, world.account_id, kind="profile", platform="slack",
            content=Content(f"about {name}"), posts=[],
            about=[await world.id_of("customer", f"cus_{name}")], now=NOW,
        )  # fmt: skip
    held = await _find(world)
    assert [message.content.text for message in held.messages if message.content] == ["about Acme"]


async def test_an_erased_person_is_gone_and_figures_stay(world: World) -> None:
    """Nothing is found any more, the trail names nobody, and MRR is still the source's."""
    await _fill(world)
    before = await _mrr(world)
    signed = await erase(world.db, world.vault, world.account_id, JANE)
    assert (await _find(world)).records == []
    assert await _mrr(world) == before != {}
    assert signed.receipt.deleted == {"customer": 1}
    assert signed.receipt.left_anonymous == {"subscription": 1, "invoice": 1, "payment": 1}
    told = [str(row.details) + row.subject for row in await world.rows(models.AuditEntry)]
    assert "jane" not in (signed.as_json() + "".join(told)).lower()


@pytest.mark.parametrize("as_id", ["cus_Acme", "cus_AnotherId"])
async def test_an_erased_person_does_not_come_back(world: World, as_id: str) -> None:
    """Neither with the same customer id nor with a new one that carries the address, in whatever spelling."""
    await _fill(world)
    await erase(world.db, world.vault, world.account_id, JANE)
    back = customer("Acme", id=as_id, email=" JANE@ACME.example", name="Jane Doe")
    await world.sync(subscription("Acme", id="sub_new", customer_id=as_id))
    await world.sync(back)
    await world.sync(back, payment(2, "Acme", customer_id=as_id))
    assert (await _find(world)).records == []
    row_id = await world.id_of("customer", as_id)
    for model in (models.Subscription, models.Payment, models.MrrSpan):
        assert all(row.customer_id != row_id for row in await world.rows(model))


async def test_nothing_of_the_address_is_kept_in_clear(world: World) -> None:
    """What keeps the person away are keyed hashes."""
    await _fill(world)
    await erase(world.db, world.vault, world.account_id, JANE)
    kept = [*await world.rows(models.Erased), *await world.rows(models.Tombstone)]
    assert kept
    assert b"jane" not in b"|".join(str(vars(row)).lower().encode() for row in kept)


async def test_who_was_never_here_is_kept_away_too(world: World) -> None:
    """Erasing an unknown address is no error, and the next sync does not store it."""
    await erase(world.db, world.vault, world.account_id, JANE)
    await world.sync(customer("Acme", email=JANE))
    assert await world.rows(models.Customer) == []
    assert list((await _find(world)).kept_away) == [world.source_id]


async def test_erasure_empties_messages_whatever_was_chosen(world: World) -> None:
    """An account that keeps Messages of deleted customers does not keep those of a person who asked."""
    await _fill(world)
    await choose(world.db, world.account_id, on_customer_deleted="keep")
    about = [await world.id_of("customer", "cus_Acme")]
    await keep(
        world.db, world.vault, world.account_id, kind="profile", platform="slack",
        content=Content("Jane pays"), posts=[Post("C1", "1.0")], about=about, now=NOW,
    )  # fmt: skip
    signed = await erase(world.db, world.vault, world.account_id, JANE)
    (message,) = await list_messages(world.db, world.vault, world.account_id)
    assert message.content is None
    assert any(left.where == "Slack or Discord" and left.count == 1 for left in signed.receipt.remaining)


async def test_what_is_no_address_is_refused(world: World) -> None:
    """The error does not repeat what was typed."""
    with pytest.raises(NoAddressError) as refused:
        await _find(world, "jane doe")
    assert "jane" not in str(refused.value)


async def test_the_whole_account_is_exported(world: World) -> None:
    """Customers, Messages and the audit trail are in it, opened; credentials are not."""
    await _fill(world)
    await keep(
        world.db, world.vault, world.account_id, kind="number", platform="slack",
        content=Content("MRR is $100"), posts=[], about=[], now=NOW,
    )  # fmt: skip
    sink = io.BytesIO()
    counts = await export_account(world.db, world.vault, world.account_id, sink, now=NOW)
    exported = json.loads(sink.getvalue())
    tables = exported["tables"]
    assert {name: len(rows) for name, rows in tables.items()} == counts
    assert {row["personal"]["name"] for row in tables["customer"]} == {"Jane Doe", "Other"}
    assert tables["message"][0]["content"]["text"] == "MRR is $100"
    assert tables["audit_entry"]
    assert "sk_test_of_the_tests" not in sink.getvalue().decode()
    assert "credential" not in tables["source"][0]


class TestSwitchedOff:
    """Optional fields."""

    async def _personal(self, world: World):  # type: ignore[no-untyped-def]
        keys = await world.vault.source_keys(world.account_id, world.source_id)
        (row,) = await world.rows(models.Customer)
        return open_personal(keys, row.id, row.sealed), row

    async def test_are_forgotten_at_once(self, world: World) -> None:
        """The phone is nowhere any more, of the name a keyed hash is left, and the key is to be renewed."""
        await world.sync(customer("Acme"))
        changed = await switch_off(
            world.db, world.vault, world.account_id, world.source_id, ["phone", "name"], now=NOW
        )
        personal, row = await self._personal(world)
        assert (changed, personal.phone, personal.name) == (1, None, None)
        assert (row.phone_key, row.name_key is None) == (None, False)
        (source,) = await world.rows(models.Source)
        assert source.rekey_since == NOW

    async def test_stay_away_at_later_syncs(self, world: World) -> None:
        """A changed record and a new page bring neither back; the name is found by its hash all the same."""
        await world.sync(customer("Acme"))
        place = (world.db, world.vault, world.account_id, world.source_id)
        await switch_off(*place, ["phone", "name"], now=NOW)
        hashed = (await self._personal(world))[1].name_key
        await world.sync(customer("Acme", country="DE", phone="+4930123456"))
        personal, row = await self._personal(world)
        assert (personal.phone, personal.name, row.country) == (None, None, "DE")
        assert (row.phone_key, row.name_key) == (None, hashed)

    async def test_one_after_the_other_keeps_the_first_hash(self, world: World) -> None:
        """Switching off another field later does not lose what was kept of the first."""
        await world.sync(customer("Acme"))
        place = (world.db, world.vault, world.account_id, world.source_id)
        await switch_off(*place, ["name"], now=NOW)
        hashed = (await self._personal(world))[1].name_key
        await switch_off(*place, ["phone"], now=NOW + timedelta(hours=1))
        assert (await self._personal(world))[1].name_key == hashed is not None

    async def test_an_address_as_a_hash_still_joins_and_is_found(self, world: World) -> None:
        """Two records that share it stay one customer, and a request by the address finds both."""
        await world.sync(customer("A", email=JANE), customer("B", email=JANE))
        await switch_off(world.db, world.vault, world.account_id, world.source_id, ["email"], now=NOW)
        await world.sync(customer("C", email=JANE))
        assert len(await world.rows(models.Profile)) == 1
        assert len((await _find(world)).records) == 3

    async def test_come_back_when_switched_on(self, world: World) -> None:
        """The next full page brings the value, although the record has not changed."""
        await world.sync(customer("Acme"))
        await switch_off(world.db, world.vault, world.account_id, world.source_id, ["phone"], now=NOW)
        await switch_on(world.db, world.account_id, world.source_id, ["phone"])
        await world.sync(customer("Acme"))
        assert (await self._personal(world))[0].phone == "+15550100"

    async def test_of_another_name_are_refused(self, world: World) -> None:
        """Only optional fields can be switched off."""
        with pytest.raises(NotOptionalError):
            await switch_off(world.db, world.vault, world.account_id, world.source_id, ["id"], now=NOW)


class TestReceipt:
    """The signature."""

    async def test_holds_for_the_file_as_it_was_given(self, world: World) -> None:
        """The receipt verifies with the installation's key, however the file is laid out."""
        signed = await erase(world.db, world.vault, world.account_id, JANE)
        key = await public_key(world.vault)
        assert verify(signed.as_json(), key) == signed.receipt
        assert verify(json.dumps(json.loads(signed.as_json())), key) == signed.receipt

    async def test_fails_for_a_changed_count(self, world: World) -> None:
        """One altered figure, one added field, or another installation's key: not genuine."""
        signed = await erase(world.db, world.vault, world.account_id, JANE)
        key = await public_key(world.vault)
        changed = msgspec.structs.replace(signed.receipt, deleted={"customer": 7})
        forged = msgspec.structs.replace(signed, receipt=changed).as_json()
        added = json.dumps({**json.loads(signed.as_json()), "note": "x"})
        for text in (forged, added, "{}", "not json"):
            with pytest.raises(ReceiptError):
                verify(text, key)
        with pytest.raises(ReceiptError):
            verify((await sign(world.vault, changed)).as_json(), "A" * 43 + "=")
