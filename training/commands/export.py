"""`inkloop export`: a run, or a folder with a model, as GGUF files that were checked."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--kind", default="", help="File type: q4_k_m, q8_0, f16 …; else the recipe's,"
              " which is q4_k_m where it names none.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="Folder to make (of a model folder).")
@click.option("--name", default="", help="Name of the model (of a model folder).")
@click.option("--runs-dir", type=click.Path(path_type=Path), help="Where run folders lie.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def export(
    run: Path, kind: str, out: Path | None, name: str, runs_dir: Path | None, as_json: bool
) -> None:
    """Write RUN as a GGUF, merged, and its adapter as a GGUF of its own.

    RUN is a run's folder, its name, a recipe's name for the newest run of it, or a folder with a
    whole Llama (config.json, tokenizer, safetensors; q4_k_m unless --kind says otherwise). The
    files are compared with the model: token ids on hard strings, end of turn, template,
    log-probabilities and greedy texts. Nothing is left of an export that fails a check.
    """
    from training.export.build import Exported
    from training.export.make import Tell

    def tell(line: str) -> None:
        click.echo(line, err=as_json)

    def of_run() -> Exported:
        from shared.home import Home
        from shared.settings import Settings
        from training.export.build import export as build
        from training.find import find_run
        from training.recipe import load
        from training.run import find_base

        folder = find_run(run, runs_dir or Home(Settings.load().home).runs)
        recipe = load(folder.recipe)
        base = find_base(recipe.base, recipe.base_revision).folder
        return build(folder, base, recipe, (), tell, kind=kind)

    def of_folder(say: Tell) -> Exported:
        from training.export.build import carry_out
        from training.export.folder import order_for

        return carry_out(order_for(run, kind=kind, out=out, name=name), say)

    done = of_folder(tell) if (run / "config.json").is_file() else of_run()
    if as_json:
        click.echo(json.dumps({"folder": str(done.gguf.parent), **done.report}, indent=2))
        return
    click.echo(f"Model:   {done.gguf}")
    adapter = done.adapter or f"none, because of {done.report['no_adapter_because']}"
    click.echo(f"Adapter: {adapter}")
