"""The benchmark measures what it says, on any server, and makes the models that it needs."""

import asyncio
import math
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from shared.bench import shape
from shared.bench.client import Seen, Server, asked
from shared.bench.figures import longest_pause, percentile, summary
from shared.bench.plot import picture
from shared.bench.report import aims, median, table
from shared.bench.run import measure
from shared.bench.scenarios import SCENARIOS
from shared.commands.bench import bench
from shared.engine.scripted import ScriptedEngine
from shared.errors import BadRequest, EngineClosed
from shared.llama.binding import Model
from shared.llama.context import Batch, Context
from shared.models.demo import DEMO_GGUF
from tests.fronted import fronted

REPLY = "one two three four five six seven eight nine ten"


def test_percentiles_are_values_that_were_seen() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, share) for share in (0.0, 0.2, 0.5, 0.95, 1.0)] == [1, 1, 3, 5, 5]
    assert percentile([], 0.5) == 0


def test_an_answer_that_never_came_shows_as_infinite() -> None:
    seen = [Seen(pieces=[0.5, 0.7, 1.7], answer_tokens=3), Seen(error="gone")]
    figures = summary(seen, 2.0)
    assert figures["tokens_per_second"] == 1.5
    assert figures["first_token_p95_s"] == math.inf
    assert figures["pause_max_ms"] == pytest.approx(1000)
    assert figures["broken_answers"] == 1


def test_only_pauses_after_the_arrival_count() -> None:
    reader = Seen(pieces=[1.0, 4.0, 4.5, 6.0])
    assert longest_pause([reader], 4.2) == 1.5
    assert longest_pause([reader], 9.0) == 0


def test_no_two_prompts_begin_alike() -> None:
    first_words = {asked(3)[0]["content"].split()[0] for _ in range(50)}
    assert len(first_words) == 50


RUNS = {
    "inkloop": {"long-prompt": [{"longest_pause_of_readers_ms": ms} for ms in (300.0, 500, 400)]},
    "other": {"long-prompt": [{"longest_pause_of_readers_ms": ms} for ms in (8000.0, 7000, 9e3)]},
}


def test_the_table_shows_medians_spread_and_ratio() -> None:
    assert "| 400 (300–500) | 8000 (7000–9000) | 0.05 |" in table(RUNS)
    assert math.isnan(median(RUNS["inkloop"]["long-prompt"], "no such figure"))


def test_an_aim_is_reached_or_not_and_silent_where_nothing_was_measured() -> None:
    assert aims(RUNS).endswith("0.05 x other's (aim ≤ 0.1) – reached")
    swapped = {"inkloop": RUNS["other"], "other": RUNS["inkloop"]}
    assert aims(swapped).endswith("– NOT reached")
    assert aims({"inkloop": RUNS["inkloop"]}) == ""


def test_the_picture_is_svg_with_every_server_and_figure() -> None:
    drawn = ElementTree.fromstring(picture(RUNS, "Bench <1>"))
    words = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"inkloop", "other", "long-prompt: longest_pause_of_readers_ms"} <= set(words)


async def test_servers_take_turns_and_answers_are_counted_as_the_server_counts(
    tmp_path: Path,
) -> None:
    async with fronted(ScriptedEngine([REPLY]), tmp_path) as url:
        targets = [Server("inkloop", url), Server("other", url.removesuffix("/v1"))]
        figures = await measure(targets, ["four", "second-turn", "overflow"], runs=2, window=512)
    for name in ("inkloop", "other"):
        assert len(figures[name]["four"]) == 2
        assert figures[name]["four"][0]["broken_answers"] == 0
        assert figures[name]["four"][0]["tokens_per_second"] > 0
        assert figures[name]["overflow"][1]["next_turn_over_read_again"] > 0


async def test_who_has_had_enough_goes_away(tmp_path: Path) -> None:
    engine = ScriptedEngine([REPLY], hold=asyncio.Event(), hold_after=3)
    async with fronted(engine, tmp_path) as url:
        seen = await Server("inkloop", url).ask(asked(4), enough=2)
    assert len(seen.pieces) == 2
    assert not seen.error


async def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(EngineClosed, match="does not answer"):
        await measure([Server("other", "http://127.0.0.1:9")], ["one"], runs=1, window=512)


def test_a_mistyped_scenario_is_named() -> None:
    made = CliRunner().invoke(bench, ["--scenario", "elevenses"])
    assert isinstance(made.exception, BadRequest)
    assert set(SCENARIOS) <= set(str(made.exception).replace(",", "").replace(".", "").split())


def test_a_model_of_any_shape_computes_around_a_real_vocabulary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shape.SHAPES, "tiny", shape.Shape(2, 256, 512, 4, 2, 64))
    made = shape.make_model("tiny", tmp_path / "tiny.gguf", vocabulary=DEMO_GGUF)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.gguf"]
    model, known = Model.load(made), Model.load(DEMO_GGUF)
    assert model.template == known.template
    tokens = model.tokenize("Once upon a time", special=False)
    assert tokens == known.tokenize("Once upon a time", special=False)
    context = Context(model, cells=256, sequences=1)
    batch = Batch()
    batch.add(0, tokens, 0, wanted_from=len(tokens) - 1)
    assert context.decode(batch) == 0
    assert context.logits(1)[0].std() > 0
    context.free()
    model.free()
    known.free()


def test_an_unknown_shape_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"llama-3\.2-1b"):
        shape.make_model("llama-9", tmp_path / "x.gguf", vocabulary=DEMO_GGUF)
