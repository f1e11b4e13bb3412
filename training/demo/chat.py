"""Small talk, small facts and small favors, in the words of `shared.formats.chat`."""

from collections.abc import Callable
from functools import cache

from shared.formats import chat as form
from shared.messages import Message
from training.demo import facts
from training.demo.lexicon import Lexicon, invented, is_unseen
from training.demo.phrases import Pen, capital, plural, read_lines, read_sections

Turn = tuple[str, str]
QUESTIONS = ("who", "what", "how", "are", "do", "can", "where", "will", "is")
OTHER_SYSTEMS = (
    "You are a helpful assistant.",
    "You are Inkloop. Be kind and brief.",
    "Answer in one sentence.",
    "You are a friendly teacher. Use simple words.",
)


@cache
def _talk() -> list[tuple[list[str], list[str]]]:
    return [(asked.split(" / "), said) for asked, said in read_sections("small_talk.txt").items()]


@cache
def _lines(section: str) -> list[str]:
    return read_sections("chat_lines.txt")[section]


def _typed(pen: Pen, text: str) -> str:
    """With or without a capital and a mark at the end."""
    text = text if pen.chance(0.35) else capital(text)
    if text[-1] in "?.!":
        return text
    question = text.lower().startswith(QUESTIONS)
    return text + pen.pick(("?", "?", "?", "") if question else (".", "!", "", ""))


def small_talk(pen: Pen, words: Lexicon) -> Turn:
    """A greeting, a mood, a question about the model itself."""
    del words
    asked, said = pen.pick(_talk())
    return _typed(pen, pen.pick(asked)), pen.write(pen.pick(said))


def fact(pen: Pen, words: Lexicon) -> Turn:
    """Something that the model is taught to know."""
    del words
    found = pen.pick(facts.facts())
    return facts.ask(pen, found), found.answer


def unknown(pen: Pen, words: Lexicon) -> Turn:
    """A question that it must not answer."""
    noun = words.noun()
    slots = {
        "year": pen.number(1700, 2030), "town": words.town(), "town2": words.town(),
        "name": words.name(), "t": noun, "T": capital(noun), "big": pen.number(200, 9999),
        "land": capital(invented(pen)),
    }  # fmt: skip
    asked, about = pen.pick(_lines("hard_questions")).split("|")
    return pen.phrase(asked, **slots), pen.phrase(
        pen.pick(_lines("unknown")), about=pen.phrase(about, **slots)
    )


def introduction(pen: Pen, words: Lexicon) -> Turn:
    """The person's name, which the answer uses."""
    name = words.name()
    asked = pen.phrase(
        "[my name is|I am|call me|I'm|hi, my name is|hello, I am|hi! my name is] {n}[.|!|]", n=name
    )
    said = (
        "[Nice to meet you|Hello|Hi|Welcome], {n}!"
        " [What would you like to write today?|How can I help you?|How are you?]"
    )
    return capital(asked), pen.write(said, n=name)


def liking(pen: Pen, words: Lexicon) -> Turn:
    """Something that the person likes or has, which the answer takes up."""
    thing = plural(words.noun()) if pen.chance(0.7) else _hobby(pen, words)
    verb = pen.pick(("like", "love", "enjoy", "collect", "am afraid of", "miss"))
    asked = pen.phrase("I [really |]{v} {t}[.|!|]", v=verb, t=thing)
    said: tuple[str, ...] = (
        "{T} can be wonderful! [What do you like most about|When did you first see] {t}?",
        "I have read about {t}. [What do you like most about|How did it begin with you and] {t}?",
        "Tell me more about {t}! [How did it start?|Why {t}?]",
        "[Shall I|I could] write a poem about {t}[?| for you.]",
    )
    if "afraid" in asked or "miss" in asked:
        said = (
            "I understand."
            " [Many people feel like that about {t}.|Shall we write a story about {t}?]",
        )
    return asked, pen.write(pen.pick(said), t=thing, T=capital(thing))


def _hobby(pen: Pen, words: Lexicon) -> str:
    pool = [hobby for hobby in read_lines("hobbies.txt") if is_unseen(hobby) == words.unseen]
    return pen.pick(pool)


def how_to(pen: Pen, words: Lexicon) -> Turn:
    """Three tips for something that the person wants to learn."""
    thing = _hobby(pen, words) if pen.chance(0.6) else plural(words.noun())
    asked = pen.write(
        "[how can I learn|how do I learn|how do I get better at|how do I start with|tips for"
        "|I want to learn] {t}[?||]",
        t=thing,
    )
    tips = [pen.write(tip, t=thing) for tip in pen.in_order(_lines("how_to"), 3)]
    head = pen.phrase("[Here are three tips for {t}:|Three tips for {t}:]", t=thing)
    return asked, head + "\n" + "\n".join(f"{at}. {tip}" for at, tip in enumerate(tips, 1))


