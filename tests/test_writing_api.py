"""The API of story, brainstorm and poetry, called as a program calls it, on the demo model."""

from collections.abc import Iterator
from typing import Any

import pytest
from gradio_client import Client

from shared.formats.poetry import FORMS


@pytest.fixture(scope="module")
def client(server: str) -> Iterator[Client]:
    client = Client(f"{server}/", analytics_enabled=False, verbose=False)
    yield client
    client.close()


@pytest.fixture(scope="module")
def story(client: Client) -> Any:
    return client.predict("The lighthouse", "adventure", "calm", api_name="/story_begin")


def test_a_story_begins(story: Any) -> None:
    assert set(story) == {"story_id", "passage_id", "answer_id", "scene", "choices", "ended"}
    assert story["scene"]
    assert story["ended"] or 2 <= len(story["choices"]) <= 4
    assert len({choice.casefold() for choice in story["choices"]}) == len(story["choices"])


def test_a_story_goes_on_by_an_action(client: Client, story: Any) -> None:
    place = {"story_id": story["story_id"], "passage_id": story["passage_id"]}
    following = client.predict(**place, action="I sing a song", api_name="/story_choose")
    assert following["story_id"] == story["story_id"]
    assert following["passage_id"] != story["passage_id"]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"choice": 9}, "no choice 9"),
        ({}, "either a choice or an action"),
        ({"choice": 0, "action": "run"}, "either a choice or an action"),
        ({"choice": 0, "passage_id": "nowhere"}, "no such passage"),
        ({"choice": 0, "story_id": "nothing"}, "no such story"),
    ],
)
def test_a_bad_step_in_a_story_is_explained(
    client: Client, story: Any, sent: dict[str, Any], says: str
) -> None:
    place = {"story_id": story["story_id"], "passage_id": story["passage_id"]}
    with pytest.raises(Exception, match=says):
        client.predict(**{**place, **sent}, api_name="/story_choose")


def test_ideas_come_with_new_titles(client: Client) -> None:
    first = client.predict("A library at night", 4, api_name="/brainstorm")
    titles = [idea["title"] for idea in first["ideas"]]
    assert len(set(titles)) == 4
    more = client.predict("A library at night", 2, "scamper", titles, api_name="/brainstorm")
    assert not {idea["title"] for idea in more["ideas"]} & set(titles)


def test_an_idea_is_refined_and_judged(client: Client) -> None:
    better = client.predict("Night desk", "Open late.", "cheaper", api_name="/refine")
    assert set(better) == {"answer_id", "title", "body"}
    judged = client.predict("Night desk", "Open late.", ["Fun", "Cost"], api_name="/evaluate")
    assert [row["criterion"] for row in judged["scores"]] == ["Fun", "Cost"]
    assert all(1 <= row["score"] <= 5 and row["reason"] for row in judged["scores"])
    assert judged["total"] == sum(row["score"] for row in judged["scores"])


@pytest.mark.parametrize("form", ["haiku", "couplet", "acrostic", "limerick"])
def test_a_poem_has_the_lines_of_its_form(client: Client, form: str) -> None:
    poem = client.predict(form, "winter", "calm", api_name="/poem")
    fewest, most = FORMS[form].lines
    assert fewest <= len(poem["lines"]) <= most
    assert [line["text"] for line in poem["report"]["lines"]] == poem["lines"]
    if form == "acrostic":
        assert "".join(line.strip()[0] for line in poem["lines"]) == "WINTER"


def test_a_poem_of_ones_own_is_checked_without_a_model(client: Client) -> None:
    text = "An old silent pond\nA frog jumps into the pond\nSplash! Silence again."
    assert client.predict(text, "haiku", api_name="/check_poem")["ok"]


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("story_begin", ["", "", ""], "1 to 500"),
        ("story_begin", ["x" * 501, "", ""], "1 to 500"),
        ("brainstorm", ["", 5], "1 to 500"),
        ("brainstorm", ["x", 11], "1 to 10"),
        ("refine", ["", "x"], "1 to 500"),
        ("evaluate", ["x", "y" * 2001], "2,000"),
        ("poem", ["haiku", "x" * 501], "1 to 500"),
        ("poem", ["ode", "x"], "haiku, tanka"),
        ("check_poem", ["", "haiku"], "1 to 10,000"),
    ],
)
def test_what_is_outside_its_limits_is_refused_in_words(
    client: Client, name: str, arguments: list[Any], says: str
) -> None:
    with pytest.raises(Exception, match=says):
        client.predict(*arguments, api_name=f"/{name}")
