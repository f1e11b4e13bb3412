"""Whose flag it is: by the receipt, or by the browser it was sent from.

The receipt is the flag's id with a secret, of which only the hash is stored. It opens a flag from
anywhere; the browser's cookie only lists what was sent from there.
"""

import hashlib
from dataclasses import dataclass

from feedback.drafts import storable
from feedback.ledger import Flag, Ledger
from feedback.outbox import knows_receipt, read_rows
from feedback.records import owner_hash
from shared.errors import NotFound
from shared.home import Home
from shared.texts import say


@dataclass(frozen=True, slots=True)
class Reach:
    """What has been made with a flag, and so what erasing it touches or cannot touch."""

    revisions: int
    datasets: tuple[str, ...]
    runs: tuple[str, ...]
    releases: tuple[str, ...]


def secret_sha256(secret: str) -> str:
    """How a receipt's secret is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_receipt(home: Home, flag_id: str, receipt: str) -> None:
    """Let only the holder of the receipt pass.

    Raises:
        NotFound: If the secret is not this flag's, or there is no such flag.
    """
    if not knows_receipt(home.feedback, storable(flag_id), secret_sha256(receipt)):
        raise NotFound(
            say("There is no flag with this id and this receipt."),
            fix=say("Both were shown when the flag was sent."),
        )


def opened(home: Home, flag_id: str, receipt: str) -> Flag:
    """The whole flag, for whoever holds its receipt.

    Raises:
        NotFound: As `check_receipt`.
    """
    check_receipt(home, flag_id, receipt)
    return Ledger(home).get(flag_id)


def own_flags(home: Home, owner: str, *, most: int) -> list[Flag]:
    """What was sent with this cookie, newest first; nothing for a caller without one."""
    person = owner_hash(owner)
    if not person:
        return []
    rows = read_rows(home.feedback, where="f.owner=?", values=(person,))
    ledger = Ledger(home)
    newest = sorted({row.flag_id for row in rows}, reverse=True)[:most]
    return [ledger.get(flag_id) for flag_id in newest]


def reach(flag: Flag) -> Reach:
    """Where a flag has got to."""
    names = {
        stage: tuple(dict.fromkeys(mark.name for mark in flag.marks if mark.stage == stage))
        for stage in ("dataset", "run", "release")
    }
    return Reach(len(flag.rows), names["dataset"], names["run"], names["release"])
