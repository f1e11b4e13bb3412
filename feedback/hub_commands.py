"""`inkloop flags push` and `pull`: the raw dataset on the Hugging Face Hub.

A server pushes by itself; these commands are for machines without one, and for reviewing on another
machine than the one that serves.
"""

from pathlib import Path

import click

from feedback import show
from feedback.at_risk import at_risk
from feedback.outbox import Outbox, count_waiting, outbox_files
from feedback.pulling import Pulled, pull
from feedback.pusher import PushState, read_state
from feedback.repos import RAW, Repos, erase_built, wanted
from feedback.shipping import Shipped, ship
from shared.home import Home
from shared.settings import Settings

ERASED_ONLY = "No dataset is named for flags; the others hold nothing that was erased."


@click.command()
@show.AS_JSON
def push(as_json: bool) -> None:
    """Push flags with consent to the dataset in INKLOOP_FLAGS_REPO; a server does it by itself.

    What was erased leaves that dataset too, and those of INKLOOP_DATASET_REPO and
    INKLOOP_PUBLISHED_REPO.
    """
    settings = Settings.load()
    home, repos = Home(settings.home), Repos.of(settings)
    if not repos:
        wanted(repos.raw, RAW, settings)
    with Outbox.each_free(home.feedback) as boxes:
        free = {box.path for box in boxes}
        held = [path for path in outbox_files(home.feedback) if path not in free]
        # Erased flags may have to leave the dataset even where no file is free.
        shipped = Shipped() if repos.raw is None else ship(home, boxes, repos.raw)
    erase_built(home, repos)
    servers = [_Server(path) for path in held]
    value = {
        "repo": repos.raw.repo if repos.raw else "",
        **shipped.model_dump(mode="json"),
        "waiting": sum(count_waiting(path) for path in outbox_files(home.feedback)),
        "servers": [server.as_dict() for server in servers],
    }
    said = _said(shipped, repos.raw.repo) if repos.raw else ERASED_ONLY
    lines = [said, *(server.as_text() for server in servers)]
    show.tell(value, "\n".join(lines), as_json=as_json)


@click.command()
@show.AS_JSON
def status(as_json: bool) -> None:
    """Where flags are: what is on this machine alone, what waits to be pushed, how pushing goes."""
    settings = Settings.load()
    home = Home(settings.home)
    risk = at_risk(settings, home)
    servers = [_Server(path) for path in outbox_files(home.feedback) if read_state(path)]
    value = {
        **risk.model_dump(mode="json"),
        "text": risk.as_text(),
        "servers": [server.as_dict() for server in servers],
    }
    lines = [risk.as_text(), *(server.as_text() for server in servers)]
    show.tell(value, "\n".join(lines), as_json=as_json)


@click.command("pull")
@show.AS_JSON
def pull_flags(as_json: bool) -> None:
    """Bring the flags of the dataset in INKLOOP_FLAGS_REPO here, for review and export."""
    settings = Settings.load()
    done = pull(Home(settings.home), wanted(Repos.of(settings).raw, RAW, settings))
    show.tell(done.model_dump(mode="json"), _brought(done), as_json=as_json)


class _Server:
    """What a running server says about pushing."""

    def __init__(self, path: Path) -> None:
        self._state: PushState | None = read_state(path)
        self._waiting = count_waiting(path)

    def as_dict(self) -> dict[str, object]:
        known = {} if self._state is None else self._state.model_dump(mode="json")
        return {**known, "waiting": self._waiting}

    def as_text(self) -> str:
        state = self._state
        waits = f"{show.count(self._waiting)} {'waits' if self._waiting == 1 else 'wait'} there"
        if state is None:
            return (
                f"A running server holds its own flags; {waits}. It has not pushed any yet: it does"
                " so within a minute when it was started with INKLOOP_FLAGS_REPO."
            )
        last = "never" if state.pushed_at is None else f"{state.pushed_at:%Y-%m-%d %H:%M} UTC"
        trouble = f" Its last attempt failed: {state.problem}" if state.problem else ""
        return (
            f"A running server pushes its own flags to {state.repo}; {waits}, last pushed:"
            f" {last}.{trouble}"
        )


def _said(shipped: Shipped, repo: str) -> str:
    erased = f" {show.count(len(shipped.erased))} erased there." if shipped.erased else ""
    if not shipped.rows:
        return f"Nothing here waited to be pushed to {repo}.{erased}"
    rows = "1 row" if shipped.rows == 1 else f"{shipped.rows} rows"
    return f"Pushed {rows} to {repo}.{erased}"


def _brought(done: Pulled) -> str:
    new = f", {done.fetched} of them new" if done.fetched else ""
    lines = [f"{show.count(done.flags)} in {done.shards} shards are here{new}."]
    if done.erased:
        lines.append(f"{show.count(done.erased)} erased elsewhere went from here too.")
    if done.unreadable:
        lines.append(f"{done.unreadable} rows are not flags of this version of Inkloop.")
    return "\n".join(lines)
