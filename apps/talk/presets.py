"""A person's own presets: settings with a system prompt, under a name, for one app.

They are also the library of system prompts: choosing one brings its prompt back.
"""

import hashlib
from pathlib import Path

from apps.checks import one_line
from apps.shelf import Shelf
from apps.talk.limits import Wishes, read_wishes
from shared.errors import BadRequest
from shared.texts import say

SCHEMA = """
CREATE TABLE IF NOT EXISTS preset (
    owner TEXT NOT NULL, app TEXT NOT NULL, name TEXT NOT NULL, wishes TEXT NOT NULL,
    PRIMARY KEY (owner, app, name)
)
"""
MOST = 50
NAME_CHARACTERS = 40


class PresetStore:
    """The presets of everybody in one app."""

    def __init__(self, path: Path, app: str, *, given: dict[str, Wishes]) -> None:
        """Open the file; `given` are the app's own presets, whose names are taken."""
        self._app = app
        self._given = given
        self._shelf = Shelf(path, SCHEMA)

    def all(self, owner: str) -> dict[str, Wishes]:
        """The app's presets and then this owner's, by name."""
        with self._shelf.work() as db:
            rows = db.execute(
                "SELECT name, wishes FROM preset WHERE owner = ? AND app = ? ORDER BY name",
                [_hashed(owner), self._app],
            ).fetchall()
        return {**self._given, **{row["name"]: read_wishes(row["wishes"]) for row in rows}}

    def save(self, owner: str, name: str, wishes: Wishes) -> str:
        """Keep settings under a name, in the place of those that had it; gives the name.

        Raises:
            BadRequest: If the name cannot be used, or there are too many presets.
        """
        tidy = one_line(name, name="name of the preset", most=NAME_CHARACTERS)
        if tidy in self._given:
            raise BadRequest(f"“{tidy}” is one of the app's presets.", fix="Choose another name.")
        known = self.all(owner)
        if tidy not in known and len(known) - len(self._given) >= MOST:
            raise BadRequest(f"There are {MOST} presets already.", fix="Remove one first.")
        with self._shelf.change() as db:
            db.execute(
                "INSERT OR REPLACE INTO preset (owner, app, name, wishes) VALUES (?, ?, ?, ?)",
                [_hashed(owner), self._app, tidy, wishes.to_json()],
            )
        return tidy

    def remove(self, owner: str, name: str) -> None:
        """Forget one of this owner's presets.

        Raises:
            BadRequest: If it is one of the app's.
        """
        if name in self._given:
            raise BadRequest(
                say("“{name}” is one of the app's presets.", name=name),
                fix=say("Only yours can go."),
            )
        with self._shelf.change() as db:
            db.execute(
                "DELETE FROM preset WHERE owner = ? AND app = ? AND name = ?",
                [_hashed(owner), self._app, name],
            )


def _hashed(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()
