"""`inkloop flags`: what people said, deciding about it, and building a dataset version.

Everything works on the files in INKLOOP_HOME, with or without a running server.
"""

import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import click

from feedback import curated, erasure, reviewing, show
from feedback.answers import count_answers
from feedback.audit_commands import agreement, audit_flags
from feedback.curate import build
from feedback.dataset import DatasetVersion
from feedback.drafts import storable
from feedback.group_commands import list_groups
from feedback.hub_commands import pull_flags, push, status
from feedback.importing import import_flags
from feedback.ledger import Flag, Ledger, State
from feedback.publish_commands import publish
from feedback.records import App, Consent, Verdict
from feedback.repos import VERSIONS, Repos, wanted
from feedback.reviews import Ruling
from feedback.suspicion_commands import list_suspicions
from shared.errors import BadRequest
from shared.home import Home
from shared.settings import Settings


def _home() -> Home:
    return Home(Settings.load().home)


@click.group()
def flags() -> None:
    """What people said about answers: list, review, export as a dataset, push, pull, erase."""


flags.add_command(push)
flags.add_command(status)
flags.add_command(list_groups)
flags.add_command(list_suspicions)
flags.add_command(pull_flags)
flags.add_command(publish)
flags.add_command(audit_flags)
flags.add_command(agreement)


@flags.command("list")
@click.option("--state", type=click.Choice(get_args(State)))
@click.option("--app", type=click.Choice(get_args(App)))
@click.option("--verdict", type=click.Choice(get_args(Verdict)))
@click.option("--reason", help="A reason's key, such as incorrect.")
@show.AS_JSON
def list_flags(
    state: str | None, app: str | None, verdict: str | None, reason: str | None, as_json: bool
) -> None:
    """All flags, oldest first, with their whole ids."""
    wanted = {"state": state, "app": app, "verdict": verdict}
    rows = [(flag, show.as_dict(flag)) for flag in Ledger(_home()).flags()]
    kept = [
        (flag, row)
        for flag, row in rows
        if all(value is None or row[key] == value for key, value in wanted.items())
        and (reason is None or reason in row["reasons"])
    ]
    text = "\n".join(show.as_line(flag) for flag, _ in kept) or "No flags."
    show.tell([row for _, row in kept], text, as_json=as_json)


@flags.command()
@show.AS_JSON
def stats(as_json: bool) -> None:
    """How many flags, by state, app, verdict, reason and model."""
    home = _home()
    found = show.statistics(Ledger(home).flags(), answers=count_answers(home.history))
    lines = [
        f"{key.replace('_', ' '):<16} {_counts(value) if isinstance(value, dict) else value}"
        for key, value in found.items()
    ]
    show.tell(found, "\n".join(lines), as_json=as_json)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{show.printable(name)} {count}" for name, count in counts.items()) or "-"


def _ids(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        f"--{name}", multiple=True, metavar="ID…", help=f"{name.capitalize()} these flags."
    )


@flags.command()
@_ids("approve")
@_ids("reject")
@_ids("quarantine")
@click.argument("more", nargs=-1, metavar="")
@click.option("--approve-all", is_flag=True, help="Approve all that wait, but none about safety.")
@click.option(
    "--from",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Decide as a file of JSON lines says (flag_id, decision, note, correction).",
)
@click.option("--why", default="", help="Told to whoever sent the flag.")
@click.option("--by", default=getpass.getuser, help="Who decides; default: your user name.")
@show.AS_JSON
def review(  # noqa: PLR0913 - options of a command
    approve: tuple[str, ...],
    reject: tuple[str, ...],
    quarantine: tuple[str, ...],
    more: tuple[str, ...],
    approve_all: bool,
    file: Path | None,
    why: str,
    by: str,
    as_json: bool,
) -> None:
    """Decide about flags: by id, from a file, all at once, or one by one in a terminal."""
    home = _home()
    named: list[tuple[Ruling, tuple[str, ...]]] = [
        ("approve", approve),
        ("reject", reject),
        ("quarantine", quarantine),
    ]
    given = [(decision, ids) for decision, ids in named if ids]
    if more and len(given) != 1:
        raise BadRequest("It is not clear what to do with " + " ".join(more)[:80] + ".")
    still = 0
    if file is not None:
        done = reviewing.from_file(home, file, by=by)
    elif approve_all:
        done, still = reviewing.approve_all(home, by=by, why=why)
    elif given:
        wanted = reviewing.by_action([*given, (given[0][0], more)])
        done = reviewing.decide(home, wanted, by=by, why=why)
    else:
        _ask(home, by=by)
        return
    left = f" {still} about safety wait to be read." if still else ""
    more_eyes = reviewing.second_opinions(home, done)
    second = f" {more_eyes} wait for a second opinion." if more_eyes else ""
    rows = [row.model_dump(mode="json") for row in done]
    show.tell(rows, f"Decided about {show.count(len(done))}.{left}{second}", as_json=as_json)


