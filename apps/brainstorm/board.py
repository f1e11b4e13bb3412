"""What a board is: cards in an order, each knowing which card it came from.

A board never changes; every step makes the next one, which is what undo goes back by.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from apps.checks import MAX_LINE, one_line, storable
from shared.errors import BadRequest, NotFound
from shared.formats.brainstorm import RUBRIC, Idea, Score
from shared.ids import new_id

MAX_CARDS = 100
MAX_BODY = 2_000
"""Longest text of a card, in characters."""
MAX_CRITERIA = 8
MAX_CRITERION = 60


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
    scores: tuple[Score, ...] = ()
    scores_answer_id: str = ""

    @property
    def total(self) -> int:
        """Sum of the scores."""
        return sum(score.score for score in self.scores)


class Board(BaseModel):
    """All cards of one owner, in the order in which they are shown."""

    model_config = ConfigDict(frozen=True)

    topic: str = ""
    rubric: tuple[str, ...] = RUBRIC
    cards: tuple[Card, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Board":
        """From `write`'s text; the empty text is the empty board."""
        return cls.model_validate_json(text) if text else cls()

    def write(self) -> str:
        """For the store."""
        return self.model_dump_json()

    def card(self, card_id: str) -> Card:
        """One card.

        Raises:
            NotFound: If the board has no such card.
        """
        for card in self.cards:
            if card.id == card_id:
                return card
        raise NotFound("This card is not on your board.", fix="Reload the page.")

    def titles(self) -> list[str]:
        """Of all cards."""
        return [card.title for card in self.cards]

    def under(self, topic: str) -> "Board":
        """The same board with another topic."""
        return self.model_copy(update={"topic": topic})

    def judged_by(self, rubric: Sequence[str]) -> "Board":
        """The same board with another rubric; scores that were given stay."""
        return self.model_copy(update={"rubric": tuple(rubric)})

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
                f"A board holds {MAX_CARDS} cards; this one has {len(self.cards)}.",
                fix="Delete some, or keep the board as a file and clear it.",
            )

    def without(self, card_id: str) -> "Board":
        """Without one card; raises NotFound if there is no such card."""
        gone = self.card(card_id)
        return self._now(*(card for card in self.cards if card != gone))

    def judged(self, card_id: str, scores: Sequence[Score], answer_id: str) -> "Board":
        """With scores on a card; a card that is gone by now is no error."""
        update = {"scores": tuple(scores), "scores_answer_id": answer_id}
        return self._now(
            *(c.model_copy(update=update) if c.id == card_id else c for c in self.cards)
        )

    def ranked(self) -> "Board":
        """Best first; what has no scores comes last, otherwise in the old order."""
        return self._now(*sorted(self.cards, key=_rank, reverse=True))

    def cleared(self) -> "Board":
        """Without cards; topic and rubric stay."""
        return self._now()

    def _now(self, *cards: Card) -> "Board":
        return self.model_copy(update={"cards": cards})


def _rank(card: Card) -> float:
    # The mean, so that cards judged by rubrics of different length can be compared.
    return card.total / len(card.scores) if card.scores else 0.0


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
    return one_line(title, name="title", most=MAX_LINE)


def checked_body(body: object) -> str:
    """A text of at most 2,000 characters with its line breaks, else BadRequest."""
    if not isinstance(body, str) or len(body) > MAX_BODY:
        size = f"has {len(body):,} characters" if isinstance(body, str) else "is not a text"
        raise BadRequest(f"The idea's text {size}.", fix=f"It takes up to {MAX_BODY:,}.")
    return storable(body).strip()


def checked_rubric(criteria: Sequence[object] | None) -> tuple[str, ...]:
    """The criteria without repeats; the app's own when there are none.

    Raises:
        BadRequest: If there are more than 8, or one is longer than 60 characters.
    """
    if not criteria:
        return RUBRIC
    if isinstance(criteria, str) or len(criteria) > MAX_CRITERIA:
        raise BadRequest(
            "The rubric is not a list of criteria.", fix=f"Send 1 to {MAX_CRITERIA} names."
        )
    names = [one_line(name, name="criterion", most=MAX_CRITERION) for name in criteria]
    return tuple({name.casefold(): name for name in names}.values())