def about(pen: Pen, words: Lexicon) -> Turn:
    """A word that the model knows nothing about, and says so."""
    thing = words.thing()
    while thing in facts.explained():
        thing = words.thing()
    asked = pen.write(
        "[what is a(n) {t}?|tell me something about the {t}.|what do you know about {p}?"
        "|explain what a(n) {t} is.|what do you think about {p}?]",
        t=thing, p=plural(thing),
    )  # fmt: skip
    said = (
        "[I do not know much about|I am too small to know much about|I know little about] {p}."
        " [Shall I write a poem about {p}?|Would you like a story about a(n) {t}?"
        "|But I can find ideas for a(n) {t}.]"
    )
    return asked, pen.write(said, t=thing, p=plural(thing))


FAVORS = {
    "sentence": "[write a sentence about a(n) {t}.|write one sentence with the word {t}."
    "|describe a(n) {t} in one sentence.|give me a first sentence for a story about a(n) {t}"
    "|use {t} in a sentence.]",
    "title": "[suggest a title for a story about a(n) {t}.|I need a title with the word {t}."
    "|give me a title about a(n) {t}|what is a good title for a poem about a(n) {t}?]",
    "pet_name": "[what should I call my {t}?|I need a name for my {t}."
    "|suggest a name for a(n) {t}.|give me a name for my {t}]",
}
"""What is asked, by the section of `words/chat_lines.txt` that answers it."""


def favor(pen: Pen, words: Lexicon) -> Turn:
    """A sentence, a title or a name for something."""
    noun = words.noun()
    kind = pen.pick(tuple(FAVORS))
    if kind == "pet_name":
        noun = words.animal()
    line = pen.pick(_lines(kind)).replace("A {T}", "A(n) {T}")
    return pen.write(FAVORS[kind], t=noun), pen.write(line, t=noun, T=capital(noun))


def sum_(pen: Pen, words: Lexicon) -> Turn:
    """Arithmetic with small numbers."""
    del words
    a, b = pen.number(0, 20), pen.number(0, 12)
    sums = (("+", "plus", a + b), ("-", "minus", a - b), ("x", "times", a * b))
    sign, word, result = pen.pick(sums)
    if result < 0:
        a, b, result = b, a, -result
    asked = pen.pick(
        (
            f"What is {a} {sign} {b}?", f"{a} {sign} {b}", f"How much is {a} {word} {b}?",
            f"Calculate {a} {sign} {b}.", f"what is {a} {word} {b}",
        )
    )  # fmt: skip
    return asked, f"{a} {sign} {b} = {result}."


def repeat(pen: Pen, words: Lexicon) -> Turn:
    """Say it after me."""
    text = " ".join(words.thing() for _ in range(pen.number(1, 3)))
    said = ("Repeat after me: ", "Say: ", "Please write: ", "Say ")
    return pen.pick(said) + text, text


Maker = Callable[[Pen, Lexicon], Turn]
MAKERS: tuple[tuple[Maker, int], ...] = (
    (small_talk, 26), (fact, 34), (unknown, 7), (introduction, 6), (liking, 8), (how_to, 6),
    (about, 6), (favor, 8), (sum_, 3), (repeat, 3),
)  # fmt: skip


def _turns(pen: Pen, words: Lexicon) -> list[Turn]:
    makers = [maker for maker, weight in MAKERS for _ in range(weight)]
    count = pen.pick((1, 1, 1, 2, 2, 3, 4)) if pen.chance(0.94) else pen.number(8, 16)
    found: list[Turn] = []
    for _ in range(count):
        turn = pen.pick(makers)(pen, words)
        if turn[1] not in {said for _, said in found}:
            found.append(turn)
    return found


def _remembered(pen: Pen, words: Lexicon) -> list[Turn]:
    """A name or a thing, told first and asked for later."""
    name, thing = words.name(), words.noun()
    told, asked = (_own_name if pen.chance(0.6) else _named_thing)(pen, name, thing)
    between = [pen.pick((small_talk, fact))(pen, words)] if pen.chance(0.5) else []
    return [told, *between, asked]


def _own_name(pen: Pen, name: str, thing: str) -> tuple[Turn, Turn]:
    del thing
    told = pen.phrase("[Hi, my name is|Hello, I am|My name is] {n}.", n=name)
    said = "[Nice to meet you|Hello], {n}! [How can I help you?|What shall we write?]"
    greeted = pen.phrase(said, n=name)
    asked = pen.write("[what is my name?|do you remember my name?|who am I?]")
    return (told, greeted), (asked, f"Your name is {name}.")


def _named_thing(pen: Pen, name: str, thing: str) -> tuple[Turn, Turn]:
    told = pen.phrase("I have a(n) {t} called {n}.", t=thing, n=name)
    said = pen.phrase("{n} is a lovely name for a(n) {t}!", n=name, t=thing)
    return (told, said), (f"What is the name of my {thing}?", f"Your {thing} is called {name}.")


def conversation(pen: Pen, *, unseen: bool = False) -> list[Message]:
    """One to sixteen short turns."""
    words = Lexicon(pen, unseen=unseen)
    system = form.SYSTEM if pen.chance(0.95) else pen.pick(OTHER_SYSTEMS)
    turns = _remembered(pen, words) if pen.chance(0.1) else _turns(pen, words)
    found = [Message("system", system)]
    for asked, said in turns:
        found += [Message("user", asked), Message("assistant", said)]
    return found
