"""Profiles over sources: what joins records of several vendors, what does not, and what undoes it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from storage import models, records
from storage.profile_links import NoSuchCustomerError, explain, find_record, say
from storage.sources import SourceSecret, add_source
from storage.trust.source_removal import remove_source
from tests.world import NOW, World, customer, gone

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True, slots=True)
class Both:
    """One account with Stripe and HubSpot."""

    stripe: World
    hubspot: World

    async def profiles(self) -> list[set[str]]:
        """The records of each profile, as `kind:id`, in order."""
        rows = await self.stripe.rows(models.Customer)
        found: dict[bytes, set[str]] = {}
        for row in rows:
            found.setdefault(row.profile_id, set()).add(await self._said(row))
        return sorted(found.values(), key=sorted)

    async def _said(self, row: models.Customer) -> str:
        world = self.stripe if row.source_id == self.stripe.source_id else self.hubspot
        for name in ("A", "B", "C", "X", "Y"):
            for kind, vendor_id in (("stripe", f"cus_{name}"), ("hubspot", name)):
                if row.id == await world.id_of("customer", vendor_id):
                    return f"{kind}:{name}"
        raise AssertionError("a record that no test made")


@pytest.fixture
async def both(world: World) -> Both:
    source_id = await add_source(
        world.db,
        world.vault,
        world.account_id,
        kind="hubspot",
        label="HubSpot",
        secret=SourceSecret("pat-of-the-tests"),
        base_url=None,
        now=NOW,
    )
    return Both(world, replace(world, source_id=source_id))


def company(called: str, **fields: Any) -> records.Customer:
    return records.Customer(**{"id": called, "name": called, "created_at": NOW, **fields})


def person(called: str, email: str, *at: str) -> records.Contact:
    return records.Contact(id=called, email=email, customer_ids=at, created_at=NOW)


TOGETHER = [{"hubspot:X", "stripe:A"}]
APART = [{"hubspot:X"}, {"stripe:A"}]


async def test_an_id_joins_whoever_carries_it_and_whichever_comes_first(both: Both) -> None:
    """HubSpot names the Stripe customer, or Stripe the company: either way, in either order of arrival."""
    await both.hubspot.sync(company("X", links=(("stripe_customer", "cus_A"),)))
    await both.stripe.sync(customer("A"))
    assert await both.profiles() == TOGETHER
    await both.stripe.sync(customer("B", links=(("hubspot_company", "Y"),)))
    await both.hubspot.sync(company("Y"))
    assert await both.profiles() == [*TOGETHER, {"hubspot:Y", "stripe:B"}]


@on_one_database
async def test_what_one_call_their_own_twice_joins_nobody(both: Both) -> None:
    """Two accounts of one vendor may use the same id for different companies: then it tells nothing."""
    await both.hubspot.sync(company("X", aliases=("7",)), company("Y", aliases=("7",)))
    await both.stripe.sync(customer("A", links=(("hubspot_company", "7"),)))
    assert len(await both.profiles()) == 3


@on_one_database
async def test_a_contacts_address_joins_its_company(both: Both) -> None:
    """The person who pays is a contact of the company; without that person they are two again."""
    await both.stripe.sync(customer("A", email="Ada@gmail.com"))
    await both.hubspot.sync(company("X"), person("p", "ada@gmail.com", "X"))
    assert await both.profiles() == TOGETHER
    await both.hubspot.sync(gone(records.Contact, "p"))
    assert await both.profiles() == APART


async def test_a_person_at_two_companies_joins_neither(both: Both) -> None:
    """A consultant of several companies; once they are at one alone, that one is joined."""
    await both.stripe.sync(customer("A", email="ada@agency.example"))
    await both.hubspot.sync(company("X"), company("Y"), person("p", "ada@agency.example", "X"))
    assert await both.profiles() == [{"hubspot:X", "stripe:A"}, {"hubspot:Y"}]
    await both.hubspot.sync(person("q", "Ada@Agency.example", "Y"))
    assert len(await both.profiles()) == 3
    await both.hubspot.sync(gone(records.Contact, "q"))
    assert await both.profiles() == [{"hubspot:X", "stripe:A"}, {"hubspot:Y"}]


async def test_a_domain_joins_one_record_of_each_source_alone(both: Both) -> None:
    """Two Stripe customers of one domain: whose the company is cannot be told, until one of them goes."""
    await both.hubspot.sync(company("X", domains=("https://www.acme.io/about",)))
    await both.stripe.sync(customer("A", email="pay@acme.io"))
    assert await both.profiles() == TOGETHER
    await both.stripe.sync(customer("B", email="other@acme.io"))
    assert len(await both.profiles()) == 3
    await both.stripe.sync(gone(records.Customer, "cus_B"))
    assert await both.profiles() == TOGETHER
    await both.stripe.sync(customer("A", email="pay@else.io"))
    assert await both.profiles() == APART


@on_one_database
async def test_public_mail_joins_nobody(both: Both) -> None:
    """Half the world has its mail with the same provider."""
    await both.hubspot.sync(company("X", domains=("gmail.com",)))
    await both.stripe.sync(customer("A", email="someone@gmail.com"))
    assert await both.profiles() == APART


@on_one_database
async def test_profiles_are_named_after_the_first_source(both: Both) -> None:
    """A source that is added later renames no customer."""
    await both.stripe.sync(customer("A"))
    named = (await both.stripe.rows(models.Customer))[0].profile_id
    await both.hubspot.sync(company("X", links=(("stripe_customer", "cus_A"),)))
    assert {row.profile_id for row in await both.stripe.rows(models.Customer)} == {named}
    assert [row.profile_id for row in await both.stripe.rows(models.Profile)] == [named]


@on_one_database
async def test_removing_a_source_unjoins(both: Both) -> None:
    """What the removed source alone had joined is two customers again."""
    await both.stripe.sync(customer("A", email="one@gmail.com"), customer("B", email="two@gmail.com"))
    await both.hubspot.sync(
        company("X"), person("p", "one@gmail.com", "X"), person("q", "two@gmail.com", "X")
    )
    assert await both.profiles() == [{"hubspot:X", "stripe:A", "stripe:B"}]
    await remove_source(both.stripe.db, both.stripe.vault, both.stripe.account_id, both.hubspot.source_id)
    assert await both.profiles() == [{"stripe:A"}, {"stripe:B"}]


async def test_people_have_the_last_word_and_it_stays(both: Both) -> None:
    """Joined by hand, parted by hand, whatever the records share; a sync changes neither."""
    db, vault, account_id = both.stripe.db, both.stripe.vault, both.stripe.account_id
    await both.stripe.sync(customer("A"), customer("B"))
    await both.hubspot.sync(company("X"))

    async def tell(one: str, other: str, *, apart: bool) -> None:
        refs = [await find_record(db, vault, account_id, said) for said in (one, other)]
        await say(db, vault, account_id, *refs, apart=apart)

    await tell("stripe:cus_A", "hubspot:X", apart=False)
    await both.stripe.sync(customer("A", phone="+15550199"))
    assert await both.profiles() == [{"hubspot:X", "stripe:A"}, {"stripe:B"}]
    await tell("A", "hubspot:X", apart=True)
    await both.hubspot.sync(company("X", links=(("stripe_customer", "cus_A"), ("stripe_customer", "cus_B"))))
    assert await both.profiles() == [{"hubspot:X", "stripe:B"}, {"stripe:A"}]
    await both.stripe.sync(gone(records.Customer, "cus_A"))
    assert await both.stripe.rows(models.ProfileLink) == []
    with pytest.raises(NoSuchCustomerError):
        await find_record(db, vault, account_id, "stripe:cus_A")


@on_one_database
async def test_a_join_is_explained(both: Both) -> None:
    """In words, naming what both records share."""
    db, vault, account_id = both.stripe.db, both.stripe.vault, both.stripe.account_id
    await both.stripe.sync(customer("A", email="ada@acme.example"))
    await both.hubspot.sync(company("X", name="Acme", links=(("stripe_customer", "cus_A"),)))
    joined = await explain(db, vault, account_id, await find_record(db, vault, account_id, "Acme"))
    assert [member.said for member in joined.members] == ["stripe:cus_A", "hubspot:X"]
    assert joined.reasons == (
        "stripe:cus_A and hubspot:X: joined because both carry the stripe customer id cus_A",
    )


@on_one_database
async def test_switched_off_addresses_join_within_their_source_alone(both: Both) -> None:
    """Of them a hash under the source's own key is left, which no other source has."""
    from storage.trust.minimise import switch_off

    stripe = both.stripe
    await stripe.sync(customer("A", email="ada@gmail.com"), customer("B", email="ada@gmail.com"))
    await both.hubspot.sync(company("X"), person("p", "ada@gmail.com", "X"))
    assert await both.profiles() == [{"hubspot:X", "stripe:A", "stripe:B"}]
    await switch_off(stripe.db, stripe.vault, stripe.account_id, stripe.source_id, ["email"], now=NOW)
    await both.hubspot.sync(company("X", name="New"))
    assert await both.profiles() == [{"hubspot:X"}, {"stripe:A", "stripe:B"}]
