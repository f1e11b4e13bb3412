"""Poetry without a browser: sounds, reports, writing, one line anew."""

import asyncio
import html
import re
import sqlite3
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from apps.poetry import binding, lexicon, spelling
from apps.poetry.agreement import VERSE, known_poems, on_known_poems, on_sonnets, sonnets
from apps.poetry.card import svg
from apps.poetry.checks import report
from apps.poetry.desk import PoemDesk
from apps.poetry.layout import form_choices
from apps.poetry.own_forms import read_form
from apps.poetry.poem import Poem, checked_lines, wanted
from apps.poetry.report import Report
from apps.poetry.sounds import kinship, rhyme, sounds, words_in
from apps.poetry.view import verse
from apps.poetry.writing import Poet
from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Event, Piece, Request
from shared.errors import AbilityMissing, BadRequest, EngineClosed, NotFound
from shared.formats.poetry import FORMS, Form, pattern
from shared.formats.verse import initials, literal
from shared.home import Home
from tests.brackets import bare, spoken
from tests.writing_room import HOSTILE, OTHER, OWNER, room, scripted

BASHO = "An old silent pond\nA frog jumps into the pond\nSplash! Silence again."
SONNET = """Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance or nature's changing course untrimm'd;
But thy eternal summer shall not fade,
Nor lose possession of that fair thou ow'st;
Nor shall death brag thou wander'st in his shade,
When in eternal lines to time thou grow'st:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee."""
COUNTS = {
    "sea": 1, "moon": 1, "through": 1, "walked": 1, "strength": 1, "people": 2, "little": 2,
    "wanted": 2, "poem": 2, "quiet": 2, "being": 2, "rhythm": 2, "moonlight": 2, "seashore": 2,
    "whispered": 2, "beautiful": 3, "banana": 3, "remember": 3, "violet": 3, "imagine": 3,
    "butterfly": 3, "eternity": 4, "imagination": 5, "immortality": 5, "o'er": 1, "'twas": 1,
    "don't": 1, "moon's": 1, "fox's": 2, "singin'": 2,
}  # fmt: skip


def read(text: str, form: str, **more: str) -> Report:
    return report(checked_lines(text), FORMS[form], **more)


def problems(found: Report) -> list[list[str]]:
    return [line.problems for line in found.lines]


@pytest.mark.parametrize(("word", "count"), COUNTS.items())
def test_the_syllables_of_known_words_are_counted(word: str, count: int) -> None:
    sound = sounds([word])[word]
    assert sound.certain
    assert sound.usual == count


@pytest.mark.parametrize("word", ["fire", "hour", "every", "flower", "prayer", "whispering"])
def test_words_that_are_spoken_in_two_ways_are_right_in_both(word: str) -> None:
    sound = sounds([word])[word]
    assert sound.most == sound.fewest + 1


def test_spelling_alone_counts_nineteen_of_twenty_everyday_words() -> None:
    # The dictionary is the judge: its words of four to nine letters that English readers meet.
    everyday = re.findall(r"[a-z]{4,9}", (SONNET + BASHO).lower())
    everyday += [word for word in COUNTS if word.isalpha()]
    known = {word: sound for word, sound in sounds(everyday).items() if sound.certain}
    right = [s.fewest <= spelling.syllables(w) <= s.most for w, s in known.items()]
    assert len(right) >= 80
    assert sum(right) / len(right) >= 0.95


def test_spelling_alone_counts_nine_of_ten_words_of_the_whole_dictionary() -> None:
    words = sorted(lexicon.known_words())[::55]
    known = sounds(word for word in words if word.isalpha())
    right = [s.fewest <= spelling.syllables(w) <= s.most for w, s in known.items()]
    assert len(right) > 2000
    assert sum(right) / len(right) > 0.85


@pytest.mark.parametrize(
    ("one", "other", "rhymes"),
    [
        ("night", "light", True),
        ("day", "away", True),
        ("sea", "immortality", True),
        ("moonlight", "bright", True),
        ("gone", "on", True),
        ("love", "move", False),
        ("night", "night", False),
        ("tree", "night", False),
        ("far", "for", False),
    ],
)
def test_words_rhyme_by_sound(one: str, other: str, rhymes: bool) -> None:
    known = sounds([one, other])
    assert rhyme(known[one], known[other]) is rhymes


