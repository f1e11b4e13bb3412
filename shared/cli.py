"""The command `inkloop`: every room declares its sub-commands as entry points.

`inkloop --help` imports the rooms' light `commands` modules only; whatever is heavy is imported
inside a command. Expected failures end in one sentence and the exit code that the error names.
"""

import errno
import os
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from shared.errors import InkloopError

GROUP = "inkloop.commands"
INTERRUPTED = 130
MENDABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""A full disk or a folder that is somebody else's: nothing that a traceback would explain."""


class RoomCommands(click.Group):
    """A group whose commands are found by entry point and loaded when they are asked for."""

    def _points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=GROUP)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        del ctx
        return sorted(self._points())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command; None if no room declares it."""
        del ctx
        point = self._points().get(cmd_name)
        return None if point is None else point.load()


@click.group(cls=RoomCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="inkloop", prog_name="inkloop")
def inkloop() -> None:
    """Writing apps on a small local model that learns from what its users say about it."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(argv))


def run(argv: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 done, 1 a check or gate said no, 2 the user must change something, 130 interrupted.
    """
    # What people write and flag is for the person who runs Inkloop, not for every login here.
    os.umask(0o077)
    try:
        result: Any = inkloop.main(args=argv, prog_name="inkloop", standalone_mode=False)
    except InkloopError as error:
        click.echo(f"inkloop: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        click.echo("inkloop: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: nothing is wrong.
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        where = f": {error.filename}" if error.filename else ""
        click.echo(f"inkloop: {error.strerror}{where}. Make room, or set INKLOOP_HOME.", err=True)
        return 2
    return result if isinstance(result, int) else 0
