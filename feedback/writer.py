"""One SQLite file, one writing connection, one thread that owns it.

Whoever wants something written hands over a function; the thread runs up to `BATCH` of them in one
transaction, so that many people share one fsync (WAL, synchronous=FULL). A function that raises is
undone alone, the others stay. A future is resolved only after the COMMIT that holds its work.

One writing connection per file is also what keeps clear of SQLite's WAL-reset bug (3.7.0-3.51.2).
The file must lie on a local disk.
"""

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from shared.errors import StoreError

BATCH = 256
BUSY_MS = 30_000
RESTORE = "Restore it from a backup, or move it away to start afresh."

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], Any]


@dataclass(frozen=True, slots=True)
class _Order:
    job: Job
    done: "Future[Any]" = field(default_factory=Future)
    alone: bool = False
    """Not part of a transaction."""


class Writer:
    """Writes to one SQLite file; safe from any thread."""

    def __init__(self, path: Path, ddl: str) -> None:
        """Open `path`, make its tables, and start the thread.

        Raises:
            StoreError: If the file cannot be opened.
        """
        self.path = path
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        connection = _connect(path, ddl)
        self._thread = threading.Thread(
            target=self._serve, args=(connection,), name=f"writer {path.name}", daemon=True
        )
        self._thread.start()

    def submit(self, job: Callable[[sqlite3.Connection], T]) -> "Future[T]":
        """Queue `job`; the future holds its result once it is on disk."""
        return self._queue(_Order(job))

    def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Wait until `job` is on disk.

        Raises:
            StoreError: If the file could not be written; nothing of the job remains then.
        """
        return self.submit(job).result()

    def checkpoint(self) -> None:
        """Empty the write-ahead log, so that what was deleted is nowhere on disk any more."""
        self._queue(_Order(_checkpoint, alone=True)).result()

    def close(self) -> None:
        """Finish what was queued and close the file."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._orders.put(None)
        self._thread.join()

    def _queue(self, order: _Order) -> "Future[Any]":
        with self._gate:
            if self._closed:
                raise StoreError(f"{self.path.name} has been closed.", fix="Start Inkloop again.")
            self._orders.put(order)
        return order.done

    def _serve(self, connection: sqlite3.Connection) -> None:
        with contextlib.closing(connection):
            while orders := self._next_orders():
                found = [order for order in orders if order is not None]
                self._write(connection, [order for order in found if not order.alone])
                for order in found:
                    if order.alone:
                        _run_alone(connection, self.path, order)
                if orders[-1] is None:
                    return

    def _next_orders(self) -> list[_Order | None]:
        """What waits now, up to the end mark; blocks for the first."""
        orders = [self._orders.get()]
        while orders[-1] is not None and len(orders) < BATCH:
            try:
                orders.append(self._orders.get_nowait())
            except queue.Empty:
                break
        return orders

    def _write(self, connection: sqlite3.Connection, orders: list[_Order]) -> None:
        results: list[tuple[_Order, Any, Exception | None]]
        if not orders:
            return
        try:
            connection.execute("BEGIN IMMEDIATE")
            results = [(order, *_attempt(connection, order.job)) for order in orders]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _roll_back(connection)
            refusal = _store_error(self.path, error)
            results = [(order, None, refusal) for order in orders]
        for order, value, problem in results:
            if problem is None:
                order.done.set_result(value)
            else:
                order.done.set_exception(problem)


def _attempt(connection: sqlite3.Connection, job: Job) -> tuple[Any, Exception | None]:
    connection.execute("SAVEPOINT job")
    try:
        value, problem = job(connection), None
    except sqlite3.OperationalError:
        raise  # the file itself is in trouble (disk full, I/O): the whole batch fails
    except Exception as error:  # noqa: BLE001 - it reaches the caller through the future
        connection.execute("ROLLBACK TO job")
        value, problem = None, error
    connection.execute("RELEASE job")
    return value, problem


def _checkpoint(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _run_alone(connection: sqlite3.Connection, path: Path, order: _Order) -> None:
    try:
        order.done.set_result(order.job(connection))
    except sqlite3.Error as error:
        order.done.set_exception(_store_error(path, error))


def _roll_back(connection: sqlite3.Connection) -> None:
    # After some errors (disk full) SQLite has rolled back by itself.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _connect(path: Path, ddl: str) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.executescript(ddl)
    except (OSError, sqlite3.Error) as error:
        raise _store_error(path, error) from error
    return connection


def _store_error(path: Path, error: Exception) -> StoreError:
    damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError
    )
    return StoreError(
        f"{path} cannot be written ({error}).",
        fix=RESTORE if damaged else "Check that the disk has room and that the folder is yours.",
    )


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can only read, and sees what was committed when it asks.

    Raises:
        StoreError: If the file is missing or is not a database.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            connection.row_factory = sqlite3.Row
            yield connection
    except sqlite3.Error as error:
        raise StoreError(
            f"{path} cannot be read ({error}).",
            fix=RESTORE,
        ) from error
