"""Sealing and blind indexes: what opens, what never opens, and what equals what."""

import base64
import hmac
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from storage.keys.source_keys import KeyDestroyed, KeysExpired, SourceKeys, Tampered, VaultError
from storage.normalise import Field
from tests.storage.keys.some_keys import FIRST, FOREVER, PLACE, SECOND, Clock, some_keys

KEYS = some_keys()
NAMES = st.text(max_size=12)


def _same(account_id: int, source_id: int, epoch: int = 1, **more: Any) -> SourceKeys:
    """Key objects of different places that hold the very same bytes."""
    return SourceKeys(
        account_id, source_id, ids=FIRST, epochs={epoch: SECOND}, epoch=epoch, until=FOREVER, **more
    )


@given(st.binary(max_size=300), NAMES, st.binary(max_size=20), NAMES)
def test_what_is_sealed_opens_in_its_place(text: bytes, table: str, row_id: bytes, column: str) -> None:
    """Every value comes back unchanged, and takes 33 bytes more than it has."""
    sealed = KEYS.seal(table=table, row_id=row_id, column=column, plaintext=text)
    assert len(sealed) == len(text) + 33
    assert KEYS.open(table=table, row_id=row_id, column=column, sealed=sealed) == text


@given(NAMES, st.binary(max_size=20), NAMES, NAMES, st.binary(max_size=20), NAMES)
def test_a_value_opens_nowhere_else(
    table: str, row_id: bytes, column: str, table2: str, row_id2: bytes, column2: str
) -> None:
    """Moved to any other table, row or column it stays shut, however the names may run together."""
    if (table, row_id, column) == (table2, row_id2, column2):
        return
    sealed = KEYS.seal(table=table, row_id=row_id, column=column, plaintext=b"x")
    with pytest.raises(Tampered):
        KEYS.open(table=table2, row_id=row_id2, column=column2, sealed=sealed)


@pytest.mark.parametrize("change", [{"table": "contact"}, {"row_id": b"s" * 16}, {"column": "note"}])
def test_each_part_of_the_place_is_bound(change: dict[str, Any]) -> None:
    """Another table, another row, another column: each alone keeps the value shut."""
    sealed = KEYS.seal(**PLACE, plaintext=b"Ada")
    with pytest.raises(Tampered):
        KEYS.open(**PLACE | change, sealed=sealed)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (("ab", "c", b"r"), ("a", "bc", b"r")),
        (("a", "bc", b"r"), ("a", "b", b"cr")),
        (("a", "", b"b"), ("", "a", b"b")),
    ],
)
def test_names_that_run_together_are_told_apart(
    here: tuple[str, str, bytes], there: tuple[str, str, bytes]
) -> None:
    """Table, column and row are bound each by itself, not as one string."""
    table, column, row_id = here
    sealed = KEYS.seal(table=table, column=column, row_id=row_id, plaintext=b"x")
    table, column, row_id = there
    with pytest.raises(Tampered):
        KEYS.open(table=table, column=column, row_id=row_id, sealed=sealed)


@pytest.mark.parametrize(("account_id", "source_id"), [(2, 1), (1, 2), (2, 2), (1, 0)])
def test_account_and_source_are_bound(account_id: int, source_id: int) -> None:
    """Even with the same key bytes a value of one account or source does not open in another."""
    sealed = _same(1, 1).seal(**PLACE, plaintext=b"Ada")
    with pytest.raises(Tampered):
        _same(account_id, source_id).open(**PLACE, sealed=sealed)


def test_the_epoch_is_bound() -> None:
    """A value whose epoch is rewritten does not open, though the other epoch has the same key bytes."""
    keys = SourceKeys(1, 1, ids=FIRST, epochs={1: SECOND, 2: SECOND}, epoch=1, until=FOREVER)
    sealed = keys.seal(**PLACE, plaintext=b"Ada")
    with pytest.raises(Tampered):
        keys.open(**PLACE, sealed=sealed[:1] + (2).to_bytes(4, "big") + sealed[5:])


@given(st.data())
def test_no_altered_byte_opens(data: st.DataObject) -> None:
    """Any change of any byte, and any cut, is noticed."""
    sealed = KEYS.seal(**PLACE, plaintext=b"Ada Lovelace")
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.integers(1, 255))
    for altered in (sealed[:at] + bytes([sealed[at] ^ other]) + sealed[at + 1 :], sealed[:at]):
        with pytest.raises(Tampered):
            KEYS.open(**PLACE, sealed=altered)


def test_plaintext_is_never_taken_for_sealed() -> None:
    """There is no way back to values in clear."""
    for text in (b"", b"Ada", b"\x01" + b"Ada" * 20, b"\x00" * 60):
        with pytest.raises(Tampered):
            KEYS.open(**PLACE, sealed=text)


def test_a_destroyed_epoch_is_told_from_tampering() -> None:
    """What an epoch sealed whose key is gone raises KeyDestroyed; an epoch that never was, Tampered."""
    both = some_keys(epochs=(1, 2))
    old = SourceKeys(1, 1, ids=FIRST, epochs={1: SECOND}, epoch=1, until=FOREVER)
    sealed = old.seal(**PLACE, plaintext=b"Ada")
    without = SourceKeys(1, 1, ids=FIRST, epochs={2: FIRST}, epoch=2, until=FOREVER, destroyed=[1])
    with pytest.raises(KeyDestroyed):
        without.open(**PLACE, sealed=sealed)
    with pytest.raises(Tampered):
        without.open(**PLACE, sealed=sealed[:1] + (3).to_bytes(4, "big") + sealed[5:])
    assert both.epoch_of(both.seal(**PLACE, plaintext=b"")) == 2