def _ask(home: Home, *, by: str) -> None:
    waiting = reviewing.waiting(home, by=by)
    if not waiting:
        click.echo("No flag waits for a decision.")
        return
    if not sys.stdin.isatty():
        raise BadRequest(
            f"{len(waiting)} flags wait, and there is no terminal to ask.",
            fix="Use --approve ID, --reject ID, --approve-all or --from FILE.",
        )
    decided = reviewing.one_by_one(home, waiting, by=by)
    click.echo(f"Decided about {decided} of {show.count(len(waiting))}.")


@flags.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--consent-train", is_flag=True, help="Their authors agreed to training.")
@click.option("--consent-publish", is_flag=True, help="Their authors agreed to publication.")
@show.AS_JSON
def import_file(file: Path, consent_train: bool, consent_publish: bool, as_json: bool) -> None:
    """Take in the feedback that Open WebUI exported; it waits for review.

    Without a statement about consent it trains nothing and never leaves this machine.
    """
    consent = Consent(train=consent_train, publish=consent_publish)
    done = import_flags(_home(), file, consent)
    left = f" Left out: {_counts(done.left_out)}." if done.left_out else ""
    text = f"{show.count(done.flags)} from {file.name}, {done.added} of them new.{left}"
    show.tell(done.model_dump(mode="json"), text, as_json=as_json)


@flags.command()
@click.option("--push", "to_hub", is_flag=True, help="Push it to INKLOOP_DATASET_REPO, tagged.")
@click.option("--version", "name", help="Take this version instead of building one.")
@show.AS_JSON
def export(to_hub: bool, name: str | None, as_json: bool) -> None:
    """Build the dataset version of what is approved now; exit code 1 if nothing is."""
    settings = Settings.load()
    home = Home(settings.home)
    hub = wanted(Repos.of(settings).versions, VERSIONS, settings) if to_hub else None
    version = build(home) if name is None else _version(home, name)
    pushed = None if hub is None else curated.push(home, hub, version)
    card = version.card
    rows = {kind: note.rows for kind, note in card.files.items()}
    value = {
        "name": version.name,
        "path": str(version.path),
        "flags": len(card.flag_ids),
        "rows": rows,
        "left_out": card.left_out,
        "split": card.split.model_dump(),
        "notes": list(card.notes),
        "pushed": None if pushed is None else pushed.model_dump(mode="json"),
    }
    text = (
        f"Dataset version {version.name}: {show.count(len(card.flag_ids))}, "
        f"rows: {_counts({str(kind): count for kind, count in rows.items()})}."
    )
    left_out = f"\nLeft out: {_counts(card.left_out)}." if card.left_out else ""
    lines = [text + left_out, *card.notes]
    if pushed is not None:
        was = "Pushed to" if pushed.changed else "It is there already:"
        lines.append(f"{was} {pushed.repo}, tag {pushed.version}.")
    show.tell(value, "\n".join(lines), as_json=as_json)


def _version(home: Home, name: str) -> DatasetVersion:
    return DatasetVersion.load(home.datasets / Path(storable(name)).name)


@flags.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@click.option("--yes", is_flag=True, help="Do not ask.")
@show.AS_JSON
def erase(ids: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Erase flags and their answers for good, here and in every later dataset version."""
    settings = Settings.load()
    home = Home(settings.home)
    known: list[Flag] = [Ledger(home).get(flag_id) for flag_id in ids]
    if not yes and sys.stdin.isatty():
        click.confirm(f"Erase {show.count(len(known))} for good?", abort=True)
    done = erasure.erase(
        home,
        [flag.id for flag in known],
        by="operator",
        keep_days=settings.keep_days,
        repos=Repos.of(settings),
    )
    lines = [f"Erased {show.count(len(done.flag_ids))}."]
    if done.datasets:
        lines.append(f"Their rows were taken out of: {', '.join(done.datasets)}.")
    if done.runs or done.releases:
        learned = ", ".join([*done.runs, *done.releases])
        lines.append(f"These have learned from them, until the next training: {learned}.")
    if done.left_to_server:
        lines.append("A running server empties its own file within a minute.")
    if done.left_on_hub:
        lines.append(_left_on_hub(done))
    show.tell(done.model_dump(mode="json"), "\n".join(lines), as_json=as_json)


def _left_on_hub(done: erasure.Erased) -> str:
    why = f" ({done.hub_problem})" if done.hub_problem else ""
    return (
        f"Their rows are still in the dataset {', '.join(done.left_on_hub)} on the Hub{why}."
        " They go with the next push: a server's, or `inkloop flags push`, with INKLOOP_FLAGS_REPO,"
        " INKLOOP_DATASET_REPO or INKLOOP_PUBLISHED_REPO naming it."
    )
