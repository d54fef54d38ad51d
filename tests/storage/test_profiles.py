"""Joining records into profiles: the same person's records, and never by name alone."""

from datetime import timedelta

import pytest

from storage import models, records
from storage.metrics.figures import Number
from storage.metrics.plan import Plan
from tests.world import EPOCH, NOW, World, customer, gone, payment, product, subscription


async def _profiles(world: World) -> dict[bytes, bytes]:
    return {row.id: row.profile_id for row in await world.rows(models.Customer)}


async def test_records_with_one_address_are_one_profile(world: World) -> None:
    """Two records that share an e-mail address, whatever its case, count as one customer."""
    await world.sync(
        product("Growth"),
        customer("Acme", email="ada@acme.example"),
        customer("Acme2", email="Ada@ACME.example "),
        subscription("Acme"),
        subscription("Acme2"),
    )
    assert len(set((await _profiles(world)).values())) == 1
    counted = await world.ask(Plan(measure="customers"))
    assert isinstance(counted, Number)
    assert counted.value == 1


async def test_records_with_one_crm_id_are_one_profile(world: World) -> None:
    """Two records that carry the same id of another system are joined."""
    link = (("hubspot_company", "42"),)
    await world.sync(customer("Acme", links=link), customer("Bcme", links=link))
    assert len(set((await _profiles(world)).values())) == 1


async def test_a_name_alone_joins_nothing(world: World) -> None:
    """Two customers of the same name and different addresses stay two."""
    await world.sync(
        customer("Northwind", email="a@one.example"),
        customer("Other", name="Northwind", email="b@two.example"),
    )
    assert len(set((await _profiles(world)).values())) == 2


async def test_a_chain_of_shared_ids_is_one_profile(world: World) -> None:
    """A shares an address with B, B a CRM id with C: all three are one, found from any of them."""
    await world.sync(customer("A", email="x@a.example"))
    await world.sync(customer("C", links=(("hubspot_company", "9"),)))
    await world.sync(customer("B", email="x@a.example", links=(("hubspot_company", "9"),)))
    assert len(set((await _profiles(world)).values())) == 1


async def test_a_profile_falls_apart_when_what_joined_it_goes(world: World) -> None:
    """When the record in the middle is deleted, the other two are customers of their own again."""
    await world.sync(
        customer("A", email="x@a.example"),
        customer("C", links=(("hubspot_company", "9"),)),
        customer("B", email="x@a.example", links=(("hubspot_company", "9"),)),
    )
    await world.sync(gone(records.Customer, "cus_B"))
    assert len(set((await _profiles(world)).values())) == 2


async def test_a_changed_address_unjoins(world: World) -> None:
    """A record that gets another address leaves the profile, and its spans go with it."""
    await world.sync(
        product("Growth"), customer("A"), customer("B", email="billing@a.example"), subscription("B")
    )
    await world.sync(customer("B", email="b@b.example"))
    of_b = await world.id_of("customer", "cus_B")
    assert (await _profiles(world))[of_b] == of_b
    (span,) = await world.rows(models.MrrSpan)
    assert span.profile_id == of_b


@pytest.mark.parametrize("order", ["AB", "BA"])
async def test_the_order_of_arrival_does_not_matter(world: World, order: str) -> None:
    """The profile is named after the same record, whichever came first."""
    for name in order:
        await world.sync(customer(name, email="same@x.example"))
    smallest = min(await world.id_of("customer", "cus_A"), await world.id_of("customer", "cus_B"))
    assert set((await _profiles(world)).values()) == {smallest}


async def test_a_profile_says_what_its_records_say_together(world: World) -> None:
    """Country and sign-up of the oldest record; failing when the latest payment of any of them failed."""
    await world.sync(
        customer("Old", email="x@x.example", country="DE", created_at=EPOCH),
        customer("New", email="x@x.example", country="FR", created_at=EPOCH + timedelta(days=9)),
        payment(1, "Old", status=records.PaymentStatus.SUCCEEDED, created_at=NOW - timedelta(days=3)),
        payment(2, "New", status=records.PaymentStatus.FAILED, created_at=NOW - timedelta(days=2)),
    )
    (profile,) = await world.rows(models.Profile)
    assert (profile.country, profile.signed_up_at, profile.failing) == ("DE", EPOCH, True)
    await world.sync(payment(3, "Old", created_at=NOW - timedelta(days=1)))
    (profile,) = await world.rows(models.Profile)
    assert profile.failing is False
