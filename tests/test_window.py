"""What stays of a conversation that outgrows the window."""

from collections import Counter

import pytest

from shared.errors import PromptTooLong
from shared.llama.render import ChatTemplate
from shared.llama.window import fit, fit_prompt
from shared.messages import Message
from tests.test_render import CHATML, VOCAB

SYSTEM = Message("system", "s" * 5)


def conversation(turns: int, size: int = 10) -> list[Message]:
    said: list[Message] = [SYSTEM]
    for number in range(turns):
        said.append(Message("user", f"{number}".ljust(size, "q")))
        said.append(Message("assistant", f"{number}".ljust(size, "a")))
    return [*said, Message("user", "newest")]


def letters(message: Message) -> int:
    return len(message.content)


def test_what_fits_is_left_alone() -> None:
    said = conversation(3)
    assert fit(said, budget=1000, count=letters) == (said, 0)


def test_whole_oldest_turns_go_first() -> None:
    said = conversation(5)
    kept, dropped = fit(said, budget=5 + 6 + 20 + 20 + 19, count=letters)
    assert kept == [SYSTEM, *said[7:]]
    assert dropped == 6


def test_the_system_message_and_the_newest_stay() -> None:
    kept, dropped = fit(conversation(5), budget=11, count=letters)
    assert [message.content for message in kept] == ["sssss", "newest"]
    assert dropped == 10


def test_too_long_a_message_is_refused_with_both_numbers() -> None:
    with pytest.raises(PromptTooLong, match=r"takes 11 tokens; there is room for 10"):
        fit(conversation(5), budget=10, count=letters)


def test_no_message_is_counted_twice_and_none_that_is_gone() -> None:
    counted: Counter[str] = Counter()

    def count(message: Message) -> int:
        counted[message.content] += 1
        return len(message.content)

    fit(conversation(500), budget=200, count=count)
    assert max(counted.values()) == 1
    assert len(counted) < 25


def test_a_fitted_prompt_fits_exactly() -> None:
    template = ChatTemplate(VOCAB, CHATML, "", "")
    said = conversation(50)
    whole = len(template.render(said).tokens)
    for budget in (whole, whole - 1, whole // 2, len(template.render(said[:1] + said[-1:]).tokens)):
        fitted = fit_prompt(template, said, budget=budget)
        assert len(fitted.rendered.tokens) <= budget
        assert fitted.messages[0] == SYSTEM
        assert fitted.messages[-1] == said[-1]
        assert fitted.dropped == len(said) - len(fitted.messages)
    assert fit_prompt(template, said, budget=whole).dropped == 0


def test_a_prompt_one_token_too_long_is_refused() -> None:
    template = ChatTemplate(VOCAB, CHATML, "", "")
    said = [SYSTEM, Message("user", "newest")]
    needed = len(template.render(said).tokens)
    with pytest.raises(PromptTooLong, match=f"{needed} tokens"):
        fit_prompt(template, said, budget=needed - 1)
