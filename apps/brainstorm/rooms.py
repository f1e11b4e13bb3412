"""Which boards somebody has, which one they opened last, and the methods they made."""

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from apps.checks import one_line
from apps.revisions import Revisions
from shared.errors import BadRequest, NotFound
from shared.formats.brainstorm import METHODS
from shared.ids import new_id
from shared.texts import later, say

MAX_NAME = 60
MAX_METHOD = 200
MOST_ROOMS = 50
MOST_METHODS = 30
FIRST_ID = "first"
FIRST = later("My board")
"""As it is kept; a page says it in the language of the site."""


class Room(BaseModel):
    """One board in the list."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str

    @property
    def label(self) -> str:
        """What the page calls it; a name that a person gave stays what it is."""
        return say(FIRST) if (self.id, self.name) == (FIRST_ID, FIRST) else self.name


class Shelf(BaseModel):
    """What is kept of one owner."""

    model_config = ConfigDict(frozen=True)

    rooms: tuple[Room, ...] = (Room(id=FIRST_ID, name=FIRST),)
    current: str = FIRST_ID
    methods: dict[str, str] = {}
    """Name to what the model is told."""


class Rooms:
    """The lists of all owners."""

    def __init__(self, path: Path, *, keep_days: int) -> None:
        self._kept = Revisions(path, "boards", keep_days=keep_days)

    def sweep(self) -> None:
        """Forget what nobody has changed for long."""
        self._kept.sweep()

    def shelf(self, owner: str) -> Shelf:
        """Everything about one owner."""
        return _read(self._kept.latest(owner))

    def known(self, owner: str, room: str = "") -> str:
        """The id of a board; empty names the one that was opened last.

        Raises:
            NotFound: If the owner has no such board.
        """
        shelf = self.shelf(owner)
        if not room:
            return shelf.current
        _check(shelf, room)
        return room

    def methods(self, owner: str) -> dict[str, str]:
        """The methods that the owner made."""
        return self.shelf(owner).methods

    def open(self, owner: str, room: str) -> None:
        """Go over to another board; raises NotFound if there is none of that id."""

        def change(shelf: Shelf) -> Shelf:
            _check(shelf, room)
            return shelf.model_copy(update={"current": room})

        self._change(owner, change)

    def add(self, owner: str, name: str) -> Room:
        """Begin another board and go over to it.

        Raises:
            BadRequest: If the name is empty or too long, or there are many boards.
        """
        room = Room(id=new_id(), name=one_line(name, name=say("board's name"), most=MAX_NAME))

        def change(shelf: Shelf) -> Shelf:
            if len(shelf.rooms) >= MOST_ROOMS:
                raise BadRequest(say("You have many boards."), fix=say("Clear and use an old one."))
            return shelf.model_copy(update={"rooms": (*shelf.rooms, room), "current": room.id})

        self._change(owner, change)
        return room

    def add_method(self, owner: str, name: str, told: str) -> str:
        """Make a method, or make one of one's own anew; gives its name.

        Raises:
            BadRequest: If the name is taken or a text is outside its limits.
        """
        called = one_line(name, name=say("method's name"), most=MAX_NAME).casefold()
        if called in METHODS:
            raise BadRequest(
                say("There is a method {name} already.", name=called),
                fix=say("Take another name."),
            )
        what = one_line(told, name=say("method"), most=MAX_METHOD)

        def change(shelf: Shelf) -> Shelf:
            methods = {**shelf.methods, called: what}
            if len(methods) > MOST_METHODS:
                raise BadRequest(
                    say("You have many methods."), fix=say("Give one an old one's name.")
                )
            return shelf.model_copy(update={"methods": methods})

        self._change(owner, change)
        return called

    def _change(self, owner: str, change: Callable[[Shelf], Shelf]) -> None:
        self._kept.change(owner, lambda text: change(_read(text)).model_dump_json())


def _check(shelf: Shelf, room: str) -> None:
    if room not in {known.id for known in shelf.rooms}:
        raise NotFound(say("There is no such board."), fix=say("Reload the page."))


def _read(text: str) -> Shelf:
    return Shelf.model_validate_json(text) if text else Shelf()