def test_words_are_found_with_apostrophes_and_without_hyphens() -> None:
    assert words_in("’Twas sky-blue — don’t!") == ["'twas", "sky", "blue", "don't"]


def test_a_haiku_that_keeps_its_form_is_ok() -> None:
    found = read(BASHO, "haiku")
    assert (found.ok, found.score) == (True, 1.0)
    assert [line.syllables for line in found.lines] == [5, 7, 5]


def test_a_wrong_count_is_named_on_its_line() -> None:
    found = read(BASHO.replace("old silent", "old"), "haiku")
    assert problems(found) == [["3 syllables, 5 wanted"], [], []]
    assert found.score == 0.75


def test_missing_lines_are_named() -> None:
    assert "the poem has 2 lines; a haiku has 3" in problems(read("one\ntwo", "haiku"))[-1]


def test_a_word_that_nobody_knows_is_marked_as_uncertain() -> None:
    line = read("The xyzzlor sings\nA\nB", "haiku").lines[0]
    assert line.uncertain == ["xyzzlor"]
    assert line.stress == ""
    assert "(a guess)" in line.problems[0]


def test_a_sonnet_is_blamed_only_where_two_words_do_not_rhyme_any_more() -> None:
    found = read(SONNET, "sonnet")
    assert [line.syllables for line in found.lines] == [10] * 14
    assert [n for n, line in enumerate(found.lines) if line.problems] == [3]
    assert "“date” only nearly rhymes with “temperate”" in found.lines[3].problems[0]
    assert "".join(line.rhyme or "-" for line in found.lines) == "aba-cdcdefefgg"


def test_the_line_that_strays_is_blamed_even_when_it_is_the_first() -> None:
    poem = "A cat sat down upon the stone\nA frog\nwas lost in fog\nand so\nI went to see the dog"
    limerick = "He sat by the tree\nIn search of the day\nAt sea\nFor me\nHe went a long way away"
    assert read(limerick, "limerick").lines[0].problems
    assert not read(limerick, "limerick").lines[4].problems
    assert read(poem, "limerick").lines[0].problems


def test_rhyming_a_word_with_itself_is_a_problem() -> None:
    assert "same word" in problems(read("I saw the night\nIt was the night", "couplet"))[1][0]


def test_lines_that_need_not_rhyme_are_marked_so() -> None:
    found = read("one\nthe sea\ntwo\nfor me", "ballad stanza")
    assert [line.rhyme for line in found.lines] == ["x", "a", "x", "a"]


def test_a_form_without_rhyme_has_no_letters() -> None:
    assert {line.rhyme for line in read(BASHO, "haiku").lines} == {""}


def test_an_acrostic_spells_its_subject() -> None:
    found = read("Rain\nAll day\nno sun", "acrostic", initials="rai")
    assert problems(found) == [[], [], ["should begin with “I”"]]


def test_a_villanelle_is_asked_for_its_returning_lines() -> None:
    lines = [f"line number {n} tonight" for n in range(19)]
    found = report(lines, FORMS["villanelle"])
    assert "should repeat line 1" in found.lines[5].problems
    for again in (5, 11, 17):
        lines[again] = lines[0]
    assert "should repeat line 1" not in report(lines, FORMS["villanelle"]).lines[5].problems


def test_stress_is_written_in_strokes() -> None:
    assert read("The silent garden\nA\nB", "haiku").lines[0].stress == "x/x/x"


def test_a_report_is_plain_json() -> None:
    line = read(BASHO, "haiku").to_json()["lines"][0]
    names = {"text", "syllables", "wanted", "stress", "rhyme", "problems"}
    assert names <= set(line)
    assert read(BASHO, "free verse").to_json()["lines"][0]["wanted"] is None


def test_a_text_in_another_script_does_no_harm() -> None:
    assert read("古池や\n蛙飛びこむ\n水の音", "haiku").lines[0].uncertain
    assert read(HOSTILE, "haiku").lines[0].text == HOSTILE


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001, "a\n" * 61, None])
def test_a_text_outside_its_limits_is_refused(text: object) -> None:
    with pytest.raises(BadRequest, match=r"10,000|60"):
        checked_lines(text)


