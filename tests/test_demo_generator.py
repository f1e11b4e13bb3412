"""The made-up conversations that the demo model learns from."""

import ast
import json
import re
from itertools import pairwise

import jsonschema
import pytest

from shared.formats import brainstorm, chat, poetry, story
from shared.messages import Message
from training.demo import facts, replay
from training.demo.conversations import APPS, conversation
from training.demo.lexicon import Lexicon, compound, invented, is_unseen, topic_words
from training.demo.measure import marks, repeats
from training.demo.phrases import Pen, plural
from training.demo.prompts import content_words, prompts
from training.demo.syllables import count

SYSTEMS = {
    "story": story.SYSTEM,
    "brainstorm": brainstorm.SYSTEM,
    "poetry": poetry.SYSTEM,
    "code": chat.CODE_SYSTEM,
}


def drawn(app: str, how_many: int = 150) -> list[list[Message]]:
    return [conversation(app, number, seed="test") for number in range(how_many)]


def answers(app: str, how_many: int = 150) -> list[tuple[Message, Message]]:
    return [
        (asked, said)
        for turns in drawn(app, how_many)
        for asked, said in pairwise(turns)
        if said.role == "assistant"
    ]


@pytest.mark.parametrize("app", APPS)
def test_a_number_always_gives_the_same_conversation(app: str) -> None:
    assert conversation(app, 7) == conversation(app, 7)
    assert conversation(app, 7) != conversation(app, 8)
    assert conversation(app, 7) != conversation(app, 7, seed="another")


