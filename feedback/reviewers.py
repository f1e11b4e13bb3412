"""Who may review: names with a password each, of which only a salted hash is kept.

The password in the settings makes the first reviewer, `admin`; the others are added by the
command `inkloop reviewers`. Logging in is slowed down where people log in, not here. Passwords are
checked with scrypt, which takes a quarter of a second on purpose: ask from a thread.
"""

import hashlib
import hmac
import re
import secrets
import sqlite3
from datetime import datetime

from feedback.records import Record, now
from feedback.review_file import ReviewFile
from feedback.reviews import moment, stamp
from shared.errors import BadRequest, NotFound
from shared.home import Home

FIRST = "admin"
"""Whoever knows INKLOOP_ADMIN_PASSWORD."""
SHORTEST, LONGEST = 8, 1000
"""Characters of a password."""
# As OWASP's password storage cheat sheet has it: 16 MiB, five passes.
COST = {"n": 2**14, "r": 8, "p": 5}
_NAME = re.compile(r"[^\W_][\w.@-]{0,39}")


class Reviewer(Record):
    """Somebody who may review."""

    name: str
    added_at: datetime
    by_setting: bool
    """Made by INKLOOP_ADMIN_PASSWORD, and gone without it."""


class Reviewers:
    """The reviewers of one home."""

    def __init__(self, home: Home) -> None:
        self._file = ReviewFile(home)

    def add(self, name: str, password: str) -> None:
        """Let somebody review; for a name that is there already, change the password.

        Raises:
            BadRequest: If the name or the password cannot be used.
        """
        if not _NAME.fullmatch(name):
            raise BadRequest(
                f"{name[:60]!r} is not a name for a reviewer.",
                fix="Use up to 40 letters, digits, dots, hyphens or @.",
            )
        if name.casefold() == FIRST:
            raise BadRequest(
                f"“{FIRST}” is whoever knows INKLOOP_ADMIN_PASSWORD.", fix="Choose another name."
            )
        if not SHORTEST <= len(password) <= LONGEST:
            raise BadRequest(
                f"The password has {len(password)} characters.",
                fix=f"Use {SHORTEST} to {LONGEST:,}.",
            )
        self._put(name, password, by_setting=False)

    def remove(self, name: str) -> None:
        """Let somebody review no longer; what they decided stays.

        Raises:
            NotFound: If there is no such reviewer.
            BadRequest: If it is the one of the settings.
        """
        found = {one.name.casefold(): one for one in self.all()}.get(name.casefold())
        if found is None:
            raise NotFound(
                f"There is no reviewer {name[:60]!r}.", fix="`inkloop reviewers list` names them."
            )
        if found.by_setting:
            raise BadRequest(
                f"“{FIRST}” is made by a setting.", fix="Unset INKLOOP_ADMIN_PASSWORD."
            )
        self._delete(found.name)

    def set_first(self, password: str) -> None:
        """Let `admin` be whoever knows this password; with an empty one there is no `admin`."""
        there = any(one.by_setting for one in self.all())
        if password and not (there and self.check(FIRST, password)):
            self._put(FIRST, password, by_setting=True)
        elif there and not password:
            self._delete(FIRST)

    def all(self) -> list[Reviewer]:
        """Everybody who may review, by name."""
        with self._file.reading() as db:
            rows = db.execute("SELECT * FROM reviewer ORDER BY name").fetchall()
        return [
            Reviewer(
                name=row["name"],
                added_at=moment(row["added_at"]),
                by_setting=bool(row["by_setting"]),
            )
            for row in rows
        ]

    def names(self) -> list[str]:
        """The names alone."""
        return [one.name for one in self.all()]

    def check(self, name: str, password: str) -> str | None:
        """The reviewer's name as it was added, or None if name or password is wrong.

        An unknown name takes as long as a wrong password.
        """
        row = self._row(name.strip())
        known = _NOBODY if row is None else str(row["password"])
        right = _matches(password[: LONGEST + 1], known)
        return str(row["name"]) if right and row is not None else None

    def _row(self, name: str) -> sqlite3.Row | None:
        with self._file.reading() as db:
            found: sqlite3.Row | None = db.execute(
                "SELECT name, password FROM reviewer WHERE name=?",
                (name.encode("utf-8", "replace").decode(),),
            ).fetchone()
        return found

    def _put(self, name: str, password: str, *, by_setting: bool) -> None:
        values = (name, _hashed(password), stamp(now()), by_setting)
        with self._file.writing() as db:
            db.execute(
                "INSERT INTO reviewer(name,password,added_at,by_setting) VALUES(?,?,?,?)"
                " ON CONFLICT(name) DO UPDATE SET password=excluded.password",
                values,
            )

    def _delete(self, name: str) -> None:
        with self._file.writing() as db:
            db.execute("DELETE FROM reviewer WHERE name=?", (name,))


def _hashed(password: str) -> str:
    """Scheme, cost, salt and hash, so that the cost can be raised later."""
    salt = secrets.token_bytes(16)
    return "$".join(["scrypt", *map(str, COST.values()), salt.hex(), _scrypt(password, salt).hex()])


def _matches(password: str, known: str) -> bool:
    _scheme, n, r, p, salt, digest = known.split("$")
    cost = {"n": int(n), "r": int(r), "p": int(p)}
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt), cost), bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, cost: dict[str, int] = COST) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        data, salt=salt, n=cost["n"], r=cost["r"], p=cost["p"], maxmem=2**27, dklen=32
    )


_NOBODY = "$".join(["scrypt", *map(str, COST.values()), "00" * 16, "00" * 32])