@pytest.mark.parametrize(
    ("form", "subject", "says"),
    [
        ("ode", "x", "haiku, tanka"),
        ("haiku", "", "1 to 500"),
        ("haiku", "x" * 501, "1 to 500"),
        ("acrostic", "ox", "3 to 12 letters"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(form: str, subject: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        wanted(form, subject)


def test_a_long_subject_of_an_acrostic_gives_its_longest_word() -> None:
    assert initials(FORMS["acrostic"], "winter sun") == "wintersun"
    assert initials(FORMS["acrostic"], "a very long and extraordinary subject") == "extraordinar"


def test_the_poem_keeps_its_indentation_and_stays_text() -> None:
    poem = Poem(form="haiku", subject=HOSTILE, lines=("one", "  two", HOSTILE))
    assert "one\n  two\n" in verse(poem)
    assert "<img" not in verse(poem)


async def written(poet: Poet, poem: Poem, tries: int = 0) -> Poem:
    *_, last = [step async for step in poet.write(OWNER, poem, tries)]
    assert last.whole
    return last.poem


@pytest.fixture
def engine() -> ScriptedEngine:
    return scripted([BASHO])


@pytest.fixture
def poet(tmp_path: Path, engine: ScriptedEngine) -> Iterator[Poet]:
    with room(tmp_path, engine) as ctx:
        yield Poet(ctx)


async def test_the_form_binds_the_answer(poet: Poet, engine: ScriptedEngine) -> None:
    poem = await written(poet, wanted("Haiku ", "a pond", "calm"))
    assert list(poem.lines) == BASHO.split("\n")
    request = engine.requests[0]
    assert request.pattern == pattern(FORMS["haiku"])
    assert (request.app, request.owner, request.shared_messages) == ("poetry", OWNER, 1)
    assert (
        request.messages[-1].content == "Form: haiku\nSubject: a pond\nMood: calm\nWrite the poem."
    )


async def test_an_acrostic_is_bound_to_its_letters(tmp_path: Path) -> None:
    engine = scripted(["Rain\nAll\nInk\nNow"])
    with room(tmp_path, engine) as ctx:
        poem = await written(Poet(ctx), wanted("acrostic", "rain"))
    bound = engine.requests[0].pattern
    assert bound is not None
    assert re.fullmatch(bound, "Rain\nAll\nInk\nNow")
    assert not re.fullmatch(bound, "Rain\nAll\nOnk\nNow")
    assert poem.report().ok


async def test_only_the_failing_line_is_written_anew_until_it_fits(tmp_path: Path) -> None:
    draft = BASHO.replace("old silent", "old")
    engine = scripted([draft, "An old pond", "An old silent pond", "A pond", "Old", BASHO])
    with room(tmp_path, engine) as ctx:
        poem = await written(Poet(ctx), wanted("haiku", "a pond"), tries=4)
        assert list(poem.lines) == BASHO.split("\n")
        kept = ctx.answers.get(poem.answer_id)
    assert kept is not None
    assert kept.text == BASHO
    tried = [request.pattern for request in engine.requests[1:-1]]
    assert len(tried) == 4
    assert all(re.fullmatch(bound or "", "An old silent pond\n") for bound in tried)
    assert engine.requests[-1].pattern == literal(BASHO.split("\n"))


async def test_tries_that_nobody_sees_are_not_written_down(tmp_path: Path) -> None:
    engine = scripted([BASHO.replace("old silent", "old"), "An old silent pond", BASHO])
    with room(tmp_path, engine) as ctx:
        await written(Poet(ctx), wanted("haiku", "a pond"), tries=1)
    with closing(sqlite3.connect(ctx.home.history)) as db:
        (texts,) = db.execute("SELECT count(*) FROM answer").fetchone()
    assert len(engine.requests) == 3
    assert texts == 2


def test_a_line_that_does_not_rhyme_is_offered_words_that_make_it_fit() -> None:
    poem = Poem(form="couplet", subject="x", lines=("I saw a light", "It was a tree"))
    assert "night" in binding.rhyming_words(poem, 1, {})
    bound = binding.rhymed(poem, 1, {}, [poem.lines[1]])
    assert bound is not None
    assert re.fullmatch(bound, "I saw a light\nIt was a night.")
    assert not re.fullmatch(bound, "I saw a light\nIt was a tree")
    assert re.fullmatch(binding.free(poem, 1), "I saw a light\nIt was a tree")


def test_only_words_of_the_right_length_are_offered() -> None:
    lines = ("the moon is out and shines so bright", "we go to sea tonight", "x", "all day")
    poem = Poem(form="ballad stanza", subject="x", lines=lines)
    bound = binding.rhymed(poem, 3, {}, ["and all the stars are day"])
    assert bound is not None
    assert bound.endswith("[.,;:!?]?")
    before = "\n".join(lines[:3])
    assert re.fullmatch(bound, f"{before}\nand all the stars are white")


async def test_a_wish_asks_for_another_version_of_the_poem(
    poet: Poet, engine: ScriptedEngine
) -> None:
    poem = Poem(form="haiku", subject="a pond", lines=("one", "two", "three"))
    *_, last = [step async for step in poet.write(OWNER, poem, 0, wish="darker")]
    assert list(last.poem.lines) == BASHO.split("\n")
    asked = engine.requests[0].messages
    assert [message.role for message in asked] == ["system", "user", "assistant", "user"]
    assert asked[2].content == "one\ntwo\nthree"
    assert "Wish: darker" in asked[3].content


async def test_a_server_without_patterns_is_asked_in_words_alone(tmp_path: Path) -> None:
    engine = scripted([BASHO + "\nand more\nand more"], abilities=frozenset({"chat"}))
    with room(tmp_path, engine) as ctx:
        poem = await written(Poet(ctx), wanted("haiku", "a pond"))
        assert len(poem.lines) == 3
        with pytest.raises(AbilityMissing, match="one line"):
            await anext(Poet(ctx).rewrite(OWNER, poem, 0))


async def test_the_longest_form_fits_a_small_window(tmp_path: Path) -> None:
    engine = scripted(["\n".join(["line"] * 19)], window=1024)
    with room(tmp_path, engine) as ctx:
        await written(Poet(ctx), wanted("villanelle", "x" * 500))
    assert engine.requests[0].sampling.max_tokens <= 512


async def test_one_line_is_written_anew_and_the_others_stay(tmp_path: Path) -> None:
    engine = scripted(["An old (silent) pond?\nA toad leaps into the pond\nSplash!"])
    poem = Poem(form="haiku", subject="x", lines=("An old (silent) pond?", "A frog", "Splash!"))
    with room(tmp_path, engine) as ctx:
        *_, last = [step async for step in Poet(ctx).rewrite(OWNER, poem, 1)]
    assert last.poem.lines == ("An old (silent) pond?", "A toad leaps into the pond", "Splash!")
    bound = engine.requests[0].pattern
    assert bound is not None
    assert re.fullmatch(bound, "An old (silent) pond?\nanything at all here\n")
    assert not re.fullmatch(bound, "An old silent pond\nanything at all here\n")


async def test_a_model_without_another_idea_says_so(poet: Poet) -> None:
    poem = Poem(form="haiku", subject="x", lines=tuple(BASHO.split("\n")))
    with pytest.raises(EngineClosed, match="no other idea"):
        [step async for step in poet.rewrite(OWNER, poem, 1)]


@pytest.mark.parametrize("index", [-1, 3])
async def test_a_line_that_is_not_there_is_refused(poet: Poet, index: int) -> None:
    poem = Poem(form="haiku", subject="x", lines=tuple(BASHO.split("\n")))
    with pytest.raises(BadRequest, match="no such line"):
        await anext(poet.rewrite(OWNER, poem, index))


async def test_a_poem_is_kept_for_its_owner_alone(tmp_path: Path, poet: Poet) -> None:
    desk = PoemDesk(tmp_path / "history.sqlite", poet, keep_days=90)
    async for _ in desk.write(OWNER, "haiku", "a pond", "", 0):
        pass
    kept = desk.poem(OWNER)
    assert kept is not None
    assert kept.text() == BASHO
    assert desk.poem(OTHER) is None
    with pytest.raises(NotFound):
        await anext(desk.rewrite(OTHER, 0))
    assert desk.undo(OWNER) is None


class HalfAPoem(ScriptedEngine):
    """Writes two lines in one piece and then nothing, until its reader goes away."""

    async def generate(self, request: Request) -> AsyncGenerator[Event, None]:
        self.requests.append(request)
        yield Piece("An old silent pond\nA frog")
        await asyncio.Event().wait()


async def test_a_stopped_poem_keeps_its_finished_lines(tmp_path: Path) -> None:
    with room(tmp_path, HalfAPoem()) as ctx:
        desk = PoemDesk(ctx.home.history, Poet(ctx), keep_days=90)
        steps = desk.write(OWNER, "haiku", "a pond", "", 0)
        async for step in steps:
            if step.poem.lines:
                break
        await steps.aclose()
        kept = desk.poem(OWNER)
    assert kept is not None
    assert kept.lines == ("An old silent pond",)


@pytest.fixture
def desk(tmp_path: Path, poet: Poet) -> PoemDesk:
    return PoemDesk(tmp_path / "history.sqlite", poet, keep_days=90)


def test_a_persons_own_pronunciation_is_remembered_and_counts(desk: PoemDesk) -> None:
    poem = desk.put(OWNER, "haiku", "The xyzzlor sings\nA\nB")
    assert desk.report(OWNER, poem).lines[0].uncertain == ["xyzzlor"]
    desk.say(OWNER, "xyzzlor", "x/x", "banana")
    line = desk.report(OWNER, poem).lines[0]
    assert (line.syllables, line.problems, line.uncertain) == (5, [], [])
    assert desk.report(OTHER, poem).lines[0].uncertain == ["xyzzlor"]
    desk.say(OWNER, "xyzzlor", "")
    assert desk.spoken(OWNER) == {}


@pytest.mark.parametrize("stress", ["up", "x" * 9, "<b>"])
def test_a_stress_that_cannot_be_read_is_refused(desk: PoemDesk, stress: str) -> None:
    with pytest.raises(BadRequest, match="x/x"):
        desk.say(OWNER, "pond", stress)


def test_a_line_may_be_put_in_ones_own_words_and_taken_back(desk: PoemDesk) -> None:
    first = desk.put(OWNER, "haiku", BASHO)
    desk.put_line(OWNER, 1, "a toad")
    assert [draft.lines[1] for draft in desk.drafts(OWNER)] == ["a toad", first.lines[1]]
    assert desk.restore(OWNER, 1) == first
    assert desk.poem(OWNER) == first


def test_a_form_of_ones_own_is_checked_like_any_other(desk: PoemDesk) -> None:
    made = desk.add_form(OWNER, "Echo", "3A 5b 3A", "")
    assert made.refrains == ((0, 2),)
    assert (made.syllables, made.rhyme) == ((3, 5, 3), "aba")
    poem = desk.put(OWNER, "echo", "the old pond\na frog jumps in it\nthe new pond")
    assert "should repeat line 1" in desk.report(OWNER, poem).lines[2].problems
    assert desk.poem(OWNER) == poem
    with pytest.raises(BadRequest, match="There is no form"):
        desk.put(OTHER, "echo", "x")


@pytest.mark.parametrize(
    ("notation", "metre", "says"),
    [
        ("8a nine", "", "8a 6b"),
        ("99a", "", "1 to 24"),
        ("a b a", "iambic", "8a 6b"),
        ("", "", "1 "),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(notation: str, metre: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read_form("mine", notation, metre)


@pytest.mark.parametrize(
    ("line", "metre", "feet", "scans"),
    [
        ("Shall I compare thee to a summer's day", "iambic", 5, True),
        ("Rough winds do shake the darling buds of May", "iambic", 5, True),
        ("a summer's day compare to shall I thee", "iambic", 5, True),
        ("the beautiful banana family imagines", "iambic", 5, False),
        ("Tyger Tyger, burning bright", "trochaic", 4, True),
        ("The Assyrian came down like the wolf on the fold", "anapaestic", 4, True),
        ("There once was a snail from Peru", "anapaestic", 3, True),
        ("There once was a snail", "anapaestic", 3, False),
    ],
)
def test_a_line_scans_with_the_usual_substitutions(
    line: str, metre: str, feet: int, scans: bool
) -> None:
    form = Form("one", (1, 1), metre=metre, feet=(feet,))
    assert report([line], form).ok is scans


def test_rhymes_are_perfect_identical_or_slant() -> None:
    pairs = [("night", "light"), ("night", "tonight"), ("soul", "all"), ("soul", "tree")]
    known = sounds(word for pair in pairs for word in pair)
    kinds = [kinship(known[one], known[other]) for one, other in pairs]
    assert kinds == ["perfect", "identical", "slant", ""]


def test_a_slant_rhyme_will_do_where_the_form_says_so() -> None:
    slanting = "x\nall my soul\ny\nthat was all"
    assert read(slanting, "ballad stanza").lines[1].kinship == "slant"
    assert "rhyme" not in read(slanting, "ballad stanza").lines[3].failed
    assert "only nearly rhymes" in problems(read("my soul\nit was all", "couplet"))[1][0]


def test_what_is_amiss_is_said_as_reasons_of_a_flag() -> None:
    assert read("I saw the night\nIt was the tree", "couplet").reasons() == ["rhyme"]
    assert read(BASHO.replace("old", "very old"), "haiku").reasons() == ["meter"]
    assert read(BASHO, "haiku").reasons() == []


def test_the_checker_agrees_with_what_is_known() -> None:
    tallies = on_known_poems()
    assert tallies["syllables"].agreed >= 0.95 * tallies["syllables"].asked
    assert tallies["rhyme"].agreed >= 0.95 * tallies["rhyme"].asked
    assert tallies["metre"].agreed >= 0.9 * tallies["metre"].asked


def test_shakespeare_scans_and_his_words_in_disorder_do_so_less_often() -> None:
    verse = Path(__file__).resolve().parents[2] / "shared" / "data" / "poetry-pd" / VERSE[0]
    if not verse.is_file():
        pytest.skip(f"no {VERSE[0]} beside the project")
    tallies = on_sonnets(sonnets(verse.read_text(encoding="utf-8"))[:12])
    assert tallies["metre"].agreed >= 0.85 * tallies["metre"].asked
    assert tallies["metre, words shuffled"].agreed >= 0.4 * tallies["metre, words shuffled"].asked


def test_the_card_holds_the_words_as_text() -> None:
    drawn = svg(Poem(form="haiku", subject=HOSTILE, lines=("one", HOSTILE)))
    assert "<img" not in drawn
    assert ElementTree.fromstring(drawn).tag.endswith("svg")


def test_the_verse_keeps_every_letter_beside_its_margins() -> None:
    poem = Poem(form="haiku", subject="x", lines=("  An old — “silent” pond!", HOSTILE, "b"))
    shown = verse(poem, poem.report())
    plain = html.unescape(
        re.sub(r"<[^>]+>", "", shown.split('class="verse', 1)[1].split(">", 1)[1])
    )
    assert plain == "".join(poem.lines)
    assert "<img" not in shown


def test_whatever_is_amiss_is_said_in_the_language_of_the_site(tmp_path: Path) -> None:
    poems = [poem["text"].split(" / ") for some in known_poems().values() for poem in some]
    poems.append(["xyzzlor", "the blarg", "…", "xyzzlor"])
    forms = [*FORMS.values(), read_form("mine", "A1 3b A1 4-5b", "")]
    with spoken(Home(tmp_path)):
        found = [report(lines, form, initials="qu") for lines in poems for form in forms]
        said = {problem for one in found for line in one.lines for problem in line.problems}
    assert len(said) > 100
    assert {bare(problem).strip() for problem in said} == {""}


def test_a_form_of_ones_own_is_told_to_the_model_in_english_wherever_it_was_made(
    tmp_path: Path,
) -> None:
    with spoken(Home(tmp_path)):
        form = read_form("mine", "8a 6b", "iambic")
        shown = form_choices({"mine": form})[-1]
    assert form.hint == "2 lines, syllables and rhymes 8a 6b, iambic"
    assert shown == ("⟦mine: ⟦2 lines, syllables and rhymes 8a 6b, ⟦iambic⟧⟧⟧", "mine")
    assert form_choices({"mine": form})[-1] == (f"mine: {form.hint}", "mine")
