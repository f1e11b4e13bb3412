"""Lets a larger model write rows: answers to given questions, or questions and their answers.

The teacher is any server that speaks OpenAI's API. Every answer is kept in a file beside the result
as soon as it arrives, so a call that was ended is continued, and nothing is paid for twice. Who
wrote the rows, and under which licence, stands in `NAME.about.json`; the teacher's terms decide
what a model trained on them may be used for.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared.durable import replace_text
from shared.errors import TrainingError
from shared.messages import Message, to_dict
from training.data_near import Seen

Ask = Callable[[Sequence[Message], int], str]
"""Messages and the number of the try to an answer."""
QUESTION = (
    "Write one question or task that somebody might give to an assistant on this topic: {topic}\n"
    "Make it concrete and unlike the usual ones. Reply with the question alone."
)
NEAR = 0.7


@dataclass(frozen=True, slots=True)
class Teacher:
    """Who answers, and how."""

    url: str
    model: str
    licence: str
    """Of what it writes, as its maker states it."""
    system: str = ""
    temperature: float = 0.7
    max_tokens: int = 1024
    key: str = ""
    """Of the server; never stored."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came out."""

    rows: int
    asked: int
    """How often the teacher was asked now; the rest was there already."""
    repeated: int
    """Questions that were left out because they were too near to others."""


class Cache:
    """Answers so far, one JSON line each; half a line at the end is left out."""

    def __init__(self, path: Path, teacher: Teacher) -> None:
        self._path = path
        told = asdict(teacher)
        told.pop("key")
        self._told = json.dumps(told, sort_keys=True)
        self._found: dict[str, str] = {}
        self.added = 0
        self._lock = threading.Lock()
        if path.is_file():
            raw = path.read_bytes()
            whole = raw[: raw.rfind(b"\n") + 1]
            if len(whole) != len(raw):
                path.write_bytes(whole)
            rows = (json.loads(line) for line in whole.decode().splitlines())
            self._found = {row["key"]: row["answer"] for row in rows}

    def answer(self, messages: Sequence[Message], number: int, ask: Ask) -> str:
        """The answer that was given before, or a new one."""
        told = json.dumps([self._told, [to_dict(one) for one in messages], number])
        key = hashlib.sha256(told.encode()).hexdigest()
        if key not in self._found:
            answer = ask(messages, number)
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "answer": answer}) + "\n")
                self._found[key] = answer
                self.added += 1
        return self._found[key]


def answers(
    prompts: Path, out: Path, teacher: Teacher, *, workers: int = 4, ask: Ask | None = None
) -> Written:
    """Let the teacher answer every question of a file.

    Args:
        prompts: Rows of any known form (their answers are not used), or one question a line.
        out: JSONL with `messages`; written at once, when all answers are there.
        teacher: Who answers.
        workers: Questions asked at the same time.
        ask: Instead of the teacher's server.

    Raises:
        TrainingError: If the questions cannot be read or the teacher cannot be reached.
    """
    return _write(list(_questions(prompts)), out, teacher, workers, ask or asker(teacher))


def pairs(
    topics: Path,
    out: Path,
    teacher: Teacher,
    *,
    each: int = 4,
    workers: int = 4,
    ask: Ask | None = None,
) -> Written:
    """Let the teacher write questions on every topic of a file, and answer them.

    Args:
        topics: One topic a line.
        out: JSONL with `messages`; written at once, when all answers are there.
        teacher: Who writes.
        each: Questions per topic; those that are nearly the same are left out.
        workers: Topics and questions asked at the same time.
        ask: Instead of the teacher's server.

    Raises:
        TrainingError: If the topics cannot be read or the teacher cannot be reached.
    """
    asked = ask or asker(teacher)
    cache = Cache(_beside(out, "cache.jsonl"), teacher)
    wanted = [(topic, number) for topic in _lines(topics) for number in range(each)]

    def question(one: tuple[str, int]) -> str:
        told = [Message("user", QUESTION.format(topic=one[0]))]
        return cache.answer(told, one[1], asked).strip()

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(question, wanted))
    seen = Seen(exact=True, near=NEAR)
    kept = [(Message("user", text),) for text in found if text and not seen.repeats(text)]
    written = _write(kept, out, teacher, workers, asked)
    return Written(written.rows, written.asked + cache.added, len(found) - len(kept))


def _write(
    questions: Sequence[tuple[Message, ...]], out: Path, teacher: Teacher, workers: int, ask: Ask
) -> Written:
    if not questions:
        raise TrainingError("There is nothing to ask.", fix="Give one question or topic a line.")
    out.parent.mkdir(parents=True, exist_ok=True)
    cache = Cache(_beside(out, "cache.jsonl"), teacher)
    told = [_with_system(one, teacher.system) for one in questions]
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(lambda one: cache.answer(one, 0, ask), told))
    rows = [
        {"messages": [*map(to_dict, asked), {"role": "assistant", "content": answer}]}
        for asked, answer in zip(told, found, strict=True)
        if answer.strip()
    ]
    replace_text(out, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    about = {key: value for key, value in asdict(teacher).items() if key != "key"}
    replace_text(_beside(out, "about.json"), json.dumps({**about, "rows": len(rows)}, indent=2))
    return Written(len(rows), cache.added, 0)


def _with_system(asked: tuple[Message, ...], system: str) -> tuple[Message, ...]:
    """The question with the system prompt before it, unless it brings its own."""
    if not system or asked[0].role == "system":
        return asked
    return (Message("system", system), *asked)


def _questions(file: Path) -> Iterator[tuple[Message, ...]]:
    if file.suffix == ".txt":
        yield from ((Message("user", line),) for line in _lines(file))
        return
    from training.data_forms import ASKED, TURNS, samples
    from training.data_read import rows_of
    from training.recipe_data import Source

    def answered(row: dict[str, Any]) -> dict[str, Any]:
        """A row with a question alone is as good as one with an answer."""
        has_turns = any(row.get(key) for key in TURNS)
        alone = not has_turns and len(row) == 1 and next(iter(row)) in ASKED
        return {**row, "completion": "…"} if alone else row

    found = samples(map(answered, rows_of(Source(path=str(file)))), form="auto", where=str(file))
    for sample in found:
        first = next(at for at, turn in enumerate(sample.messages) if turn.role == "user")
        yield sample.messages[: first + 1]


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{file} cannot be read as text.") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _beside(out: Path, ending: str) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    return out.with_name(f"{out.stem}.{ending}")


def asker(teacher: Teacher, *, retries: int = 6) -> Ask:
    """Asks the teacher's server; waits and tries again when it is busy."""
    import openai

    client = openai.OpenAI(base_url=teacher.url, api_key=teacher.key or "none", max_retries=retries)

    def ask(messages: Sequence[Message], number: int) -> str:
        told: list[Any] = [to_dict(one) for one in messages]
        try:
            answer = client.chat.completions.create(
                model=teacher.model,
                messages=told,
                temperature=teacher.temperature,
                max_tokens=teacher.max_tokens,
                seed=number,
            )
        except openai.OpenAIError as error:
            raise TrainingError(
                f"The teacher at {teacher.url} gave no answer ({error}).",
                fix="Call the same command again: what was answered is kept.",
            ) from error
        choice = answer.choices[0]
        # An answer that was cut off would teach to stop in the middle of a sentence.
        return "" if choice.finish_reason == "length" else choice.message.content or ""

    return ask
