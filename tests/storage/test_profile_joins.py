"""The rules of joining, on invented customers of whom the truth is known and on whatever hypothesis makes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.profile_joins import ByHand, Ref, Sign, Token, join
from tests.storage.profile_company import invent, pairs


def test_joins_are_almost_always_right_and_seldom_missed() -> None:
    """Of 2,000 customers' records, at least 99.9% of the pairs joined are one customer, and at least 97% of
    the pairs that are one, and share anything, are joined."""
    company = invent(2_000)
    joined, _ = join(company.frozen())
    found, true = set(pairs(dict(joined))), set(pairs(company.connected()))
    precision, recall = len(found & true) / len(found), len(found & true) / len(true)
    assert precision >= 0.999, precision
    assert recall >= 0.97, recall


refs = st.tuples(st.integers(1, 3), st.sampled_from([b"a", b"b", b"c"]))
tokens = st.builds(Token, st.sampled_from(list(Sign)), st.sampled_from(["x", "y", "z"]))
carried = st.dictionaries(refs, st.frozensets(tokens, max_size=4), max_size=9)
by_hand = st.lists(st.builds(ByHand, refs, refs, st.booleans()), max_size=3)


@settings(max_examples=100)
@given(carried, by_hand, st.randoms())
def test_the_order_of_arrival_says_nothing(
    known: dict[Ref, frozenset[Token]], said: list[ByHand], chance: object
) -> None:
    """The same records in another order are the same profiles, each named after its smallest record."""
    shuffled = list(known.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    profiles, reasons = join(known, said)
    assert join(dict(shuffled), said[::-1]) == (profiles, reasons)
    members: dict[Ref, list[Ref]] = {}
    for ref, root in profiles.items():
        members.setdefault(root, []).append(ref)
    assert all(root == min(of_one) for root, of_one in members.items())


@settings(max_examples=100)
@given(carried, by_hand)
def test_who_was_parted_is_never_one(known: dict[Ref, frozenset[Token]], said: list[ByHand]) -> None:
    """Whatever records share, what people said apart stays apart."""
    profiles, _ = join(known, said)
    for one in said:
        if one.apart and one.one != one.other and {one.one, one.other} <= known.keys():
            assert profiles[one.one] != profiles[one.other]


@settings(max_examples=100)
@given(carried)
def test_domains_alone_never_join_two_records_of_a_source(known: dict[Ref, frozenset[Token]]) -> None:
    """Two records of one source that are one customer are so without any domain."""
    without = {ref: frozenset(t for t in of if t.sign is not Sign.DOMAIN) for ref, of in known.items()}
    profiles, _ = join(known)
    before, _ = join(without)
    for one in known:
        for other in known:
            if one[0] == other[0] and profiles[one] == profiles[other]:
                assert before[one] == before[other]


@settings(max_examples=80)
@given(carried)
def test_a_reason_is_given_for_every_join(known: dict[Ref, frozenset[Token]]) -> None:
    """The reasons alone, each joining whom it names, give the same profiles."""
    profiles, reasons = join(known)
    root = {ref: ref for ref in known}
    for reason in reasons:
        old = {root[ref] for ref in reason.refs}
        root = {ref: min(old) if of in old else of for ref, of in root.items()}
    assert root == profiles
