"""The benchmark measures what it says, on any server, and makes the models that it needs."""

import asyncio
import math
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from shared.bench import shape, soak
from shared.bench.client import Seen, Server, asked
from shared.bench.edits import LIGHT
from shared.bench.figures import longest_pause, percentile, summary
from shared.bench.loop import Choice, look_up, opened, some_tokens
from shared.bench.lora import make_adapter
from shared.bench.plot import picture
from shared.bench.report import aims, median, table
from shared.bench.run import Measured, measure
from shared.bench.scenarios import SCENARIOS
from shared.bench.tried import Row, words
from shared.bench.variants import file_type, requantised, with_fewer_words
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


def kept(_figures: Measured) -> None:
    """Nothing is done with it."""


async def test_servers_take_turns_and_answers_are_counted_as_the_server_counts(
    tmp_path: Path,
) -> None:
    async with fronted(ScriptedEngine([REPLY]), tmp_path) as url:
        targets = [Server("inkloop", url), Server("other", url.removesuffix("/v1"))]
        names = ["four", "second-turn", "overflow"]
        figures = await measure(targets, names, runs=2, window=512, keep=kept)
    for name in ("inkloop", "other"):
        assert len(figures[name]["four"]) == 2
        assert figures[name]["four"][0]["broken_answers"] == 0
        assert figures[name]["four"][0]["tokens_per_second"] > 0
        assert figures[name]["overflow"][1]["next_turn_over_read_again"] > 0


async def test_what_was_measured_is_kept_after_every_scenario(tmp_path: Path) -> None:
    runs: list[int] = []
    async with fronted(ScriptedEngine([REPLY]), tmp_path) as url:
        server = Server("inkloop", url)
        await measure(
            [server], ["one", "four"], runs=2, window=512,
            keep=lambda figures: runs.append(sum(map(len, figures["inkloop"].values()))),
        )  # fmt: skip
    assert runs == [1, 2, 3, 4]


async def test_who_has_had_enough_goes_away(tmp_path: Path) -> None:
    engine = ScriptedEngine([REPLY], hold=asyncio.Event(), hold_after=3)
    async with fronted(engine, tmp_path) as url:
        seen = await Server("inkloop", url).ask(asked(4), enough=2)
    assert len(seen.pieces) == 2
    assert not seen.error


async def test_a_server_that_is_not_there_is_one_sentence() -> None:
    nobody = Server("other", "http://127.0.0.1:9")
    with pytest.raises(EngineClosed, match="does not answer"):
        await measure([nobody], ["one"], runs=1, window=512, keep=kept)


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


def test_a_made_model_writes_what_can_be_shown_token_by_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shape.SHAPES, "tiny", shape.Shape(2, 256, 512, 4, 2, 64))
    model = Model.load(
        shape.make_model("tiny", tmp_path / "tiny.gguf", vocabulary=DEMO_GGUF, kind="q8_0")
    )
    context = Context(model, cells=256, sequences=1)
    batch = Batch()
    tokens = model.tokenize("Once upon a time", special=False)
    batch.add(0, tokens, 0, wanted_from=0)
    assert context.decode(batch) == 0
    for row in context.logits(len(tokens)):
        likely = [int(token) for token in row.argsort()[-40:]]
        assert all(model.piece(token).decode() for token in likely)
        assert not model.end_tokens.intersection(likely)
    context.free()
    model.free()


def test_an_unknown_shape_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"llama-3\.2-1b"):
        shape.make_model("llama-9", tmp_path / "x.gguf", vocabulary=DEMO_GGUF)


MB = 1_000_000


def soaked(*resident: int, broken: int = 0, running: int = 0) -> soak.Soak:
    """A soak that looked once a second and saw so many MB."""
    found = soak.Soak(left={"running": running, "queue_waiting": 0})
    found.samples = [soak.Sample(at, mb * MB, 9, 9, False) for at, mb in enumerate(resident)]
    found.outcomes["broken"] = broken
    return found


STEADY = [300, 380, *[400, 404, 398] * 20]


@pytest.mark.parametrize(
    ("found", "passed"),
    [
        (soaked(*STEADY), True),
        (soaked(*range(300, 420)), False),
        (soaked(*STEADY, broken=1), False),
        (soaked(*STEADY, running=1), False),
    ],
)
def test_a_soak_fails_where_memory_grows_or_anything_is_left(
    found: soak.Soak, passed: bool
) -> None:
    assert soak.judge(found).passed is passed


def test_drafts_are_what_followed_the_same_words_the_last_time() -> None:
    assert look_up([1, 2, 3, 9, 1, 2, 3, 7, 8, 1, 2, 3], gram=3, most=2) == [7, 8]
    assert look_up([1, 2, 3, 4], gram=3, most=2) == []


def test_drafts_save_steps_and_lose_no_token() -> None:
    with opened(Choice(path=DEMO_GGUF, threads=1)) as loop:
        prompt, answer = (loop.tokens(text) for text in LIGHT)
        loop.read(prompt)
        assert loop.follow(len(prompt), answer) == len(answer)
        loop.read(prompt)
        assert loop.follow_drafted(prompt, answer, gram=3, most=8) < len(answer)


def test_files_made_to_be_measured_compute(tmp_path: Path) -> None:
    fewer = with_fewer_words(DEMO_GGUF, tmp_path, share=0.25)
    smaller = requantised(DEMO_GGUF, tmp_path, "q4_0")
    sizes = []
    for path in (DEMO_GGUF, fewer, smaller):
        with opened(Choice(path=path, threads=1)) as loop:
            assert loop.write(loop.read(some_tokens(20, loop.vocab_size, 0)), 4) == 24
            sizes.append(loop.vocab_size)
    assert sizes[1] <= sizes[0] // 4
    assert sizes[2] == sizes[0]
    assert fewer.stat().st_size < DEMO_GGUF.stat().st_size
    assert file_type(smaller) == 2


def test_an_adapter_made_to_be_measured_fits_the_model(tmp_path: Path) -> None:
    from shared.llama.smoke import write_a_little

    write_a_little(DEMO_GGUF, make_adapter(DEMO_GGUF, tmp_path / "adapter.gguf", seed=1))


@pytest.mark.parametrize(
    ("ratios", "says"),
    [
        ({"reading": [1.2, 1.3], "writing": [1.0, 1.01]}, "pays here"),
        ({"reading": [0.6, 0.7], "writing": [1.2, 1.3]}, "not kept, because reading is slower"),
        ({"reading": [0.9, 1.3], "writing": [0.9, 1.3]}, "no difference"),
    ],
)
def test_what_was_tried_is_judged_by_its_whole_spread(
    ratios: dict[str, list[float]], says: str
) -> None:
    assert says in words(Row("something", "a price", ratios))
