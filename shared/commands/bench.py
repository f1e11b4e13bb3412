"""`inkloop bench`: what people wait for, here and on any OpenAI-compatible server."""

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.errors import BadRequest

if TYPE_CHECKING:
    from shared.bench.client import Target
    from shared.bench.figures import Figures

Measured = dict[str, dict[str, "list[Figures]"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is measured; the options of the command, by their names."""

    names: list[str]
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
    core), hundred (waiting), cancel-storm.
    """
    if context.invoked_subcommand is not None:
        return
    from shared.bench.scenarios import SCENARIOS

    unknown = [name for name in chosen if name not in SCENARIOS]
    if unknown:
        raise BadRequest(
            f"{unknown[0]} is not a scenario.", fix=f"They are: {', '.join(SCENARIOS)}."
        )
    plan = _Plan(names=list(chosen) or list(SCENARIOS), **given)
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    figures, models = (_each_model if plan.models else _side_by_side)(plan)
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


def _side_by_side(plan: _Plan) -> tuple[Measured, dict[str, str]]:
    import asyncio

    from shared.bench.client import Server
    from shared.bench.run import measure
    from shared.bench.server import own_server

    with ExitStack() as stack:
        own = None
        if not plan.url:
            own = stack.enter_context(own_server(plan.model, _settings(plan.window)))
        targets: list[Target] = [Server("inkloop", own.url if own else plan.url, plan.key)]
        targets += [Server("other", plan.against)] if plan.against else []
        targets += [_library(plan)] if plan.library else []
        figures = asyncio.run(measure(targets, plan.names, runs=plan.runs, window=plan.window))
        if own is not None:
            figures["inkloop"]["memory"] = [own.memory(_file_of(plan.model).stat().st_size)]
        return figures, {target.name: target.model for target in targets}


def _each_model(plan: _Plan) -> tuple[Measured, dict[str, str]]:
    """One after the other, because a small machine holds one model at a time."""
    import asyncio

    from shared.bench.client import Server
    from shared.bench.run import measure
    from shared.bench.server import own_server

    figures: Measured = {}
    for model in plan.models:
        with own_server(model, _settings(plan.window)) as own:
            name = Path(model).stem
            target = Server(name, own.url, plan.key)
            made = asyncio.run(measure([target], plan.names, runs=plan.runs, window=plan.window))
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
    figures: Measured, models: dict[str, str], *, started: str, window: int, out: Path | None
) -> None:
    from shared.bench.plot import picture
    from shared.bench.report import aims, machine, table

    shown = "\n\n".join(part for part in (table(figures), aims(figures)) if part)
    click.echo(shown)
    if out is None:
        return
    about = {"at": started, "machine": machine(), "models": models, "window": window}
    record = json.dumps({**about, "figures": figures}, indent=2) + "\n"
    heading = "".join(f"- {key}: {value}\n" for key, value in about.items())
    title = f"Inkloop bench, {started[:10]}"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".json").write_text(record, encoding="utf-8")
    out.with_suffix(".md").write_text(
        f"# {title}\n\n{heading}\nMedian (lowest–highest) of all runs.\n\n{shown}\n",
        encoding="utf-8",
    )
    out.with_suffix(".svg").write_text(picture(figures, title), encoding="utf-8")
    click.echo(f"Figures: {out.with_suffix('.json')}, .md, .svg")
