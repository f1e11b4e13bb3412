"""Stories that a reader steers, in the words and the order of `shared.formats.story`.

A scene ends in a situation; the choices are what one can do in it; the next scene first tells that
the chosen thing was done, then what came of it, then the next situation. So what is to be learned
is visible in every conversation: choices follow from scenes, and scenes from what was chosen.
"""

from dataclasses import dataclass
from functools import cache

from shared.formats import story as form
from shared.messages import Message
from training.demo.lexicon import Lexicon
from training.demo.phrases import Pen, read_lines, read_sections
from training.demo.world import World, new_world


@dataclass(frozen=True, slots=True)
class Act:
    """Something the hero can do: as a choice, as a deed, and what comes of it."""

    choice: str
    deed: str
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a scene stops, and what one can do there."""

    scenes: tuple[str, ...]
    acts: tuple[Act, ...]


def _act(line: str) -> Act:
    choice, deed, outcomes = (part.strip() for part in line.split("|", 2))
    return Act(choice, deed, tuple(outcome.strip() for outcome in outcomes.split(" / ")))


@cache
def situations() -> list[Situation]:
    """All of them, as `words/situations.txt` lists them."""
    return [
        Situation(
            tuple(line[2:] for line in lines if line[0] == "="),
            tuple(_act(line[2:]) for line in lines if line[0] == ">"),
        )
        for lines in read_sections("situations.txt").values()
    ]


@cache
def _lines(section: str) -> list[str]:
    return read_sections("story_lines.txt")[section]


@cache
def _verbs() -> list[list[str]]:
    return [line.split("|", 2) for line in read_lines("verbs.txt")]


@cache
def _tones() -> dict[str, list[str]]:
    return read_sections("tones.txt")


class Teller:
    """Tells one story, scene by scene."""

    def __init__(self, pen: Pen, world: World, tone: str) -> None:
        self._pen = pen
        self._world = world
        self._tone = tone
        self._left = pen.sample(situations(), len(situations()))
        self._here = self._left.pop()

    def _say(self, template: str, **slots: str) -> str:
        return self._pen.write(template, **self._world.having(**slots))

    def _line(self, section: str, **slots: str) -> str:
        animal = f"animal_{section}"
        if self._world.hero_is_topic and animal in read_sections_of_story():
            section = animal
        return self._say(self._pen.pick(_lines(section)), **slots)

    def _next_situation(self) -> str:
        self._here = self._left.pop()
        return self._say(self._pen.pick(self._here.scenes))

    def opening(self) -> str:
        """The first scene: hero, topic, perhaps the tone, and a situation."""
        pen, parts = self._pen, [self._line("opening"), self._line("topic")]
        if self._world.second_topic:
            parts.append(self._line("both"))
        elif pen.chance(0.1):
            parts.append(self._line("also"))
        if self._tone and pen.chance(0.6):
            # Always second: before the hero is named, “he” would be nobody.
            parts.insert(1, self._say(pen.pick(_tones()[self._tone])))
        return " ".join([*parts, self._next_situation()])

    def offers(self, count: int) -> list[Act]:
        """Different things to do in this situation, filled in, in the order of the list."""
        pen = self._pen
        acts = pen.in_order(self._here.acts, count)
        if pen.chance(0.25):
            acts[-1] = _act(pen.pick(_lines("generic_acts")))
        return [self._filled(act) for act in acts]

    def _filled(self, act: Act) -> Act:
        fill = self._world.slots
        return Act(
            self._pen.write(act.choice, **fill), self._pen.phrase(act.deed, **fill), act.outcomes
        )

    def free_deed(self) -> tuple[str, Act]:
        """What a reader types, and the deed that it means."""
        pen, fill = self._pen, self._world.slots
        verb, past, objects = pen.pick(_verbs())
        fresh = {"o2": Lexicon(pen).noun()} if pen.chance(0.6) else {}
        rest = pen.phrase(objects, **{**fill, **fresh})
        deed = f"{past} {rest}".replace(" my ", f" {fill['his']} ")
        typed = pen.pick(("{v} {r}", "{v} {r}", "{V} {r}", "{V} {r}.", "I {v} {r}", "I {v} {r}."))
        text = typed.format(v=verb, V=verb.capitalize(), r=rest)
        return text, Act(text, deed, tuple(_lines("reaction")))

    def after(self, act: Act, *, last: bool) -> str:
        """The scene that follows a deed; the last one closes the story."""
        pen = self._pen
        parts = [self._line("follow", did=act.deed), self._say(pen.pick(act.outcomes))]
        if last:
            return " ".join([*parts, self.ending()])
        if pen.chance(0.3):
            parts.append(self._line("reminder"))
        return " ".join([*parts, self._next_situation()])

    def ending(self) -> str:
        """Two to four sentences and “The end.”."""
        climax = "animal_climax" if self._world.hero_is_topic else "climax"
        turns = self._pen.in_order(_lines(climax), 2 if self._pen.chance(0.4) else 1)
        parts = [*map(self._say, turns), self._line("closing")]
        return " ".join([*parts, form.THE_END])


@cache
def read_sections_of_story() -> frozenset[str]:
    """The headings of `words/story_lines.txt`."""
    return frozenset(read_sections("story_lines.txt"))


def conversation(pen: Pen, *, unseen: bool = False, turns: int = 0) -> list[Message]:
    """One story from its title to its end, or to where the reader stopped.

    Args:
        pen: Draws everything.
        unseen: Use only words that training never opens with.
        turns: Deeds of the reader; drawn if 0.
    """
    world = new_world(Lexicon(pen, unseen=unseen))
    tone = pen.pick(form.TONES) if pen.chance(0.6) else ""
    teller = Teller(pen, world, tone)
    genre = world.genre if pen.chance(0.75) else ""
    found = [Message("system", form.SYSTEM), form.begin(world.title, genre, tone)]
    found.append(Message("assistant", teller.opening()))
    count = turns or pen.pick((0, 1, 1, 2, 2, 3, 4))
    for turn in range(count):
        if not _turn(pen, teller, found, may_end=turn >= 2):
            return found
    return _stop(pen, teller, found)


def _offer(pen: Pen, teller: Teller, found: list[Message]) -> list[Act]:
    offers = teller.offers(pen.pick((2, 3, 3, 3, 4)))
    found += [Message("user", form.CHOICES), form.choices_answer([act.choice for act in offers])]
    return offers


def _turn(pen: Pen, teller: Teller, found: list[Message], *, may_end: bool) -> bool:
    """Offer, take and tell; False when the story has ended."""
    act = pen.pick(_offer(pen, teller, found))
    if pen.chance(0.25):
        typed, act = teller.free_deed()
        found.append(form.act(typed))
    else:
        found.append(form.choose(act.choice))
    last = may_end and pen.chance(0.12)
    found.append(Message("assistant", teller.after(act, last=last)))
    return not last


def _stop(pen: Pen, teller: Teller, found: list[Message]) -> list[Message]:
    if pen.chance(0.7):
        _offer(pen, teller, found)
    if pen.chance(0.35):
        found += [form.ask_end(), Message("assistant", teller.ending())]
    return found
