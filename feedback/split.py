"""Which flags are kept from training, to measure whether it helped.

Whole people are held out, never single rows: what one person says resembles itself. A side is given
once and stays: whoever was trained on is never measured with later, and the other way round. While
there is one owner only, as on a laptop, conversations take the place of people. Callers without an
owner are split by conversation too. Near-duplicates go where the first of them went.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from feedback.review_file import ReviewFile
from feedback.selection import Item
from shared.home import Home

FEW_FLAGS = 400
HELD_OUT_WHILE_FEW = 0.25
HELD_OUT = 0.10

Sides = dict[str, bool]
"""Unit (`owner:…`, `talk:…`, `flag:…`) to whether it is held out."""


def held_out_share(flags: int) -> float:
    """How much is held out: a quarter until 400 flags, then a tenth."""
    return HELD_OUT_WHILE_FEW if flags < FEW_FLAGS else HELD_OUT


def held_out(home: Home, items: Sequence[Item]) -> frozenset[str]:
    """Ids of the flags to hold out; new people get their side now, for good."""
    with ReviewFile(home).writing() as db:
        known = {row["unit"]: bool(row["held_out"]) for row in db.execute("SELECT * FROM side")}
        sides = assign(items, known)
        db.executemany("INSERT OR IGNORE INTO side(unit,held_out) VALUES(?,?)", sides.items())
    return frozenset(item.id for item in items if sides[f"flag:{item.id}"])


def assign(items: Sequence[Item], known: Mapping[str, bool]) -> Sides:
    """Sides of all units and flags; the same input always gives the same sides."""
    units = _units(items, known)
    sides = dict(known)
    sizes = Counter(units)
    wanted = held_out_share(len(items)) * len(items)
    held = sum(size for unit, size in sizes.items() if known.get(unit))
    for unit in sorted(sizes.keys() - known.keys(), key=_shuffled):
        # Held out when that brings the total nearer to what is wanted.
        sides[unit] = held + sizes[unit] / 2 <= wanted
        held += sizes[unit] * sides[unit]
    return sides | _flag_sides(items, units, sides, known)


def _flag_sides(
    items: Sequence[Item], units: Sequence[str], sides: Sides, known: Mapping[str, bool]
) -> Sides:
    # Here, so that numpy stays out of `inkloop --help`.
    from feedback.duplicates import grouped

    found: Sides = {}
    leaders = grouped([item.words for item in items])
    by_cluster: dict[int, bool] = {}
    for place, item in enumerate(items):
        earlier = known.get(f"flag:{item.id}")
        if earlier is not None:
            by_cluster.setdefault(leaders[place], earlier)
    for place, item in enumerate(items):
        side = by_cluster.setdefault(leaders[place], sides[units[place]])
        found[f"flag:{item.id}"] = known.get(f"flag:{item.id}", side)
    return found


def _units(items: Sequence[Item], known: Mapping[str, bool]) -> list[str]:
    owners = {item.session for item in items}
    split = {unit.split("/")[0] for unit in known if unit.startswith("talk:")}
    alone = len(owners) == 1

    def unit(item: Item) -> str:
        owner = item.session
        by_talk = not owner or f"talk:{owner}" in split
        if by_talk or (alone and f"owner:{owner}" not in known):
            return f"talk:{owner}/{item.talk[:16]}"
        return f"owner:{owner}"

    return [unit(item) for item in items]


def _shuffled(unit: str) -> str:
    return hashlib.sha256(unit.encode()).hexdigest()
