"""What a board is: cards in an order, each knowing which cards it came from.

A board never changes; every step makes the next one, which is what undo goes back by. Steps name
cards by id and are taken on the newest board, so that two tabs on one board lose nothing.
"""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from apps.brainstorm.rubric import MAX_CRITERIA, Mark, merit
from apps.checks import MAX_LINE, one_line, storable
from shared.errors import BadRequest, NotFound
from shared.formats.brainstorm import RUBRIC, SCALE, Idea, Scale
from shared.ids import new_id
from shared.texts import say

MAX_CARDS = 300
MAX_BODY = 2_000
"""Longest text of a card, in characters."""
MAX_TAG = 30
MAX_TAGS = 8
MAX_VERSIONS = 10
"""Earlier texts of a card that are kept."""
MAX_MERGED = 8
MAX_CRITERION = 60
State = Literal["new", "promising", "doing", "dropped"]
STATES: tuple[State, ...] = get_args(State)

__all__ = ["MAX_CRITERIA", "MAX_CRITERION", "Board", "Card", "Comparison", "Origin", "Version"]


class Origin(BaseModel):
    """A card that another came from; the title outlives that card."""

    model_config = ConfigDict(frozen=True)

    id: str
    title: str


class Version(BaseModel):
    """What stood on a card before it was edited."""

    model_config = ConfigDict(frozen=True)

    title: str
    body: str


class Comparison(BaseModel):
    """Which of two cards was better; an empty winner is a tie."""

    model_config = ConfigDict(frozen=True)

    one: str
    other: str
    winner: str = ""
    reason: str = ""


class Card(BaseModel):
    """One idea."""

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    body: str
    answer_id: str = ""
    """Of the answer that wrote it; empty for a card of one's own."""
    origin_id: str = ""
    origin_title: str = ""
    """The card that it was refined from; the title outlives that card."""
    merged: tuple[Origin, ...] = ()
    """The cards that were put together in it."""
    scores: tuple[Mark, ...] = ()
    scores_answer_id: str = ""
    tags: tuple[str, ...] = ()
    state: State = "new"
    versions: tuple[Version, ...] = ()
    """Earlier texts, newest first."""

    @property
    def total(self) -> float:
        """Sum of the scores."""
        return sum(mark.score for mark in self.scores)


