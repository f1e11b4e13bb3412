"""`inkloop bench`: what people wait for, here and on any OpenAI-compatible server."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.errors import BadRequest

if TYPE_CHECKING:
    from shared.bench.client import Target
    from shared.bench.figures import Figures
    from shared.bench.run import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is measured; the options of the command, by their names."""

    names: list[str]
    """Scenarios that any server can be put into."""
    own: list[str]
    """Those on servers started for them."""
    url: str
    model: str
    models: tuple[str, ...]
    against: str
    library: bool
    runs: int
    window: int
    key: str


def _listed(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


@click.group(invoke_without_command=True)
@click.option("--url", default="", help="A running Inkloop; without it one is started and stopped.")
@click.option("--model", default="", help="Model for the one that is started (as INKLOOP_MODEL).")
@click.option("--models", callback=_listed, default="", help="Several, a,b,c: side by side.")
@click.option("--against", default="", help="Address of another OpenAI-compatible server.")
@click.option("--library", is_flag=True, help="Also llama-cpp-python's own loop on that model.")
@click.option("--scenario", "chosen", multiple=True, help="Only this (may be repeated).")
@click.option("--runs", default=3, show_default=True, help="How often; servers take turns.")
@click.option("--window", default=4096, show_default=True, help="Tokens of one conversation.")
@click.option("--key", envvar="INKLOOP_API_KEY", default="", help="API key of --url.")
@click.option("--out", type=click.Path(path_type=Path), help="Write FILE.json, FILE.md, FILE.svg.")
@click.pass_context
def bench(
    context: click.Context,
    /,
    chosen: tuple[str, ...],
    out: Path | None,
    **given: Any,  # noqa: ANN401 - the other options, by name
) -> None:
    """Measure first tokens, pauses and tokens/s, side by side with --against.

    Run it while nothing else runs, and read the ratios: absolute figures belong to the machine.
    Scenarios: one, four, eight, sixteen (people at once), long-prompt (arrives while four read),
    second-turn, overflow (of the window), first-message (of an app), busy-neighbour (takes a
    core), hundred (waiting), cancel-storm; and without --url, each on a server of its own:
    mixed-adapters (two roles in use at once), swap (another model while four read).
    """
    if context.invoked_subcommand is not None:
        return
    plan = _plan(chosen, given)
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def keep(figures: "Measured") -> None:
        """An interrupted run leaves what it has measured until then."""
        if out is not None:
            _write(out.with_suffix(".json"), {"at": started, "figures": figures})

    figures, models = (_each_model if plan.models else _side_by_side)(plan, keep)
    _show(figures, models, started=started, window=plan.window, out=out)


@bench.command("model")
@click.argument("shape")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--vocabulary", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--template", type=click.Path(path_type=Path, exists=True), help="Chat template.")
@click.option("--kind", default="q4_k_m", show_default=True, help="How it is quantised.")
def make_model(
    shape: str, target: Path, vocabulary: Path, template: Path | None, kind: str
) -> None:
    """Write a GGUF with SHAPE's sizes and random weights, around a real vocabulary.

    Serving it costs what serving the real model costs. Shapes: llama-3.2-1b, llama-3.2-3b,
    llama-3.1-8b.
    """
    from shared.bench import shape as shapes

    chat = template.read_text(encoding="utf-8") if template else ""
    made = shapes.make_model(shape, target, vocabulary=vocabulary, template=chat, kind=kind)
    click.echo(f"{made}: {made.stat().st_size / 1e6:.0f} MB")


@bench.command("tried")
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--runs", default=3, show_default=True, help="How often; by turns.")
@click.option("--threads", default=0, help="That compute; one per core if not given.")
@click.option("--out", type=click.Path(path_type=Path), help="Write FILE.md.")
def tried(model: Path, runs: int, threads: int, out: Path | None) -> None:
    """What was tried to serve MODEL faster: each alternative against one default.

    Layouts and types of weights, types of the cache, batch sizes, flash attention, mmap and mlock,
    a smaller vocabulary, prompt-lookup drafts. Run it while nothing else runs: for a 1B about ten
    minutes on two cores, for the demo model one.
    """
    from shared.bench import tried as trying
    from shared.bench.report import machine

    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    about = {"at": started, "model": f"{model.name}, {model.stat().st_size / 1e6:.0f} MB"}
    about |= {key: str(value) for key, value in machine().items()}
    shown = trying.table(list(trying.tried(model, runs=runs, threads=threads)))
    click.echo(shown)
    if out is not None:
        heading = "".join(f"- {key}: {value}\n" for key, value in about.items())
        said = (
            f"Default: {trying.usual_words(threads)}. Speed of each alternative divided by the"
            " default's, in the library's own loop with one person:"
            f" {trying.PROMPT_TOKENS} tokens read, {trying.ANSWER_TOKENS} written. Median"
            f" (lowest–highest) of {runs} runs by turns; above 1 is faster.\n"
        )
        text = f"# What was tried, {started[:10]}\n\n{heading}\n{said}\n{shown}\n"
        out.with_suffix(".md").write_text(text, encoding="utf-8")


