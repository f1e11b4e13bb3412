"""Poems in the forms of `shared.formats.poetry`: syllables counted, rhymes taken from families.

Lines are drawn until one fits its form, so a haiku has 5, 7 and 5 syllables by the estimate of
`training.demo.syllables`, and a limerick rhymes aabba. The subject is named in every poem.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from shared.formats import poetry as form
from shared.messages import Message
from training.demo.lexicon import Lexicon
from training.demo.phrases import Pen, article, capital, read_lines, read_sections
from training.demo.syllables import count

FORMS = (
    ["haiku"] * 24 + ["limerick"] * 16 + ["couplet"] * 13 + ["ballad stanza"] * 13
    + ["free verse"] * 13 + ["acrostic"] * 12 + ["tanka"] * 6 + ["sonnet", "villanelle"]
)  # fmt: skip
TRIES = 400
SHARES_OF_LINES = 3
"""Into so many parts the openings of counted lines are divided."""
NATURE = (
    "river wind moon star leaf stone bird cloud road window shadow garden door lamp field tree snow"
    " lake rose hill light child bell sea owl night gate bridge candle"
).split()
PLACES = (
    "in the rain|on the hill|by the sea|at the gate|under stars|in the dark|on the roof|in the fog"
    "|after school|at midnight|before dawn|in the garden|on the shore|behind the house|in my hand"
    "|near the window|on the table|beyond the hills|in the morning light|at the end of the road"
    "|over the river|in the empty street|all night long|without a word|for a little while"
).split("|")


@dataclass(frozen=True, slots=True)
class Palette:
    """What one poem is made of."""

    subject: str
    """As a sentence takes it: “the volcano”, “autumn”, “my cat”."""
    bare: str
    """Without “the”: “volcano”."""
    counted: bool
    """Whether "a" may stand before `bare`."""
    adjectives: list[str]
    verbs: list[str]


@cache
def _moods() -> dict[str, tuple[list[str], list[str]]]:
    return {
        mood: (lines[0].split(), lines[1].split())
        for mood, lines in read_sections("poem_words.txt").items()
    }


@cache
def _families() -> list[list[str]]:
    return list(read_sections("endings.txt").values())


def _palette(pen: Pen, asked: str, mood: str) -> Palette:
    adjectives, verbs = _moods()[mood or pen.pick(list(_moods()))]
    first, _, rest = asked.partition(" ")
    if first in ("the", "my"):
        return Palette(asked, rest, first == "the", adjectives, verbs)
    if first in ("a", "an"):
        return Palette(f"the {rest}", rest, True, adjectives, verbs)
    bare = asked in read_lines("poem_subjects.txt")
    return Palette(asked if bare else f"the {asked}", asked, not bare, adjectives, verbs)


def _draw(pen: Pen, palette: Palette, template: str) -> str:
    return pen.phrase(
        template, s=palette.subject, b=palette.bare, a=pen.pick(palette.adjectives),
        a2=pen.pick(palette.adjectives), v=pen.pick(palette.verbs),
        v2=pen.pick(palette.verbs), n=pen.pick(NATURE), n2=pen.pick(NATURE), p=pen.pick(PLACES),
    )  # fmt: skip


def _drawn(pen: Pen, palette: Palette, templates: Sequence[str]) -> str:
    return _draw(pen, palette, pen.pick(templates))


def _fitting(draw: Callable[[], str], syllables: int, before: Sequence[str] = ()) -> str:
    """The first drawn line with so many syllables, or the nearest one; none that stands already."""
    best, miss = "", 99
    for _ in range(TRIES):
        line = draw()
        if abs(count(line) - syllables) < miss and line not in before:
            best, miss = line, abs(count(line) - syllables)
        if not miss:
            break
    return best


WITH_SUBJECT = (
    "{s} {v}", "{s} {v} {p}", "{a} {b}", "{a}, {a2} {b}", "one {a} {b}", "{s} {p}", "beside {s}",
    "{s} and the {n}", "{s} {v}, {a} and {a2}", "I think of {s}", "listen: {s} {v}", "here is {s}",
    "{s}, {a} as a {n}", "only {s} {v} {p}", "{s} {v} by the {n}", "how {a}, {s}", "oh, {a} {b}",
    "nobody saw {s} {p}", "{s} remembered the {n}", "so {a}, {s}", "{s} {v} and {v2} {p}",
)  # fmt: skip
WITHOUT = (
    "the {a} {n} {v}", "the {n} {v} {p}", "a(n) {a} {n} {p}", "no one remembers", "nobody is there",
    "the {n} and the {n2}", "far away, a(n) {a} {n}", "{a} {n} {p}", "and the {n} {v}", "{p}",
    "the {n} {v}, the {n2} {v2}", "a door closes {p}", "somebody whispers my name", "then nothing",
    "the {a} {n} {v} {p}", "I wait for the {n}", "a(n) {n} {v} {p}", "how {a} it was", "I stay {p}",
    "now the {n} is {a}", "there is a {n} {p}", "still, the {a} {n} {v}", "a child {v} {p}",
)  # fmt: skip


def _counted(pen: Pen, palette: Palette, shape: tuple[int, ...]) -> list[str]:
    """Lines of so many syllables; the subject is in one or two of them."""
    holding = set(pen.sample(range(len(shape)), 1 if len(shape) < 5 else 2))
    lines: list[str] = []
    for at, syllables in enumerate(shape):
        # Every line has its own share of the openings, so that no line can come twice.
        templates = WITH_SUBJECT if at in holding else WITHOUT
        share = templates[at % SHARES_OF_LINES :: SHARES_OF_LINES]
        lines.append(_fitting(partial(_drawn, pen, palette, share), syllables, lines))
    return lines


CLAUSES = (
    "{s} {v}", "the {n} {v}", "a(n) {a} {n} {v}", "and {s} {v}", "and the {n} {v}", "I saw {s}",
    "I sat with {s}", "the {a} {n} {v}", "so {s} {v} and {v2}", "I met a(n) {a} {n}",
    "all things {v}",
    "while the {a} {n} {v}", "my {a} {n} {v}", "I looked for {s}", "{s}, so {a}, {v}", "we {v}",
    "we talked about {s}", "the {n} and the {n2} {v}", "I dreamed of {s}", "my heart {v}",
)  # fmt: skip


def _rhymed(pen: Pen, palette: Palette, scheme: str, shape: tuple[int, ...]) -> list[str]:
    """Lines after a rhyme scheme, x unrhymed; with `shape`, of so many syllables."""
    letters = sorted(set(scheme) - {"x"})
    most = max(scheme.count(letter) for letter in letters)
    families = pen.sample([family for family in _families() if len(family) >= most], len(letters))
    ends = {
        letter: pen.in_order(family, scheme.count(letter))
        for letter, family in zip(letters, families, strict=True)
    }
    named = [clause for clause in CLAUSES if "{s}" in clause]
    lines: list[str] = []
    for at, letter in enumerate(scheme):
        clauses = named if at in (0, len(scheme) - 1) else list(CLAUSES)
        ending = ends[letter].pop(0) if letter in ends else pen.pick(pen.pick(_families()))
        draw = partial(_rhyming, pen, palette, clauses, ending)
        lines.append(_fitting(draw, shape[at], lines) if shape else draw())
    return lines


def _rhyming(pen: Pen, palette: Palette, clauses: list[str], ending: str) -> str:
    return _draw(pen, palette, pen.pick(clauses)) + " " + pen.phrase(ending)


def _stops(pen: Pen, lines: list[str]) -> list[str]:
    """Capitals at the openings; commas between, a full stop at the end."""
    last = len(lines) - 1
    return [
        capital(line) + ("." if at == last else pen.pick((",", ",", ",", ";", "")))
        for at, line in enumerate(lines)
    ]


def limerick(pen: Pen, palette: Palette) -> list[str]:
    """Five lines, aabba, the third and fourth short."""
    long, short = pen.sample(_families(), 2)
    first, second, last = pen.in_order(long, 3)
    third, fourth = pen.in_order(short, 2)
    opening = pen.pick(("There once was {x} {e}", "There was {x} {e}", "I knew {x} {e}"))
    named = f"a(n) {{a}} {palette.bare}" if palette.counted else palette.subject
    lines = [
        opening.replace("{x}", named).replace("{e}", first) + ",",
        pen.pick(("that {v} {e};", "that {v} and {v2} {e}.", "and it {v} {e}.")).replace(
            "{e}", second
        ),
        pen.pick(("it {v} {e}", "the {n} {v} {e}", "it met a(n) {n} {e}")).replace("{e}", third)
        + ",",
        pen.pick(("it {v} {e}", "and {v} {e}", "the {a} {n} {v} {e}")).replace("{e}", fourth) + ",",
        pen.pick(
            ("and that's how it {v} {e}.", "and {s} just {v} {e}.", "oh, how the {n} {v} {e}!")
        ).replace("{e}", last),
    ]
    return [capital(_draw(pen, palette, line)) for line in lines]


@cache
def _openers() -> dict[str, list[str]]:
    """Adjectives by their first letter; rare letters have words of their own."""
    found: dict[str, list[str]] = {}
    words = {word for adjectives, _ in _moods().values() for word in adjectives}
    words |= {word for word in read_lines("adjectives.txt")[0].split() if word.isalpha()}
    extra = (
        "exact zany zealous quaint quick kindly keen jagged joyful unseen useful vivid vast violet"
        " young odd open eager early icy iron upper urban vain"
    )
    for word in sorted(words | set(extra.split())):
        found.setdefault(word[0], []).append(word)
    return found


ACROSTIC_LINES = ("{n} {p}", "{n} {v} {p}", "as the {n} {p}", "and {a} {p}")


def acrostic(pen: Pen, palette: Palette, letters: str) -> list[str]:
    """One line for each letter of the subject, opening with it."""
    lines = []
    for at, letter in enumerate(letters):
        word = pen.pick(_openers().get(letter, [letter]))
        rest = "{b} {p}" if at == 0 else pen.pick(ACROSTIC_LINES)
        lines.append(capital(_draw(pen, palette, f"{word} {rest}")))
    return lines


FREE = (
    "I wanted to write about {s}", "{s} {v}", "and nobody asked why", "the {a} {n} {v} {p}",
    "here: {s}, {a} and {a2}", "I hold it like a {n}", "what can {s} know of the {n}?",
    "somewhere a {n} {v}", "today I hold {s}", "tomorrow it belongs to the {n}", "{p}, {s}",
    "I listen", "a(n) {a} {n}, a(n) {a2} {n2}", "{s} will not answer", "so I {v} too",
    "once, {p}, I saw {s}", "my mother called it {s}", "the {n} has no name for it", "we {v} {p}",
    "give me {s} and a little time", "everything {v}", "this is how I see {s}",
    "with a(n) {a} {n}",
)  # fmt: skip


def free_verse(pen: Pen, palette: Palette) -> list[str]:
    """Four to eight lines; the subject is in at least one of them."""
    templates = pen.in_order(FREE, pen.number(4, 8))
    if not any("{s}" in template for template in templates):
        templates[0] = FREE[0]
    lines = [_draw(pen, palette, template) for template in templates]
    return [capital(line) for line in lines] if pen.chance(0.5) else lines


def villanelle(pen: Pen, palette: Palette) -> list[str]:
    """Nineteen lines: the first and the third return in turn, and both close the poem."""
    own = _stops(pen, _rhymed(pen, palette, "aba" + "ab" * 5, ()))
    first, middle, third, *others = own
    lines = [first, middle, third]
    for stanza in range(4):
        lines += [*others[2 * stanza : 2 * stanza + 2], third if stanza % 2 else first]
    return [*lines, *others[8:10], first, third]


def lines_of(pen: Pen, name: str, asked: str, mood: str) -> list[str]:
    """A poem of the form `name`."""
    palette = _palette(pen, asked, mood)
    known = form.FORMS[name]
    if name in ("haiku", "tanka"):
        return _counted(pen, palette, known.syllables)
    if name == "limerick":
        return limerick(pen, palette)
    if name == "acrostic":
        return acrostic(pen, palette, "".join(c for c in palette.bare.lower() if c.isalpha()))
    if name == "free verse":
        return free_verse(pen, palette)
    if name == "villanelle":
        return villanelle(pen, palette)
    return _stops(pen, _rhymed(pen, palette, known.rhyme, known.syllables))


def _subject(pen: Pen, words: Lexicon, name: str) -> str:
    if name == "acrostic":
        while True:
            noun = words.noun() if pen.chance(0.85) else words.name()
            if form.FORMS[name].lines[0] <= len(noun) <= (8 if pen.chance(0.9) else 12):
                return noun
    if not words.unseen and pen.chance(0.22):
        return pen.pick(read_lines("poem_subjects.txt"))
    noun = words.noun() if pen.chance(0.7) else words.thing()
    return pen.pick((noun, noun, noun, article(noun), f"the {noun}", f"my {noun}"))


def conversation(pen: Pen, *, unseen: bool = False) -> list[Message]:
    """One poem that somebody asked for."""
    words = Lexicon(pen, unseen=unseen)
    name = pen.pick(FORMS)
    subject = _subject(pen, words, name)
    mood = pen.pick(list(_moods())) if pen.chance(0.5) else ""
    asked = capital(subject) if pen.chance(0.12) else subject
    return [
        Message("system", form.SYSTEM),
        form.ask(name, asked, mood),
        Message("assistant", "\n".join(lines_of(pen, name, subject, mood))),
    ]
