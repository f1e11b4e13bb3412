"""What is done against a model that says things twice: other ideas, another line, no engine."""

import json
import re

import pytest

from shared.formats import usual
from shared.formats.ideas import TRIES, Hunt, Wanted
from shared.formats.poetry import FORMS
from shared.formats.verse import DRAFTS, Drafting, first_repeat, whole, with_refrains

ROWS = [
    ("Night owl desk", "Open until midnight on Fridays."),
    ("Book bicycle", "Bring novels to the market square."),
    ("Silent disco", "Dance between the shelves with headphones."),
]


def answer(*rows: tuple[str, str]) -> str:
    return json.dumps({"ideas": [{"title": title, "body": body} for title, body in rows]})


def hunt(n: int, *taken: str, window: int = 4096) -> Hunt:
    return Hunt(Wanted(topic="A library", n=n, taken=taken), window=window)


def titles(search: Hunt) -> list[str]:
    return [found.idea.title for found in search.found()]


def test_an_idea_under_another_title_with_the_same_text_is_no_new_idea() -> None:
    search = hunt(2)
    assert search.next_round() is not None
    search.take(answer(ROWS[0], ("Owl hours", ROWS[0][1])), "a")
    assert search.next_round() is not None
    search.take(answer(ROWS[1]), "b")
    assert search.next_round() is None
    assert titles(search) == ["Night owl desk", "Book bicycle"]


def test_missing_ideas_are_asked_for_more_boldly_and_never_singly() -> None:
    search = hunt(3)
    first = search.next_round()
    search.take(answer(ROWS[0], ROWS[1], ROWS[1]), "a")
    second = search.next_round()
    assert first is not None
    assert second is not None
    assert second.schema["properties"]["ideas"]["minItems"] == 3
    assert second.sampling.temperature > first.sampling.temperature
    assert "Not again: Night owl desk; Book bicycle" in second.question.content


def test_more_than_was_wanted_is_not_kept() -> None:
    search = hunt(2)
    search.take(answer(*ROWS), "a")
    assert titles(search) == ["Night owl desk", "Book bicycle"]


def test_a_search_ends_when_nothing_new_comes() -> None:
    search, rounds = hunt(1, "Night owl desk"), 0
    while search.next_round() is not None:
        rounds += 1
        search.take(answer(ROWS[0]), "a")
    assert rounds == TRIES
    assert titles(search) == ["Open until midnight on Fridays"]


def test_a_poem_is_written_on_from_the_line_that_was_there_before() -> None:
    drafting = Drafting(FORMS["ballad stanza"])
    first = drafting.next_round()
    drafting.take("I saw (a) moon\nIt was blue\nI saw, a moon!\nIt was new")
    second = drafting.next_round()
    assert first is not None
    assert second is not None
    assert re.fullmatch(second.pattern, "I saw (a) moon\nIt was blue\nA dog\nA tree")
    assert not re.fullmatch(second.pattern, "I saw a moon\nIt was blue\nA dog\nA tree")
    assert second.temperature > first.temperature
    drafting.take("I saw (a) moon\nIt was blue\nA dog\nA tree")
    assert drafting.next_round() is None


def test_a_poem_that_only_repeats_itself_is_left_as_it_is_at_last() -> None:
    drafting, rounds = Drafting(FORMS["couplet"]), 0
    while drafting.next_round() is not None:
        rounds += 1
        drafting.take("The same line\nThe same line")
    assert rounds == DRAFTS
    assert drafting.lines == ["The same line"] * 2


def test_a_refrain_may_return_and_a_single_word_too() -> None:
    villanelle = FORMS["villanelle"]
    lines = with_refrains(villanelle, [f"line number {n}" for n in range(19)])
    assert lines[0] == lines[5] == lines[11] == lines[17]
    assert first_repeat(villanelle, lines) is None
    assert first_repeat(villanelle, [*lines[:6], lines[1]]) == 6
    assert first_repeat(FORMS["haiku"], ["Rain", "Rain", "and rain"]) is None


@pytest.mark.parametrize("name", list(FORMS))
def test_whatever_stands_the_whole_keeps_its_number_of_lines(name: str) -> None:
    form = FORMS[name]
    letters = "sun" if form.spells else ""
    lines = [f"S{n} of it" for n in range(form.lines[1])]
    if letters:
        lines = ["So it is", "Us two", "Now"]
    for stands in range(len(lines)):
        bound = whole(form, letters, lines[:stands])
        assert re.fullmatch(bound, "\n".join(lines))
        assert not re.fullmatch(bound, "\n".join([*lines, "Once more"]))


def test_no_line_of_a_poem_holds_a_brace() -> None:
    assert not re.fullmatch(whole(FORMS["couplet"]), '{"choices\nWe met')


def test_only_a_poem_is_kept_from_saying_a_passage_again() -> None:
    assert usual.POEM.dry_multiplier > 0
    assert usual.CODE.dry_multiplier == usual.IDEAS.dry_multiplier == 0