@bench.command("soak")
@click.option("--minutes", default=20.0, show_default=True, help="How long people come and go.")
@click.option("--model", default="", help="Model to serve (as INKLOOP_MODEL).")
@click.option("--window", default=4096, show_default=True, help="Tokens of one conversation.")
@click.option("--key", envvar="INKLOOP_API_KEY", default="", help="API key of the server.")
@click.option("--out", type=click.Path(path_type=Path), help="Write all samples to FILE.json.")
def soak(minutes: float, model: str, window: int, key: str, out: Path | None) -> None:
    """Random people who stop, hang up and come back, while models are swapped.

    Serves a model of its own, and prints its memory over time and what was left behind. Exit code 1
    where memory grew, a request stayed or an answer broke.
    """
    import asyncio

    from shared.bench import soak as soaking
    from shared.bench.own import Bed

    bed = Bed(model=_file_of(model), key=key, window=window)
    found = asyncio.run(soaking.soak(bed, minutes=minutes))
    verdict = soaking.judge(found)
    click.echo("\n".join(verdict.lines))
    if out is not None:
        record = {"lines": verdict.lines, "samples": [asdict(each) for each in found.samples]}
        out.with_suffix(".json").write_text(json.dumps(record) + "\n", encoding="utf-8")
    if not verdict.passed:
        raise click.exceptions.Exit(1)


def _plan(chosen: tuple[str, ...], given: dict[str, Any]) -> _Plan:
    from shared.bench.own import OWN
    from shared.bench.scenarios import SCENARIOS

    known = [*SCENARIOS, *(OWN if not given["url"] and not given["models"] else ())]
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise BadRequest(
            f"{unknown[0]} is not a scenario here.", fix=f"They are: {', '.join(known)}."
        )
    names = list(chosen) or known
    return _Plan(
        names=[name for name in names if name in SCENARIOS],
        own=[name for name in names if name in OWN],
        **given,
    )


Keep = Callable[["Measured"], None]


def _side_by_side(plan: _Plan, keep: Keep) -> tuple["Measured", dict[str, str]]:
    import asyncio

    from shared.bench.client import Server
    from shared.bench.run import measure
    from shared.bench.server import own_server

    if not plan.names:
        return {"inkloop": _on_own_servers(plan)}, {"inkloop": _file_of(plan.model).stem}
    with ExitStack() as stack:
        own = None
        if not plan.url:
            own = stack.enter_context(own_server(plan.model, _settings(plan.window)))
        targets: list[Target] = [Server("inkloop", own.url if own else plan.url, plan.key)]
        targets += [Server("other", plan.against)] if plan.against else []
        targets += [_library(plan)] if plan.library else []
        figures = asyncio.run(
            measure(targets, plan.names, runs=plan.runs, window=plan.window, keep=keep)
        )
        if own is not None:
            figures["inkloop"]["memory"] = [own.memory(_file_of(plan.model).stat().st_size)]
    figures["inkloop"] |= _on_own_servers(plan)
    return figures, {target.name: target.model for target in targets}


def _on_own_servers(plan: _Plan) -> dict[str, "list[Figures]"]:
    """After the others, because a small machine holds one server at a time."""
    import asyncio

    from shared.bench.own import OWN, Bed

    figures: dict[str, list[Figures]] = {name: [] for name in plan.own}
    for run in range(plan.runs if plan.own else 0):
        bed = Bed(model=_file_of(plan.model), key=plan.key, window=plan.window)
        for name in plan.own:
            click.echo(f"run {run + 1}/{plan.runs}  {name}  inkloop …", err=True)
            figures[name].append(asyncio.run(OWN[name](bed)))
    return figures


def _each_model(plan: _Plan, keep: Keep) -> tuple["Measured", dict[str, str]]:
    """One after the other, because a small machine holds one model at a time."""
    import asyncio

    from shared.bench.client import Server
    from shared.bench.run import measure
    from shared.bench.server import own_server

    figures: Measured = {}

    def keep_all(more: "Measured") -> None:
        keep(figures | more)

    for model in plan.models:
        with own_server(model, _settings(plan.window)) as own:
            name = Path(model).stem
            target = Server(name, own.url, plan.key)
            made = asyncio.run(
                measure([target], plan.names, runs=plan.runs, window=plan.window, keep=keep_all)
            )
            made[name]["memory"] = [own.memory(_file_of(model).stat().st_size)]
            figures |= made
    return figures, {name: name for name in figures}


def _settings(window: int) -> dict[str, str]:
    return {"INKLOOP_CONTEXT_TOKENS": str(window)}


def _file_of(model: str) -> Path:
    from shared.home import Home
    from shared.models.select import choose, named
    from shared.settings import Settings

    settings = Settings.load()
    home = Home(settings.home)
    path = (named(model, home) if model else choose(settings, home)).path
    if path is None:
        raise BadRequest(f"{model} is a server elsewhere.", fix="Name a model file.")
    return path


def _library(plan: _Plan) -> "Target":
    from shared.bench.library import Library

    return Library(_file_of(plan.model), window=plan.window)


def _show(
    figures: "Measured", models: dict[str, str], *, started: str, window: int, out: Path | None
) -> None:
    from shared.bench.plot import picture
    from shared.bench.report import aims, machine, table

    shown = "\n\n".join(part for part in (table(figures), aims(figures)) if part)
    click.echo(shown)
    if out is None:
        return
    about = {"at": started, "machine": machine(), "models": models, "window": window}
    heading = "".join(f"- {key}: {value}\n" for key, value in about.items())
    title = f"Inkloop bench, {started[:10]}"
    _write(out.with_suffix(".json"), {**about, "figures": figures})
    out.with_suffix(".md").write_text(
        f"# {title}\n\n{heading}\nMedian (lowest–highest) of all runs.\n\n{shown}\n",
        encoding="utf-8",
    )
    out.with_suffix(".svg").write_text(picture(figures, title), encoding="utf-8")
    click.echo(f"Figures: {out.with_suffix('.json')}, .md, .svg")


def _write(path: Path, record: dict[str, Any]) -> None:
    from shared.durable import replace_text

    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, json.dumps(record, indent=2) + "\n")
