"""One transaction on a file of SQLite that several processes write, one after the other."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from shared.errors import StoreError

LOCK_SECONDS: Final = 30

Connection = contextlib.AbstractContextManager[sqlite3.Connection]


@contextlib.contextmanager
def locked(
    path: Path, connection: Callable[[], Connection], *, busy: str, broken: str
) -> Iterator[sqlite3.Connection]:
    """A transaction: on disk when the block ends, undone when it raises.

    Args:
        path: The file; its folder is made where it is missing.
        connection: Opens it, in autocommit mode.
        busy: What to do where another process holds the file for long.
        broken: What to do where it cannot be written.

    Raises:
        StoreError: In either case.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(f"{path}.lock", timeout=LOCK_SECONDS), connection() as db:
            db.execute("BEGIN IMMEDIATE")
            with db:
                yield db
    except Timeout as error:
        raise StoreError(
            f"{path.name} has been locked for {LOCK_SECONDS} seconds.", fix=busy
        ) from error
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} cannot be written ({error}).", fix=broken) from error
