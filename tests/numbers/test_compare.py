"""The house's figures beside those of the second opinion; `make numbers` compares a thousand companies."""

from storage.keys.vault import Vault
from storage.session import Database
from tests.numbers.compare import differences

WORLDS = 6


async def test_a_few_companies_give_the_same_figures_twice(db: Database, vault: Vault) -> None:
    """MRR and its cuts, customers, trials, movements, rates and money, at any moment and period, exactly."""
    seeds = range(WORLDS) if db.engine.dialect.name == "sqlite" else range(WORLDS, 2 * WORLDS)
    for seed in seeds:
        asked, found = await differences(db, vault, seed, one_in=6)
        assert asked > 40
        assert not found, "\n".join(map(str, found))
