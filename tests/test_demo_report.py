"""The demo model's report asks as the apps do, and keeps what people wrote in it."""

import json

from shared.engine.types import Request
from shared.formats import brainstorm, poetry, usual
from shared.messages import Message
from tests.writing_room import scripted
from training.demo.asking import as_the_app, plainly
from training.demo.prompts import Prompt
from training.demo.report import placed

IDEAS = [{"title": f"{name} lamp", "body": f"It shines {name} at night."} for name in "abc"]


def prompt(app: str, part: str, question: Message, **more: object) -> Prompt:
    messages = (Message("system", "Help."), question)
    return Prompt(
        app=app, number=3, part=part, messages=messages, reference="",
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


async def test_a_repeated_idea_is_asked_for_again_as_on_the_board() -> None:
    twice = json.dumps({"ideas": [IDEAS[0], IDEAS[0]]})
    engine = scripted([twice, json.dumps({"ideas": IDEAS[1:]})])
    question = brainstorm.ask_ideas("lamps", 2, "reverse", ["x lamp", "y lamp"])
    given = await as_the_app(engine, prompt("brainstorm", "ideas", question))
    assert [idea.title for idea in brainstorm.parse_ideas(given.text)] == ["a lamp", "b lamp"]
    assert given.answers == 2
    again = engine.requests[1].messages[-1].content
    assert "Not again: x lamp; y lamp; a lamp" in again
    assert f"Method: reverse ({brainstorm.METHODS['reverse']})" in again


async def test_a_repeated_line_is_written_anew_as_in_the_app() -> None:
    engine = scripted(["We met at noon\nWe met at noon", "We met at noon\nbeneath the moon"])
    asked = prompt("poetry", "couplet", poetry.ask("couplet", "noon"))
    given = await as_the_app(engine, asked)
    assert given.text == "We met at noon\nbeneath the moon"
    assert given.answers == 2
    assert all(request.sampling.dry_multiplier > 0 for request in engine.requests)


async def test_each_app_is_asked_at_its_own_temperature_with_the_prompts_seed() -> None:
    seen: list[Request] = []

    def say(request: Request) -> str:
        seen.append(request)
        return "Hello."

    hello = Message("user", "Hello.")
    await as_the_app(scripted(say), prompt("chat", "talk", hello))
    await as_the_app(scripted(say), prompt("story", "scene", hello))
    await plainly(scripted(say), prompt("chat", "talk", hello), bound=True)
    temperatures = [request.sampling.temperature for request in seen]
    assert temperatures[:2] == [usual.CHAT.temperature, usual.SCENE.temperature]
    assert {request.sampling.seed for request in seen} == {3}
    assert seen[2].sampling.dry_multiplier == 0


def test_what_people_wrote_above_the_figures_stays() -> None:
    assert placed("new", "# Title\n\n## The figures\n\nold") == "# Title\n\n## The figures\n\nnew"
    assert placed("new", "") == "new"
