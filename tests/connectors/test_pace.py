"""How requests are spread over time."""

import asyncio

import pytest

from connectors.pace import Bucket, Pace, Rate


def test_a_bucket_lets_a_burst_go_and_then_one_at_a_time() -> None:
    """Ten at once after a pause, then one every tenth of a second."""
    bucket = Bucket(10, burst=10)
    delays = [bucket.reserve(100.0) for _ in range(13)]
    assert delays == pytest.approx([0.0] * 10 + [0.1, 0.2, 0.3])


def test_a_bucket_never_exceeds_its_rate() -> None:
    """Over any second, no more turns than the rate and the burst."""
    bucket = Bucket(95, burst=10)
    turns = [now + bucket.reserve(now) for now in (step / 1000 for step in range(0, 5000, 2))]
    for start in range(5):
        assert sum(start <= turn < start + 1 for turn in turns) <= 95 + 10


def test_a_hold_stops_the_turns_and_the_burst() -> None:
    """After a hold, the first turn comes at its end and the next one interval later."""
    bucket = Bucket(10, burst=5)
    bucket.hold(103.0)
    assert [bucket.reserve(100.0) for _ in range(2)] == pytest.approx([3.0, 3.1])


async def test_places_are_bounded() -> None:
    """No more requests run at a time than the rate says."""
    pace = Pace(Rate(per_second=None, once_limited=10, concurrency=3))
    running, most = 0, 0

    async def request() -> None:
        nonlocal running, most
        async with pace.turn("/v1/things"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(request() for _ in range(20)))
    assert most == 3


def test_an_endpoints_limit_is_kept_from_its_first_429(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 429 that names the endpoint slows that path alone; one that does not slows none apart."""
    pace = Pace(
        Rate(
            per_second=1000,
            once_limited=1000,
            per_endpoint=20,
            endpoint_header="Reason",
            endpoint_value="endpoint-",
        )
    )
    pace.limited("/a", {"Reason": "global-rate"}, None)
    assert not pace._endpoints
    pace.limited("/a", {"Reason": "endpoint-rate"}, None)
    assert list(pace._endpoints) == ["/a"]
