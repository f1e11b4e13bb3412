"""A conversation: nothing said is lost, nobody reads another's, and every ending is kept."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.context import Ask, Context
from apps.talk import conversation as talk
from apps.talk import export, limits, view
from apps.talk.conversation import Conversation
from apps.talk.display import closed, from_shown, parts, shown_answer, shown_question, text_of
from apps.talk.exchange import CHAT, CODE, Exchange
from apps.talk.limits import Wishes
from apps.talk.presets import PresetStore
from apps.talk.store import ConversationStore
from apps.talk.temporary import Conversations
from apps.ui.mended import TAB_STAYS
from apps.ui.stream import Progress
from feedback.answers import AnswerStore
from feedback.flags import FlagService
from shared.engine.scripted import ALL_ABILITIES, ScriptedEngine
from shared.engine.types import EngineInfo, Request, Waiting
from shared.errors import BadRequest, NotFound, QueueFull
from shared.formats import chat as formats
from shared.home import Home
from shared.messages import Message
from shared.settings import Settings

OWNER, STRANGER = "o" * 32, "s" * 32
WISHES = Wishes(max_tokens=64)


def spoken(*texts: str) -> Conversation:
    """A conversation of these texts, in turn the person's and the model's."""
    now = talk.begin()
    for number, text in enumerate(texts):
        if number % 2 == 0:
            now = talk.say(now, text)
        else:
            now = talk.reply(now, now.path()[-1], text=text, answer_id=f"a{number}", finish="stop")
    return now


def said(conversation: Conversation) -> list[str]:
    return [turn.text for turn in conversation.path()]


def test_a_conversation_is_read_in_the_order_in_which_it_was_held() -> None:
    assert said(spoken("one", "two", "three")) == ["one", "two", "three"]


def test_trying_again_adds_a_version_beside_the_first_answer() -> None:
    now = spoken("hello", "first")
    again = talk.ask_again(now, now.path()[1])
    assert said(again) == ["hello"]
    twice = talk.reply(again, again.path()[0], text="second", answer_id="b", finish="stop")
    assert said(twice) == ["hello", "second"]
    assert [turn.text for turn in twice.versions(twice.path()[1])] == ["first", "second"]


def test_a_version_is_compared_with_the_one_before_it() -> None:
    now = spoken("hello", "first")
    for text in ("second", "third"):
        again = talk.ask_again(now, now.path()[1])
        now = talk.reply(again, again.path()[0], text=text, answer_id=text, finish="stop")
    first, second, third = now.versions(now.path()[1])
    assert talk.neighbour(now, third) == second
    assert talk.neighbour(now, first) == second


def test_editing_a_question_keeps_the_old_branch() -> None:
    now = spoken("hello", "hi", "more", "yes")
    edited = talk.edit(now, now.path()[0], "goodbye")
    assert said(edited) == ["goodbye"]
    back = talk.show_version(edited, edited.path()[0], -1)
    assert said(back) == ["hello", "hi", "more", "yes"]


def test_undo_takes_the_last_question_back_with_its_answer() -> None:
    before, text = talk.undo(spoken("hello", "hi", "more", "yes"))
    assert (said(before), text) == (["hello", "hi"], "more")


def test_undo_of_an_empty_conversation_changes_nothing() -> None:
    empty = talk.begin()
    assert talk.undo(empty) == (empty, "")


def test_the_version_line_counts_from_one() -> None:
    now = spoken("hello", "first")
    again = talk.ask_again(now, now.path()[1])
    twice = talk.reply(again, again.path()[0], text="second", answer_id="b", finish="stop")
    assert view.version_line(now) == ""
    assert view.version_line(twice) == "Answer 2 of 2"
    assert view.version_line(talk.show_version(twice, twice.path()[1], -1)) == "Answer 1 of 2"


def test_a_turn_that_is_not_there_is_refused_in_words() -> None:
    with pytest.raises(BadRequest, match="not part of the conversation"):
        spoken("hello").turn("somebody-else's")


def test_the_title_is_the_opening_in_a_few_words() -> None:
    assert talk.begin().title() == "New conversation"
    assert spoken("  tell\n me ").title() == "tell me"
    assert len(spoken("word " * 100).title()) == talk.TITLE_CHARACTERS


# What a page shows


@given(st.text(max_size=400))
def test_what_a_person_wrote_comes_back_from_the_page_unchanged(text: str) -> None:
    assert from_shown(shown_question(text)).strip() == text.strip()


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "def f():\n    return 2", "![x](http://evil/x.png)", "# big"],
)
def test_a_question_that_markdown_would_change_is_fenced(text: str) -> None:
    assert shown_question(text) == f"```text\n{text}\n```"


def test_a_question_with_its_own_fence_is_left_alone() -> None:
    text = "What is wrong here?\n```python\ndef f(:\n    <b>\n```"
    assert shown_question(text) == text


def test_html_in_an_answer_is_text_outside_code_and_untouched_inside() -> None:
    answer = "Use <b>, `<i>` or\n```html\n<u>x</u>\n```\nand ![x](http://evil/x.png)"
    shown = shown_answer(answer)
    assert shown == ("Use &lt;b>, `<i>` or\n```html\n<u>x</u>\n```\nand \\![x](http://evil/x.png)")


def test_a_fence_that_is_still_being_written_counts_as_code() -> None:
    assert shown_answer("```html\n<u>x") == "```html\n<u>x"


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        ("```python\nx = 1", "x = 1\n```"),
        ("~~~~\nx", "x\n~~~~"),
        ("```\nx\n```", "x\n```"),
        ("```\nx\n```\nend", "end"),
        ("So: ```python", "```python"),
        ("```python", "```python\n```"),
        ("```x``` is", "is"),
    ],
)
def test_what_follows_a_fence_that_was_cut_off_stands_outside_it(answer: str, end: str) -> None:
    assert closed(answer).endswith(end)


def test_a_message_keeps_its_indentation_on_the_way_to_the_page_and_back() -> None:
    assert text_of(parts("a\n    b\n")) == "a\n    b\n"


def test_the_place_in_the_queue_is_shown_where_the_answer_will_be() -> None:
    row = view.pending_row(Progress("id", "", waiting=Waiting(2, 6.0)))
    assert "6 s" in text_of(row["content"])


def test_an_answer_that_was_stopped_says_so() -> None:
    now = talk.say(talk.begin(), "go")
    now = talk.reply(now, now.path()[0], text="half", answer_id="a", finish="cancelled")
    rows = view.rows(now, lambda _: "")
    assert "Stopped" in text_of(rows[1]["content"])


def test_a_conversation_comes_back_from_its_json_with_every_version() -> None:
    now = spoken("if x:\n\treturn  ", "```py\nprint(1)\n```", "and\r\nnow?", "")
    now = talk.edit(now, now.path()[2], "## You\n\nor then?")
    back = export.read_file(export.as_json(now).text)
    assert said(back) == said(now)
    assert [turn.text for turn in back.turns] == [turn.text for turn in now.turns]
    assert back.id != now.id
    assert not {turn.id for turn in back.turns} & {turn.id for turn in now.turns}
    assert not any(turn.answer_id for turn in back.turns)


HARD_CODE = (
    "\tif x:\n\t    return  \n\n\n# a fence inside:\n```\n~~~ {}\n  ```\n<b>&amp;</b>  \r\n\\x\n"
)
LANGUAGES = (
    "python", "javascript", "typescript", "java", "c", "c++", "c#", "go", "rust", "ruby", "php",
    "html", "css", "sql", "bash", "yaml", "makefile",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_comes_through_every_way_byte_for_byte(
    store: ConversationStore, language: str
) -> None:
    code = HARD_CODE.format(language)
    answer = f"Here:\n\n````{language}\n{code}\n````\n"
    now = spoken(code, answer)
    store.keep(OWNER, now, WISHES)
    kept, _ = store.open(OWNER, now.id)
    assert said(kept) == [code, answer]
    assert [message.content for message in talk.messages(kept.path())] == [code, answer]
    assert said(export.read_file(export.as_json(kept).text)) == [code, answer]
    assert from_shown(text_of(parts(shown_question(code)))) == code
    assert code in shown_answer(answer).replace(f"{TAB_STAYS}\t", "\t")


def test_markdown_and_lists_of_messages_come_back_too() -> None:
    now = spoken("hello\n\n  there", "hi", "more")
    assert said(export.read_file(export.as_markdown(now).text)) == said(now)
    rows = '[{"role": "system", "content": "s"}, {"role": "user", "content": "hello"}]'
    assert said(export.read_file(rows)) == ["hello"]


@pytest.mark.parametrize(
    "text",
    ["", "hello", "{", "[]", "[1]", '{"turns": [{"id": 1}]}', '[{"role": "cat", "content": ""}]'],
)
def test_a_file_that_is_no_conversation_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadRequest, match="Choose a JSON or Markdown file"):
        export.read_file(text)


def test_a_copy_holds_every_turn_to_the_letter() -> None:
    now = spoken("def f():\n    pass", "Fine.")
    assert "def f():\n    pass" in export.as_markdown(now).text
    assert '"def f():\\n    pass"' in export.as_json(now).text


# Limits


@pytest.mark.parametrize(
    ("wishes", "names"),
    [
        (Wishes(temperature=1.51), "temperature"),
        (Wishes(temperature=float("nan")), "temperature"),
        (Wishes(max_tokens=0), "1 to 1024"),
        (Wishes(max_tokens=1025), "1 to 1024"),
        (Wishes(seed=-1), "seed"),
        (Wishes(system="x" * 20_001), "20,000"),
    ],
)
def test_a_wish_beyond_its_limit_is_refused_with_the_limit(wishes: Wishes, names: str) -> None:
    with pytest.raises(BadRequest, match=names):
        limits.check_wishes(wishes, window_tokens=1024)


@pytest.mark.parametrize(("text", "seed"), [("", None), (" ", None), (" 7 ", 7), ("0", 0)])
def test_an_empty_seed_draws_a_new_one_each_time(text: str, seed: int | None) -> None:
    assert limits.read_seed(text) == seed


def test_a_seed_that_is_no_number_is_refused_in_words() -> None:
    with pytest.raises(BadRequest, match="whole number"):
        limits.read_seed("lucky")


@pytest.mark.parametrize(("text", "names"), [("", "empty"), (" \n", "empty"), (None, "text")])
def test_a_message_without_words_is_refused(text: object, names: str) -> None:
    with pytest.raises(BadRequest, match=names):
        limits.check_message(text)


def test_a_message_of_a_hundred_thousand_characters_is_taken_and_one_more_is_not() -> None:
    assert limits.check_message("x" * 100_000)
    with pytest.raises(BadRequest, match="100,000"):
        limits.check_message("x" * 100_001)


def test_wishes_survive_the_store_and_unknown_ones_are_left_out() -> None:
    wishes = Wishes(system="You are a pirate.", seed=7)
    assert limits.read_wishes(wishes.to_json()) == wishes
    assert limits.read_wishes('{"seed": 7, "of_a_later_version": 1}') == Wishes(seed=7)


# The store


@pytest.fixture
def store(tmp_path: Path) -> ConversationStore:
    return ConversationStore(tmp_path / "history.sqlite", "chat", keep_days=90)


def test_a_conversation_survives_a_restart_with_all_its_branches(tmp_path: Path) -> None:
    now = spoken("hello", "hi")
    now = talk.edit(now, now.path()[0], "good\n    day")
    ConversationStore(tmp_path / "h.sqlite", "chat", keep_days=90).keep(OWNER, now, WISHES)
    later = ConversationStore(tmp_path / "h.sqlite", "chat", keep_days=90)
    assert later.open(OWNER, now.id) == (now, WISHES)


def test_nobody_opens_lists_changes_or_deletes_somebody_elses(store: ConversationStore) -> None:
    now = spoken("hello", "hi")
    store.keep(OWNER, now, WISHES)
    with pytest.raises(NotFound):
        store.open(STRANGER, now.id)
    with pytest.raises(NotFound):
        store.keep(STRANGER, talk.say(now, "mine now"), WISHES)
    store.delete(STRANGER, now.id)
    assert store.list(STRANGER) == []
    assert store.open(OWNER, now.id) == (now, WISHES)


def test_an_id_that_no_file_can_hold_is_refused_in_words(store: ConversationStore) -> None:
    with pytest.raises(BadRequest, match="half a character"):
        store.open("ada", "\ud800")


def test_chat_and_code_keep_their_conversations_apart(tmp_path: Path) -> None:
    chat, code = (
        ConversationStore(tmp_path / "h.sqlite", app, keep_days=90) for app in ("chat", "code")
    )
    chat.keep(OWNER, spoken("hello"), WISHES)
    assert code.list(OWNER) == []


def test_turns_of_two_tabs_are_both_kept(store: ConversationStore) -> None:
    now = spoken("hello", "hi")
    store.keep(OWNER, now, WISHES)
    store.keep(OWNER, talk.say(now, "from one tab"), WISHES)
    store.keep(OWNER, talk.say(now, "from the other"), WISHES)
    both, _ = store.open(OWNER, now.id)
    assert {turn.text for turn in both.turns} >= {"from one tab", "from the other"}


def test_a_conversation_is_named_after_its_words_and_not_after_a_fence() -> None:
    asked = talk.say(talk.begin(), "What is this?\n```python\nx = 1\n```\n")
    assert asked.title() == "What is this? x = 1"


def test_an_answer_that_was_growing_becomes_a_turn_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    store = ConversationStore(path, "chat", keep_days=1)
    asked = talk.say(talk.begin(), "hello")
    question = asked.turn(asked.leaf or "")
    store.keep(OWNER, asked, WISHES)
    store.grow(asked.id, question, "Hello")
    store.grow(asked.id, question, "Hello the")
    assert said(store.open(OWNER, asked.id)[0]) == ["hello"]
    ConversationStore(path, "code", keep_days=1)
    for _ in range(2):
        again, _ = ConversationStore(path, "chat", keep_days=1).open(OWNER, asked.id)
        assert said(again) == ["hello", "Hello the"]
        assert again.path()[-1].finish == "cut off"


def test_an_answer_that_ended_leaves_nothing_to_take_up(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    store = ConversationStore(path, "chat", keep_days=1)
    asked = talk.say(talk.begin(), "hello")
    store.keep(OWNER, asked, WISHES)
    store.grow(asked.id, asked.turn(asked.leaf or ""), "Hello")
    store.grown(asked.id)
    store.grow("elsewhere", asked.turn(asked.leaf or ""), "Hello")
    again, _ = ConversationStore(path, "chat", keep_days=1).open(OWNER, asked.id)
    assert said(again) == ["hello"]


def test_the_cookie_itself_is_nowhere_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    ConversationStore(path, "chat", keep_days=90).keep(OWNER, spoken("hello"), WISHES)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"hello" in written
    assert OWNER.encode() not in written


def test_what_nobody_touched_for_long_is_deleted_with_its_turns(store: ConversationStore) -> None:
    now = spoken("hello", "hi")
    store.keep(OWNER, now, WISHES)
    store.forget_before(datetime.now(UTC) + timedelta(seconds=1))
    assert store.list(OWNER) == []
    store.keep(OWNER, talk.begin(), WISHES)
    store.keep(OWNER, Conversation(id=now.id), WISHES)
    assert store.open(OWNER, now.id)[0].turns == ()


def test_conversations_are_found_by_what_was_said_in_them(store: ConversationStore) -> None:
    heron, other = spoken("hello", "a Heron_100% sure"), spoken("good day", "to you")
    for one in (heron, other):
        store.keep(OWNER, one, WISHES)
    assert [one.id for one in store.list(OWNER, search="heron_100%")] == [heron.id]
    assert store.list(OWNER, search="heronx100") == []
    assert store.list(STRANGER, search="heron") == []


def test_a_name_stays_whatever_is_said_later(store: ConversationStore) -> None:
    now = spoken("hello", "hi")
    store.keep(OWNER, now, WISHES)
    store.rename(OWNER, now.id, "  About birds ")
    store.keep(OWNER, talk.say(now, "more"), WISHES)
    assert [one.title for one in store.list(OWNER)] == ["About birds"]
    with pytest.raises(BadRequest, match="0 to 80"):
        store.rename(OWNER, now.id, "x" * 81)
    with pytest.raises(NotFound):
        store.rename(STRANGER, now.id, "Mine")


def test_what_is_pinned_comes_first_and_stays(store: ConversationStore) -> None:
    first, second = spoken("first"), spoken("second")
    for one in (first, second):
        store.keep(OWNER, one, WISHES)
    store.pin(OWNER, first.id)
    assert store.latest(OWNER) == second.id
    assert [(one.id, one.pinned) for one in store.list(OWNER)] == [
        (first.id, True),
        (second.id, False),
    ]
    store.forget_before(datetime.now(UTC) + timedelta(seconds=1))
    assert [one.id for one in store.list(OWNER)] == [first.id]


def test_a_file_of_an_older_version_gets_the_columns_that_came_later(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TABLE conversation (id TEXT PRIMARY KEY, owner TEXT NOT NULL,"
            " app TEXT NOT NULL,"
            " title TEXT NOT NULL, wishes TEXT NOT NULL, leaf TEXT, touched_at TEXT NOT NULL)"
        )
    for _ in range(2):
        store = ConversationStore(path, "chat", keep_days=90)
    store.keep(OWNER, spoken("hello"), WISHES)
    assert [one.title for one in store.list(OWNER)] == ["hello"]


def test_a_temporary_conversation_is_nowhere_on_disk_and_goes_with_its_tab(tmp_path: Path) -> None:
    both = Conversations(ConversationStore(tmp_path / "h.sqlite", "chat", keep_days=90))
    now = talk.say(both.begin_temporary(OWNER, "tab"), "a secret heron")
    now = talk.reply(now, now.path()[-1], text="I see.", answer_id="a1", finish="stop")
    both.keep(OWNER, now, WISHES)
    assert both.open(OWNER, now.id) == (now, WISHES)
    assert both.has_temporary("a1")
    assert both.list(OWNER) == []
    with pytest.raises(NotFound):
        both.open(STRANGER, now.id)
    assert b"heron" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert both.forget_tab("another") == []
    assert both.forget_tab("tab") == ["a1"]
    with pytest.raises(NotFound):
        both.open(OWNER, now.id)


def test_a_persons_own_presets_are_kept_for_them_alone(tmp_path: Path) -> None:
    presets = PresetStore(tmp_path / "h.sqlite", "chat", given={"Balanced": Wishes()})
    pirate = Wishes(system="You are a pirate.", temperature=1.2)
    presets.save(OWNER, " Pirate ", pirate)
    assert presets.all(OWNER) == {"Balanced": Wishes(), "Pirate": pirate}
    assert list(presets.all(STRANGER)) == ["Balanced"]
    with pytest.raises(BadRequest, match="one of the app's"):
        presets.save(OWNER, "Balanced", pirate)
    presets.remove(OWNER, "Pirate")
    assert list(presets.all(OWNER)) == ["Balanced"]


# The exchange with a model


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").prepare()


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(["One two three.", "Four five six."])


@pytest.fixture
def ctx(home: Home, engine: ScriptedEngine) -> Iterator[Context]:
    settings = Settings()
    answers = AnswerStore(home.history)
    flags = FlagService(home, answers, settings)
    yield Context(settings, home, lambda _role: engine, answers, flags)
    flags.close()
    answers.close()


@pytest.fixture
def exchange(ctx: Context) -> Exchange:
    return Exchange(
        ctx, CHAT, Conversations(ConversationStore(ctx.home.history, "chat", keep_days=90))
    )


async def held(exchange: Exchange, now: Conversation, wishes: Wishes = WISHES) -> Conversation:
    """The conversation after its last question was answered."""
    async with aclosing(exchange.answer(OWNER, now, wishes)) as steps:
        async for _ in steps:
            pass
    return exchange.store.open(OWNER, now.id)[0]


class ThreeModels(ScriptedEngine):
    """The second model answers, and when it has, the third one is there already."""

    def __init__(self) -> None:
        super().__init__(["One."], release="second")
        self._told = [
            EngineInfo(
                release=name, sha256=name[0] * 64, abilities=ALL_ABILITIES, context_tokens=4096
            )
            for name in ("first", "third")
        ]

    def info(self) -> EngineInfo:
        return self._told.pop(0) if len(self._told) > 1 else self._told[0]


async def test_no_file_is_named_for_a_model_that_came_and_went_within_an_answer(
    ctx: Context,
) -> None:
    models = ThreeModels()
    passing = replace(ctx, engine_for=lambda _role: models)
    ask = Ask(app="chat", request=Request(messages=(Message("user", "?"),), owner=OWNER))
    answer = await passing.whole_answer(ask)
    record = ctx.answers.get(answer.answer_id)
    assert record is not None
    assert (record.model.name, record.model.sha256) == ("second", "")


async def test_an_answer_is_kept_with_its_id_and_its_ending(exchange: Exchange) -> None:
    now = await held(exchange, spoken("count"))
    answer = now.path()[-1]
    assert (answer.text, answer.finish) == ("One two three.", "stop")
    record = exchange.ctx.answers.get(answer.answer_id)
    assert record is not None
    assert (record.app, record.text, record.prompt_version) == ("chat", answer.text, "chat-1")


async def test_the_model_is_told_what_the_store_holds(
    exchange: Exchange, engine: ScriptedEngine
) -> None:
    now = await held(exchange, spoken("count\n    on"))
    await held(exchange, talk.say(now, "more"))
    contents = [message.content for message in engine.requests[-1].messages]
    assert contents == [formats.SYSTEM, "count\n    on", "One two three.", "more"]


@pytest.mark.parametrize(("system", "shared"), [("", 1), ("You are a pirate.", 0)])
async def test_only_the_apps_own_system_prompt_is_shared_between_people(
    exchange: Exchange, engine: ScriptedEngine, system: str, shared: int
) -> None:
    await held(exchange, spoken("count"), Wishes(system=system, max_tokens=64))
    request = engine.requests[-1]
    assert (request.shared_messages, request.owner, request.app) == (shared, OWNER, "chat")


async def test_code_asks_with_its_own_prompt(ctx: Context, engine: ScriptedEngine) -> None:
    store = Conversations(ConversationStore(ctx.home.history, "code", keep_days=90))
    await held(Exchange(ctx, CODE, store), spoken("count"))
    assert engine.requests[-1].messages[0].content == formats.CODE_SYSTEM


async def test_a_stopped_answer_keeps_what_was_written_and_frees_the_engine(
    ctx: Context, exchange: Exchange
) -> None:
    hold = asyncio.Event()
    engine = ScriptedEngine(["One two three."], hold=hold, hold_after=1)
    exchange.ctx = Context(ctx.settings, ctx.home, lambda _: engine, ctx.answers, ctx.flags)
    now = spoken("count")
    steps = exchange.answer(OWNER, now, WISHES)
    async for step in steps:
        if step.text:
            break
    await steps.aclose()
    kept = exchange.store.open(OWNER, now.id)[0].path()[-1]
    assert (kept.text, kept.finish) == ("One", "cancelled")
    assert (engine.running, engine.cancelled) == (0, 1)


async def test_a_question_that_was_refused_has_no_answer(ctx: Context, exchange: Exchange) -> None:
    engine = ScriptedEngine([QueueFull("Too many wait.", fix="Try again.")])
    exchange.ctx = Context(ctx.settings, ctx.home, lambda _: engine, ctx.answers, ctx.flags)
    now = spoken("count")
    with pytest.raises(QueueFull):
        await held(exchange, now)
    assert said(exchange.store.open(OWNER, now.id)[0]) == ["count"]
    assert not exchange.is_answering(now.id)


async def test_one_answer_at_a_time_in_one_conversation(exchange: Exchange) -> None:
    now = spoken("count")
    running = exchange.answer(OWNER, now, WISHES)
    await anext(running)
    with pytest.raises(BadRequest, match="still being written"):
        await anext(exchange.answer(OWNER, now, WISHES))
    await running.aclose()
    assert said(await held(exchange, now)) == ["count", "One two three."]


async def test_deleting_a_conversation_while_it_is_answered_leaves_nothing(
    exchange: Exchange,
) -> None:
    now = spoken("count")
    running = exchange.answer(OWNER, now, WISHES)
    await anext(running)
    exchange.store.delete(OWNER, now.id)
    async for _ in running:
        pass
    assert exchange.store.list(OWNER) == []


async def test_a_length_beyond_the_window_is_cut_to_the_window(exchange: Exchange) -> None:
    fitted = exchange.fitted(Wishes(max_tokens=1_000_000))
    assert fitted.max_tokens == exchange.window_tokens()
