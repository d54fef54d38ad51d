"""How fast words become plans, and names customers: benchmarks/questions.py [--short] [--customers N].

The project's own bank of questions (`tests/questions/`) is interpreted on one core against an account of so
many customers; names are looked up exactly, by their beginning, by a word, misspelt and not at all.
Times are of the processor, so that a busy machine makes no difference.
"""

import argparse
import gc
import random
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, as well as with -m

from bot.questions.grammar import interpret
from bot.questions.outcome import Understood
from bot.scoring import bank, world
from storage.metrics.plan import Plan
from storage.names import Named, NameIndex

QUESTIONS = Path(__file__).resolve().parent.parent / "tests" / "questions"
_FIRST = """Acme Blue Cedar Delta Echo Falcon Granite Harbor Iron Juniper Kinetic Lunar Maple Nova Onyx Pixel
    Quartz Raven Silver Tundra Urban Violet Willow Xenon Yellow Zephyr Bright Clever Golden Hidden"""
_SECOND = """Analytics Bakery Capital Dental Energy Foods Games Health Insurance Journeys Kitchens Labs Media
    Networks Outfitters Payroll Robotics Software Textiles Utilities Ventures Works Yachts Freight"""
_LAST = "Inc LLC GmbH Ltd Group Partners SAS BV Oy Collective"


def customers(count: int, seed: int = 7) -> Iterator[Named]:
    """So many customers with names of two or three words, most with a number of their own."""
    draw = random.Random(seed)
    first, second, last = _FIRST.split(), _SECOND.split(), _LAST.split()
    syllables = [a + b for a in "bcdfglmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "el", "or")]
    for number in range(count):
        coined = "".join(draw.choices(syllables, k=3)).capitalize()
        words = (coined, draw.choice(second)) if draw.random() < 0.7 else (draw.choice(first), coined)
        name = " ".join((*words, draw.choice(last)))
        domain = f"{words[0].lower()}{words[1].lower()}{number}.com"
        yield Named(number.to_bytes(16, "big"), (name,), (domain,), (f"billing@{domain}",))


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """(median, 99th percentile) in milliseconds."""
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2] * 1e3, ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1e3


def timed(call: Callable[[], object]) -> float:
    started = process_time()
    call()
    return process_time() - started


def slipped(name: str, draw: random.Random) -> str:
    """The name with two letters of its first word swapped."""
    at = draw.randrange(1, max(2, len(name.split(maxsplit=1)[0]) - 2))
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def lookups(index: NameIndex, names: Sequence[str]) -> Iterator[tuple[str, list[float]]]:
    draw = random.Random(11)
    chosen = draw.sample(list(names), min(400, len(names)))
    kinds = {
        "whole name": list(chosen),
        "beginning": [name.split()[0] for name in chosen],
        "first letters": [name[:5] for name in chosen],
        "one common word": [name.split()[1] for name in chosen],
        "misspelt": [slipped(name, draw) for name in chosen],
        "nobody": ["zzyzx " + name[::-1].replace(" ", "")[:9] for name in chosen],
    }
    for kind, asked in kinds.items():
        yield kind, [timed(lambda text=text: index.lookup(text)) for text in asked]  # type: ignore[misc]  # bound at once


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--customers", type=int, default=100_000)
    options.add_argument("--short", action="store_true", help="fewer customers, fewer rounds")
    given = options.parse_args()
    count = 20_000 if given.short else given.customers
    started = process_time()
    index = NameIndex(customers(count))
    built = process_time() - started
    out = [f"{count:,} customers: index of {_megabytes(count):.0f} MB, built in {built:.1f} s", ""]
    out.append(f"{'look-up':20}{'p50 ms':>10}{'p99 ms':>10}")
    for kind, seconds in lookups(index, [person.names[0] for person in customers(count)]):
        out.append("{:20}{:>10.2f}{:>10.2f}".format(kind, *percentiles(seconds)))
    out.extend(["", *_interpreted(index, rounds=1 if given.short else 3)])
    sys.stdout.write("\n".join(out) + "\n")


def _megabytes(count: int) -> float:
    """What an index of so many customers keeps in memory, their names included."""
    gc.collect()
    tracemalloc.start()
    index = NameIndex(customers(count))
    size = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    return size if index else 0.0


def _interpreted(index: NameIndex, rounds: int) -> Iterator[str]:
    asked = bank.read(QUESTIONS / "bank.jsonl")
    account = world.read(QUESTIONS / "world.json")
    vocabulary = replace(account.vocabulary, names=index)
    plans: dict[str, Plan] = {}

    def ask(one: bank.Asked) -> None:
        outcome = interpret(one.question, plans.get(one.follow_up_of or ""), vocabulary, account.now)
        if isinstance(outcome, Understood):
            plans[one.id] = outcome.plan

    for one in asked:
        ask(one)  # once warm
    seconds = [timed(lambda one=one: ask(one)) for _ in range(rounds) for one in asked]  # type: ignore[misc]  # bound at once
    p50, p99 = percentiles(seconds)
    rate = len(seconds) / sum(seconds)
    yield f"{'interpretation':20}{p50:>10.2f}{p99:>10.2f}   {rate:,.0f} questions a second on one core"


if __name__ == "__main__":
    main()
