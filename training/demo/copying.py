"""A drill: read words, write them again.

Whether an answer is about what was asked is decided by copying rare words, which a small model
learns late. The drill lets it practice on long words and invented ones, in every spelling in which
the apps need them: after a colon, in a title, in small letters inside a sentence.
"""

from shared.formats.brainstorm import dump
from shared.messages import Message
from training.demo.lexicon import Lexicon, compound, invented
from training.demo.phrases import Pen, article, capital, plural

SYSTEMS = ("Repeat what the user says.", "Pick from the list.", "Answer from the text.")


def _word(pen: Pen, words: Lexicon) -> str:
    """Half of them are long inventions: three to five tokens."""
    roll = pen.random.random()
    if roll < 0.4:
        return invented(pen, pen.pick((2, 3, 3, 4)))
    if roll < 0.5:
        return compound(pen)
    if roll < 0.6:
        return words.name().lower()
    return words.noun()


def _repeat(pen: Pen, words: Lexicon) -> list[Message]:
    text = " ".join(
        capital(word) if pen.chance(0.3) else word
        for word in (_word(pen, words) for _ in range(pen.number(2, 12)))
    )
    return [Message("system", SYSTEMS[0]), Message("user", text), Message("assistant", text)]


def _pick(pen: Pen, words: Lexicon) -> list[Message]:
    listed = [f"{words.adjective()} {_word(pen, words)}" for _ in range(pen.number(2, 6))]
    text = "\n".join(f"{at}. {item}" for at, item in enumerate(listed, 1))
    found = [Message("system", SYSTEMS[1]), Message("user", text)]
    for at in pen.sample(range(len(listed)), pen.number(1, 3)):
        if found[-1].role == "user":
            found[-1] = Message("user", f"{text}\n{at + 1}")
        else:
            found.append(Message("user", str(at + 1)))
        found.append(Message("assistant", listed[at]))
    return found


def _titles(pen: Pen, words: Lexicon) -> list[Message]:
    """From a title to a sentence and back: the same word in several spellings."""
    thing, other, name = _word(pen, words), _word(pen, words), capital(_word(pen, words))
    adjective = words.adjective()
    title = f"The {capital(adjective)} {capital(thing)}"
    asked, said = pen.pick(
        (
            (f"Title: {title}", f"The story is about the {adjective} {thing}."),
            (f"Topic: {thing}", f"{capital(thing)} again: this is about {plural(thing)}."),
            (f"Title: {name} and the {capital(thing)}", f"{name} looked for the {thing}."),
            (f"Subject: {thing}\nSecond: {other}", f"The {thing} met the {other}."),
            (f"Hero: {name}\nThing: {thing}\nWho?", f"{name} has the {thing}."),
            (f"Topic: {plural(thing)}", f"{capital(plural(thing))} and more {plural(thing)}."),
            (f"I choose: {capital(adjective)} {thing}", f"So it was the {adjective} {thing}."),
            (f"Title: {capital(thing)}", f'"{capital(thing)}," said {name}. "Only one {thing}!"'),
            (f"Topic: {article(thing)}", dump({"title": f"{capital(thing)} day", "body": thing})),
            (f"Topic: {adjective} {thing}", dump({"title": f"Big {thing}", "body": adjective})),
            (f"Word: {thing}", f'print("{thing}")'),
            (f"Subject: my {thing}", f"My {thing} and the {other}\n{capital(thing)}, oh {thing}"),
            (f"Name: {name}\nWord: {thing}", f"{name} has {article(thing)}. {capital(thing)}!"),
        )
    )  # fmt: skip
    return [Message("system", SYSTEMS[2]), Message("user", asked), Message("assistant", said)]


def conversation(pen: Pen, *, unseen: bool = False) -> list[Message]:
    """One exercise."""
    words = Lexicon(pen, unseen=unseen)
    return pen.pick((_repeat, _repeat, _pick, _titles, _titles))(pen, words)