def test_keys_held_too_long_do_nothing() -> None:
    """Past their time keys refuse all work: they may have been destroyed meanwhile."""
    clock = Clock()
    keys = SourceKeys(1, 1, ids=FIRST, epochs={1: SECOND}, epoch=1, until=clock.now + 60, clock=clock)
    sealed = keys.seal(**PLACE, plaintext=b"Ada")
    clock.now += 60
    for use in (
        lambda: keys.seal(**PLACE, plaintext=b""),
        lambda: keys.open(**PLACE, sealed=sealed),
        lambda: keys.open_many(table="customer", column="sealed", rows=[]),
        lambda: keys.record_id("customer", "cus_1"),
        lambda: keys.blind("email", "a@acme.com"),
        lambda: keys.blind_all("email", "a@acme.com"),
    ):
        with pytest.raises(KeysExpired):
            use()


def test_many_open_in_order() -> None:
    """`open_many` gives the texts of a column in the order of its rows, and stops at a bad one."""
    rows = [
        (bytes([n]), KEYS.seal(table="t", row_id=bytes([n]), column="c", plaintext=bytes([n, n])))
        for n in range(5)
    ]
    assert KEYS.open_many(table="t", column="c", rows=rows) == [bytes([n, n]) for n in range(5)]
    with pytest.raises(Tampered):
        KEYS.open_many(table="t", column="c", rows=[*rows, (b"x", rows[0][1])])


def test_one_text_is_never_sealed_alike_twice() -> None:
    """Nonces are random: equal texts give different bytes."""
    assert len({KEYS.seal(**PLACE, plaintext=b"Ada") for _ in range(1000)}) == 1000


@given(st.text(max_size=200))
def test_a_record_id_is_an_hmac(vendor_id: str) -> None:
    """It is HMAC-SHA-256 under the sub-key for ids, as anyone else would compute it, cut to 16 bytes."""
    keys = SourceKeys(1, 1, ids=FIRST, epochs={1: SECOND}, epoch=1, until=FOREVER)
    sub_key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"chewbotta/1/ids").derive(FIRST)
    whole = hmac.digest(sub_key, f"invoice:{vendor_id}".encode("utf-8", "surrogatepass"), "sha256")
    assert keys.record_id("invoice", vendor_id) == whole[:16]


def test_record_ids_are_of_their_source_and_kind() -> None:
    """An id is 16 bytes, the same in every epoch, and another in another source or for another kind."""
    keys = SourceKeys(1, 1, ids=FIRST, epochs={1: SECOND}, epoch=1, until=FOREVER)
    later = SourceKeys(1, 1, ids=FIRST, epochs={2: FIRST}, epoch=2, until=FOREVER)
    one = keys.record_id("customer", "cus_1")
    assert len(one) == 16
    assert one == later.record_id("customer", "cus_1")
    assert len({one, keys.record_id("invoice", "cus_1"), some_keys().record_id("customer", "cus_1")}) == 3
    with pytest.raises(ValueError, match="colon"):
        keys.record_id("customer:x", "cus_1")


def test_look_up_keys_meet_over_spellings_but_not_over_fields_or_sources() -> None:
    """Equal values by their normal form give equal keys; another field, source or epoch another one."""
    assert KEYS.blind("email", "Ada@Acme.com ") == KEYS.blind(Field.EMAIL, "ada@acme.com")
    other_epoch = SourceKeys(1, 1, ids=FIRST, epochs={1: FIRST, 2: SECOND}, epoch=2, until=FOREVER)
    found = {
        KEYS.blind("name", "acme.com"),
        KEYS.blind("domain", "acme.com"),
        some_keys().blind("domain", "acme.com"),
        *other_epoch.blind_all("domain", "acme.com"),
    }
    assert len(found) == 5
    assert other_epoch.blind("domain", "acme.com") in other_epoch.blind_all("domain", "acme.com")
    assert all(len(key) == 16 for key in found if key)


def test_nothing_to_look_up_has_no_key() -> None:
    """Missing values and public mail domains get no index, so that equality cannot leak."""
    assert KEYS.blind("email", None) is None
    assert KEYS.blind("domain", "ada@gmail.com") is None
    assert KEYS.blind_all("domain", "ada@gmail.com") == []


def test_broken_text_has_a_key_too() -> None:
    """Half a character, as broken sources send it, is no reason to fail."""
    assert len(KEYS.record_id("customer", "\ud800")) == 16
    assert KEYS.blind("external_id", "\ud800") is not None


def test_sub_keys_differ_by_purpose() -> None:
    """One data key for everything would let one use betray another: the same input gives other bytes."""
    keys = SourceKeys(1, 1, ids=FIRST, epochs={1: FIRST}, epoch=1, until=FOREVER)
    assert keys.record_id("x", "y") not in {keys.blind(field, "x:y") for field in ("name", "external_id")}


def test_keys_show_nothing_and_stay_in_their_process() -> None:
    """No key material in a repr or an error, and no pickling."""
    keys = SourceKeys(1, 1, ids=FIRST, epochs={1: SECOND}, epoch=1, until=FOREVER)
    with pytest.raises(VaultError) as refused:
        keys.open(**PLACE, sealed=b"Ada Lovelace" * 9)
    shown = repr(keys) + repr(refused.value) + str(refused.value)
    assert "Ada" not in shown
    for key in (FIRST, SECOND):
        for form in (key.hex(), base64.b64encode(key).decode(), repr(key)[2:-1]):
            assert form not in shown
    with pytest.raises(TypeError, match="fetch"):
        pickle.dumps(keys)
