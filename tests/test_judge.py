"""A judge with a bias that is known: what the harness reports of it, and what it takes out."""

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Request
from shared.errors import TrainingError
from shared.messages import Message
from training.judge.figures import agreement, trust, wins
from training.judge.judges import Verdict
from training.judge.page import beside_people
from training.judge.pairs import Pair, read_pairs
from training.judge.run import Judged, verdicts

TREES = Path(__file__).resolve().parents[2] / "shared/data/open-assistant/en_100_tree.jsonl"
needs_people = pytest.mark.skipif(not TREES.is_file(), reason=f"no verdicts of people in {TREES}")


def chance(*words: str) -> float:
    """Between 0 and 1, the same for the same words."""
    return int.from_bytes(hashlib.sha256("\0".join(words).encode()).digest()[:6]) / (1 << 48)


def shown(request: Request) -> tuple[str, str]:
    """The two answers as the judge sees them."""
    text = request.messages[-1].content
    first = text.split("[Answer A]\n", 1)[1].split("\n\n[Answer B]\n")[0]
    return first, text.split("\n\n[Answer B]\n")[1].rsplit("\n\nWhich answer", 1)[0]


def scripted(choose: Callable[[str, str], str]) -> ScriptedEngine:
    return ScriptedEngine(lambda request: choose(*shown(request)), abilities=frozenset({"chat"}))


def people_pairs() -> list[Pair]:
    """With texts that the scripted judge can find again."""
    kept = [pair for pair in read_pairs(TREES) if "[Answer" not in pair.a + pair.b]
    return [pair for pair in kept if pair.a.strip() and pair.b.strip()][:500]


def told_by_people(pairs: list[Pair], *, right: float) -> Callable[[str, str], str]:
    """Agrees with people with this probability; says the same in both orders."""
    better = {(p.a, p.b): p.people for p in pairs}

    def choose(first: str, second: str) -> str:
        forth = better.get((first, second))
        a, b = (first, second) if forth else (second, first)
        wanted = better[(a, b)]
        if chance("wrong", a, b) > right:
            wanted = "b" if wanted == "a" else "a"
        return "A" if (wanted == "a") == (first == a) else "B"

    return choose


def blind(share: float, sees: Callable[[str, str], str]) -> Callable[[str, str], str]:
    """Takes the first answer without reading on this share of looks."""

    def choose(first: str, second: str) -> str:
        return "A" if chance("blind", first, second) < share else sees(first, second)

    return choose


@needs_people
async def test_people_made_hundreds_of_pairs() -> None:
    pairs = read_pairs(TREES)
    assert len(pairs) > 700
    assert {pair.people for pair in pairs} == {"a", "b"}
    assert len({pair.group for pair in pairs}) > 50


@needs_people
async def test_a_fair_judge_is_reported_as_it_is() -> None:
    pairs = people_pairs()
    said = await verdicts(scripted(told_by_people(pairs, right=0.8)), pairs)
    found = agreement(said)
    assert found is not None
    assert trust(said).place_bias == 0
    assert trust(said).contradicts == 0
    assert found.decided == found.asked == len(pairs)
    assert found.share.low < 0.8 < found.share.high
    assert found.one_order == pytest.approx(found.share.mean)


@needs_people
async def test_a_bias_for_the_first_place_is_measured_and_taken_out() -> None:
    pairs = people_pairs()
    said = await verdicts(scripted(blind(0.4, told_by_people(pairs, right=0.9))), pairs)
    found, behaves = agreement(said), trust(said)
    assert found is not None
    assert behaves.place_bias == pytest.approx(0.4, abs=0.06)
    # One look: 0.6 x 0.9 + 0.4 x 0.5 = 0.74. Decided both ways, only a wrong reading is wrong.
    assert found.one_order == pytest.approx(0.74, abs=0.06)
    assert found.share.mean == pytest.approx(0.9, abs=0.05)
    assert found.decided < found.asked


@needs_people
async def test_a_judge_that_reads_nothing_never_decides() -> None:
    pairs = people_pairs()[:60]
    said = await verdicts(scripted(lambda *_: "A"), pairs)
    assert trust(said).place_bias == 1
    assert trust(said).contradicts == 1
    assert agreement(said) is None
    assert wins(said).share.mean == 0.5
    judged = Judged("deaf", with_people=(trust(said), None, len(said)))
    assert "cannot be used" in beside_people(judged)


def longer_pairs(count: int) -> list[Pair]:
    """The model's answers (a) are longer four times out of five."""
    made = []
    for at in range(count):
        longer = at % 5 != 0
        sizes = (30 + at % 40, 20) if longer else (20, 30 + at % 40)
        a, b = (" ".join([f"{side}{at}"] * size) for side, size in zip("ab", sizes, strict=True))
        made.append(Pair(str(at), (Message("user", "Why?"),), a, b))
    return made


async def test_a_bias_for_length_is_measured_and_taken_out() -> None:
    """The judge does not care what is said: at equal length each side wins half."""

    def choose(first: str, second: str) -> str:
        more = math.tanh((len(first.split()) - len(second.split())) / 30)
        both = sorted((first, second))
        heads = chance(*both)  # one coin for both orders
        likelier = 1 / (1 + math.exp(-2.5 * (more if first == both[0] else -more)))
        return "A" if (heads < likelier) == (first == both[0]) else "B"

    said = await verdicts(scripted(choose), longer_pairs(600))
    found = wins(said)
    assert found.share.mean > 0.65
    assert found.at_equal_length == pytest.approx(0.5, abs=0.08)
    assert trust(said).length_pull > 1
    assert trust(said).place_bias == 0


async def test_a_fair_judge_is_left_alone_by_the_correction_for_length() -> None:
    def choose(first: str, second: str) -> str:
        a, _ = (first, second) if first.startswith("a") else (second, first)
        wanted = chance("a wins", a) < 0.7
        return "A" if wanted == (first == a) else "B"

    said = await verdicts(scripted(choose), longer_pairs(600))
    assert wins(said).share.mean == pytest.approx(0.7, abs=0.05)
    assert wins(said).at_equal_length == pytest.approx(0.7, abs=0.07)


@pytest.mark.parametrize("said", ["I cannot choose.", "", "Both are bad"])
async def test_what_is_no_verdict_is_a_tie(said: str) -> None:
    (verdict,) = await verdicts(ScriptedEngine([said or "…"]), longer_pairs(1))
    assert verdict.winner == "tie"


def test_a_tie_is_half_a_win() -> None:
    pair = longer_pairs(1)[0]
    assert Verdict(pair, "first", "second").points == 1
    assert Verdict(pair, "second", "first").points == 0
    assert Verdict(pair, "first", "first").points == 0.5


def test_pairs_of_ones_own_are_read_and_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    row = {"prompt": "Why?", "a": "So.", "b": "No.", "people": "b"}
    path.write_text(json.dumps(row) + "\n")
    (pair,) = read_pairs(path)
    assert (pair.a, pair.people) == ("So.", "b")
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, "people": "c"}) + "\n")
    with pytest.raises(TrainingError, match="Line 2"):
        read_pairs(path)
