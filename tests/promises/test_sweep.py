"""The sweep itself: it finds what is there, however it is written and wherever it lies."""

import pytest

from tests.promises.canaries import find, new_number, new_word, ways_to_write
from tests.promises.sweep import Stage, search


@pytest.mark.parametrize("way", sorted(ways_to_write("Example")))
def test_a_word_is_found_however_it_is_written(way: str) -> None:
    """Raw, in any case, base64, hex, escaped, UTF-16 or compressed: the search sees the word."""
    word = new_word()
    assert find([word], b"\x00before " + ways_to_write(word)[way] + b" after\xff")


def test_a_number_is_found_among_other_text() -> None:
    """A telephone number is found by its digits."""
    number = new_number()
    assert find([number], f"tel:+{number}1".encode())


def test_nothing_is_found_where_there_is_nothing() -> None:
    """Random bytes hold no canary."""
    import secrets

    assert find([new_word(), new_number()], secrets.token_bytes(2_000_000)) == []


async def test_every_place_shows_what_is_planted_there(stage: Stage) -> None:
    """The control is seen in every place; canaries are seen in sealed documents, opened, and in backups."""
    await stage.sync()
    await stage.plant_controls()
    backup = await stage.files.dump()
    places = await stage.places(backup=backup)
    seen = {found.place for found in search([stage.canaries.control], places)}
    assert seen == set(places)
    kept = {found.place for found in search([stage.canaries.kept], places)}
    assert kept == {"tables, opened", "files, opened", "backup, opened"}


async def test_a_leak_fails_the_sweep(stage: Stage) -> None:
    """A canary in one column of one row, or in one line of a log, is reported with its place."""
    await stage.sync()
    await stage.plant_controls()
    stage.log.append(stage.canaries.never)
    with pytest.raises(AssertionError, match="log > log"):
        await stage.sweep(words=[stage.canaries.never])


async def test_a_blind_sweep_fails(stage: Stage) -> None:
    """Where the control is not found, the sweep says that it was blind instead of passing."""
    await stage.sync()
    with pytest.raises(AssertionError, match="blind"):
        await stage.sweep()