class Board(BaseModel):
    """All cards of one owner, in the order in which they are shown."""

    model_config = ConfigDict(frozen=True)

    topic: str = ""
    rubric: tuple[str, ...] = RUBRIC
    weights: dict[str, float] = {}
    """Criterion to its weight; 1 where it is not named."""
    scale: Scale = SCALE
    """Of the newest judgements; every mark knows its own."""
    cards: tuple[Card, ...] = ()
    comparisons: tuple[Comparison, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Board":
        """From `write`'s text; the empty text is the empty board."""
        return cls.model_validate_json(text) if text else cls()

    def write(self) -> str:
        """For the store."""
        return self.model_dump_json(exclude_defaults=True)

    def card(self, card_id: str) -> Card:
        """One card.

        Raises:
            NotFound: If the board has no such card.
        """
        for card in self.cards:
            if card.id == card_id:
                return card
        raise NotFound(say("This card is not on your board."), fix=say("Reload the page."))

    def titles(self) -> list[str]:
        """Of all cards."""
        return [card.title for card in self.cards]

    def under(self, topic: str) -> "Board":
        """The same board with another topic."""
        return self.model_copy(update={"topic": topic})

    def judged_by(
        self,
        rubric: Sequence[str],
        weights: dict[str, float] | None = None,
        scale: Scale = SCALE,
    ) -> "Board":
        """The same board with another rubric; scores that were given stay."""
        return self.model_copy(
            update={"rubric": tuple(rubric), "weights": weights or {}, "scale": scale}
        )

    def with_cards(self, cards: Sequence[Card], *, after: str = "") -> "Board":
        """With cards at the end, or behind the card that they came from.

        Raises:
            BadRequest: If the board is full.
        """
        self.check_room(len(cards))
        ids = [card.id for card in self.cards]
        at = ids.index(after) + 1 if after in ids else len(ids)
        return self._now(*self.cards[:at], *cards, *self.cards[at:])

    def check_room(self, more: int) -> None:
        """Raises BadRequest unless `more` cards can be put up."""
        if len(self.cards) + more > MAX_CARDS:
            raise BadRequest(
                say(
                    "A board holds {most} cards; this one has {count}.",
                    most=MAX_CARDS,
                    count=len(self.cards),
                ),
                fix=say("Delete some, or keep the board as a file and clear it."),
            )

    def without(self, *card_ids: str) -> "Board":
        """Without these cards; raises NotFound if one is not there."""
        gone = {self.card(card_id).id for card_id in card_ids}
        left = self._now(*(card for card in self.cards if card.id not in gone))
        kept = [c for c in self.comparisons if not {c.one, c.other} & gone]
        return left.model_copy(update={"comparisons": tuple(kept)})

    def edited(self, card_id: str, title: str, body: str) -> "Board":
        """With other words on a card; what stood there is its newest version.

        The words are the person's now, so the card is no answer of a model any more, and what was
        said of the old words does not count for the new ones.
        """
        card = self.card(card_id)
        if (card.title, card.body) == (title, body):
            return self
        before = Version(title=card.title, body=card.body)
        return self._with(
            card_id,
            title=title,
            body=body,
            answer_id="",
            scores=(),
            scores_answer_id="",
            versions=(before, *card.versions)[:MAX_VERSIONS],
        )

    def tagged(self, card_ids: Sequence[str], tag: str) -> "Board":
        """With a tag on these cards; off all of them if they all have it.

        Raises:
            BadRequest: If a card has 8 tags already.
        """
        cards = [self.card(card_id) for card_id in card_ids]
        off = all(tag in card.tags for card in cards)
        board = self
        for card in cards:
            tags = tuple(t for t in card.tags if t != tag)
            if not off and len(tags) >= MAX_TAGS:
                raise BadRequest(
                    say("A card has enough tags."), fix=say("It takes {most}.", most=MAX_TAGS)
                )
            board = board._with(card.id, tags=tags if off else (*tags, tag))
        return board

    def put_in(self, card_ids: Sequence[str], state: State) -> "Board":
        """With these cards in another state."""
        board = self
        for card_id in card_ids:
            board = board._with(card_id, state=state)
        return board

    def moved(self, card_id: str, before: str = "") -> "Board":
        """With a card right before another one, or at the end; an unknown neighbour is the end."""
        card = self.card(card_id)
        rest = [c for c in self.cards if c.id != card_id]
        ids = [c.id for c in rest]
        at = ids.index(before) if before in ids else len(rest)
        return self._now(*rest[:at], card, *rest[at:])

    def merged(self, card_ids: Sequence[str]) -> "Board":
        """With one card in the place of several: their texts below one another.

        Raises:
            BadRequest: If there are not 2 to 8, or the text would be too long.
        """
        cards = [self.card(card_id) for card_id in dict.fromkeys(card_ids)]
        if not 2 <= len(cards) <= MAX_MERGED:
            raise BadRequest(
                say("Merging takes several cards."),
                fix=say("Choose {fewest} to {most}.", fewest=2, most=MAX_MERGED),
            )
        title = " + ".join(card.title for card in cards)[:MAX_LINE]
        body = checked_body("\n".join(card.body for card in cards if card.body))
        one = Card(
            id=new_id(),
            title=title,
            body=body,
            merged=tuple(Origin(id=card.id, title=card.title) for card in cards),
            tags=tuple(dict.fromkeys(tag for card in cards for tag in card.tags))[:MAX_TAGS],
            state=cards[0].state,
        )
        at = [card.id for card in self.cards].index(cards[0].id)
        placed = self._now(*self.cards[:at], one, *self.cards[at:])
        return placed.without(*(card.id for card in cards))

    def judged(self, card_id: str, scores: Sequence[Mark], answer_id: str) -> "Board":
        """With scores on a card; a card that is gone by now is no error."""
        update = {"scores": tuple(scores), "scores_answer_id": answer_id}
        return self._now(
            *(c.model_copy(update=update) if c.id == card_id else c for c in self.cards)
        )

    def compared(self, comparison: Comparison) -> "Board":
        """With what came out for two cards; it takes the place of an earlier comparison."""
        pair = {comparison.one, comparison.other}
        others = [c for c in self.comparisons if {c.one, c.other} != pair]
        return self.model_copy(update={"comparisons": (*others, comparison)})

    def ranked(self, by: Callable[[Card], float] | None = None) -> "Board":
        """Best first; what has no scores comes last, otherwise in the old order."""
        by = by or (lambda card: merit(card.scores, self.weights))
        return self._now(*sorted(self.cards, key=by, reverse=True))

    def cleared(self) -> "Board":
        """Without cards; topic and rubric stay."""
        return self._now().model_copy(update={"comparisons": ()})

    def _with(self, card_id: str, **update: object) -> "Board":
        self.card(card_id)
        return self._now(
            *(c.model_copy(update=update) if c.id == card_id else c for c in self.cards)
        )

    def _now(self, *cards: Card) -> "Board":
        return self.model_copy(update={"cards": cards})


def card_of(idea: Idea, answer_id: str = "", *, origin: Card | None = None) -> Card:
    """A new card."""
    return Card(
        id=new_id(),
        title=idea.title,
        body=idea.body,
        answer_id=answer_id,
        origin_id=origin.id if origin else "",
        origin_title=origin.title if origin else "",
    )


def own_card(title: str, body: str) -> Card:
    """A card that the person wrote.

    Raises:
        BadRequest: If the title is empty or too long, or the text is too long.
    """
    return Card(id=new_id(), title=checked_title(title), body=checked_body(body))


def checked_title(title: object) -> str:
    """1 to 500 characters on one line, else BadRequest."""
    return one_line(title, name=say("title"), most=MAX_LINE)


def checked_body(body: object) -> str:
    """A text of at most 2,000 characters with its line breaks, else BadRequest."""
    if not isinstance(body, str) or len(body) > MAX_BODY:
        if isinstance(body, str):
            what = say("The idea's text has {count} characters.", count=f"{len(body):,}")
        else:
            what = say("The idea's text is not a text.")
        raise BadRequest(what, fix=say("It takes up to {most}.", most=f"{MAX_BODY:,}"))
    return storable(body).strip()


def checked_tag(tag: object) -> str:
    """1 to 30 characters, else BadRequest."""
    return one_line(tag, name=say("tag"), most=MAX_TAG)


def checked_state(state: object) -> State:
    """One of the states, else BadRequest."""
    for known in STATES:
        if state == known:
            return known
    raise BadRequest(
        say("There is no state {state}.", state=repr(state)),
        fix=say("The states are {known}.", known=", ".join(STATES)),
    )


def checked_rubric(criteria: Sequence[object] | None) -> tuple[str, ...]:
    """The criteria without repeats; the app's own when there are none.

    Raises:
        BadRequest: If there are more than 8, or one is longer than 60 characters.
    """
    if not criteria:
        return RUBRIC
    if isinstance(criteria, str) or len(criteria) > MAX_CRITERIA:
        raise BadRequest(
            say("The rubric is not a list of criteria."),
            fix=say("Send {fewest} to {most} names.", fewest=1, most=MAX_CRITERIA),
        )
    names = [one_line(name, name=say("criterion"), most=MAX_CRITERION) for name in criteria]
    return tuple({name.casefold(): name for name in names}.values())