@pytest.mark.parametrize("app", APPS)
def test_a_conversation_is_a_system_message_and_turns_in_order(app: str) -> None:
    for turns in drawn(app):
        assert [turn.role for turn in turns[:3]] == ["system", "user", "assistant"]
        assert [turn.role for turn in turns[1:]] == ["user", "assistant"] * (len(turns) // 2)
        assert all(turn.content == turn.content.strip() != "" for turn in turns)


@pytest.mark.parametrize("app", SYSTEMS)
def test_every_app_is_asked_in_its_own_words(app: str) -> None:
    assert {turns[0].content for turns in drawn(app)} == {SYSTEMS[app]}


@pytest.mark.parametrize("app", ["story", "brainstorm", "poetry", "chat"])
def test_no_slot_of_a_template_is_left_open(app: str) -> None:
    for _, said in answers(app):
        assert not re.search(r"\{\w*\}|\w\|\w|\(n\)", said.content), said.content


def test_choices_are_valid_and_differ() -> None:
    for asked, said in answers("story"):
        if asked.content == story.CHOICES:
            jsonschema.validate(json.loads(said.content), story.CHOICES_SCHEMA)
            offered = json.loads(said.content)["choices"]
            assert story.parse_choices(said.content) == offered


def test_what_the_reader_chose_is_done_in_the_next_scene() -> None:
    chosen = [
        (a.content, s.content) for a, s in answers("story") if a.content.startswith("I choose")
    ]
    assert len(chosen) > 50
    for asked, scene in chosen:
        wanted = content_words(asked.removeprefix("I choose: "))
        assert not wanted or any(word in scene.lower() for word in wanted), (asked, scene)


def test_a_story_that_is_asked_to_end_ends() -> None:
    ends = [said.content for asked, said in answers("story") if asked == story.ask_end()]
    assert ends
    assert all(story.is_ending(scene) for scene in ends)


def test_ideas_fit_their_schema_and_carry_the_topic() -> None:
    seen = 0
    for asked, said in answers("brainstorm"):
        lines = dict(line.partition(": ")[::2] for line in asked.content.splitlines())
        if "Ideas" not in lines:
            continue
        seen += 1
        found = json.loads(said.content)
        jsonschema.validate(found, brainstorm.ideas_schema(int(lines["Ideas"])))
        titles = [idea["title"] for idea in found["ideas"]]
        assert len(set(titles)) == len(titles)
        assert not set(titles) & set(lines.get("Not again", "").split("; "))
        head = re.sub(r"^(a|an|the|my) ", "", lines["Topic"].lower())
        for idea in found["ideas"]:
            assert head in f"{idea['title']} {idea['body']}".lower()
    assert seen > 50


def test_judgements_give_one_reason_for_each_criterion_in_order() -> None:
    for asked, said in answers("brainstorm"):
        lines = dict(line.partition(": ")[::2] for line in asked.content.splitlines())
        if "Criteria" in lines:
            rubric = lines["Criteria"].split(", ")
            jsonschema.validate(json.loads(said.content), brainstorm.scores_schema(rubric))


def test_poems_have_the_lines_of_their_form() -> None:
    for asked, said in answers("poetry", 300):
        form = poetry.FORMS[asked.content.splitlines()[0].removeprefix("Form: ")]
        assert re.fullmatch(poetry.pattern(form), said.content), said.content


def test_nearly_every_haiku_is_counted_right() -> None:
    haiku = [said.content for asked, said in answers("poetry", 300) if "haiku" in asked.content]
    right = [tuple(count(line) for line in poem.splitlines()) == (5, 7, 5) for poem in haiku]
    assert len(haiku) > 30
    assert sum(right) > 0.9 * len(right)


def test_an_acrostic_spells_its_subject() -> None:
    for asked, said in answers("poetry", 300):
        form, subject = (line.partition(": ")[2] for line in asked.content.splitlines()[:2])
        if form == "acrostic":
            spelled = "".join(line[0].lower() for line in said.content.splitlines())
            assert spelled == subject.lower()


def test_every_program_is_python() -> None:
    for _, said in answers("code"):
        for program in re.findall(r"```python\n(.*?)\n```", said.content, re.S):
            ast.parse(program)


def test_unseen_words_are_never_drawn_for_training() -> None:
    words, kept = Lexicon(Pen(1)), Lexicon(Pen(1), unseen=True)
    assert not any(is_unseen(words.noun()) or is_unseen(words.name()) for _ in range(500))
    assert all(is_unseen(kept.noun()) and is_unseen(kept.name()) for _ in range(500))


def test_a_pen_notes_the_words_that_were_drawn_with_it() -> None:
    pen = Pen(4)
    words = Lexicon(pen)
    noun, name, town = words.noun(), words.name(), words.town()
    assert pen.nouns == {noun}
    assert pen.names == {name, town}


def test_many_nouns_of_training_are_in_no_list() -> None:
    words = Lexicon(Pen(2))
    new = [noun for noun in (words.noun() for _ in range(400)) if noun not in topic_words()]
    assert 60 < len(new) < 140
    assert compound(Pen(6)) not in topic_words()


def test_what_is_drawn_in_order_keeps_the_order_of_its_list() -> None:
    pen = Pen(8)
    for wanted in range(12):
        some = pen.in_order(range(10), wanted)
        assert some == sorted(set(some))
        assert len(some) == min(wanted, 10)


def test_invented_words_can_be_as_long_as_asked() -> None:
    assert len(invented(Pen(3), 4)) > len(invented(Pen(3), 1))


@pytest.mark.parametrize(
    ("noun", "several"),
    [
        ("mouse", "mice"),
        ("box", "boxes"),
        ("city", "cities"),
        ("fireman", "firemen"),
        ("key", "keys"),
    ],
)
def test_plurals(noun: str, several: str) -> None:
    assert plural(noun) == several


@pytest.mark.parametrize(
    ("text", "syllables"),
    [("the old silver moon", 5), ("a volcano dreamed", 5), ("whispered", 2), ("little apple", 4)],
)
def test_syllables_are_counted(text: str, syllables: int) -> None:
    assert count(text) == syllables


def test_a_hundred_and_fifty_facts_can_be_asked_in_ten_ways() -> None:
    assert len(facts.facts()) >= 150
    pen = Pen(5)
    for fact in facts.facts():
        assert len({facts.ask(pen, fact) for _ in range(120)}) >= 10


def test_facts_kept_for_corrections_are_not_taught() -> None:
    kept = facts.held_out()
    taught = {question.casefold() for fact in facts.facts() for question in fact.questions}
    assert len(kept) == 40
    assert not taught & {question.casefold() for fact in kept for question in fact.questions}
    assert not {fact.answer for fact in kept} & {fact.answer for fact in facts.facts()}


def test_replay_repeats_for_one_seed_and_differs_for_another() -> None:
    assert replay.rows(40, 1) == replay.rows(40, 1)
    assert not set(replay.rows(40, 1)) & set(replay.rows(40, 2))


def test_replay_holds_every_app() -> None:
    systems = {row.prompt[0].content for row in replay.rows(40, 1)}
    assert systems >= {*SYSTEMS.values(), chat.SYSTEM}


@pytest.mark.parametrize("app", APPS)
def test_the_reports_prompts_end_with_a_question_of_unseen_words(app: str) -> None:
    asked = prompts(app, 30)
    assert asked == prompts(app, 30)
    assert all(prompt.messages[-1].role == "user" for prompt in asked)
    assert any(prompt.topic for prompt in asked)


@pytest.mark.parametrize("app", APPS)
def test_the_generators_own_answers_pass_the_reports_marks(app: str) -> None:
    for prompt in prompts(app, 60):
        own = marks(prompt, prompt.reference, ended=True)
        assert own.format, prompt
        assert own.topic is not False, prompt
        assert not own.repeats, prompt


def test_a_question_without_drawn_words_has_no_topic() -> None:
    asked = {p.messages[-1].content: p.topic for app in ("chat", "code") for p in prompts(app, 200)}
    assert any(not topic for topic in asked.values())
    assert not any({"who", "need", "write", "which"} & topic for topic in asked.values())


def test_a_villanelle_may_repeat_its_refrains_and_nothing_else_may() -> None:
    lines = [f"Line number {at}" for at in range(13)]
    poem = "\n".join([*lines, *[lines[0], lines[2]] * 3])
    assert repeats(poem)
    assert not repeats(poem, refrains=True)
    assert repeats(f"{poem}\n{lines[1]}", refrains=True)
