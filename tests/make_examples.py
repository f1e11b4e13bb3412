"""Write `shared/demo/examples.json`: `python tests/make_examples.py` asks every app once, for real.

Run it whenever the demo model's weights change; until then the home page shows no examples.
"""

import json
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gradio_client import Client

from apps.site.examples import FILE, Example, Examples
from feedback.answers import AnswerStore
from shared.models.demo import DEMO_GGUF
from tests.serving import served

ASKED: dict[str, tuple[str, dict[str, Any], str]] = {
    "chat": ("/chat", {"message": "Hello! What can you do?", "max_tokens": 96}, "message"),
    "code": (
        "/code",
        {"message": "Write a Python function that reverses a string.", "max_tokens": 128},
        "message",
    ),
    "story": ("/story_begin", {"title": "The lighthouse that walked"}, "title"),
    "brainstorm": ("/brainstorm", {"topic": "a school garden", "n": 4}, "topic"),
    "poetry": ("/poem", {"form": "haiku", "subject": "rain"}, "subject"),
}
"""App to its endpoint, what is sent, and the field that people read as the question."""


def as_text(found: dict[str, Any]) -> str:
    """What the answer says, as a person reads it."""
    if "ideas" in found:
        return "\n".join(f"· {idea['title']}" for idea in found["ideas"])
    if "lines" in found:
        return "\n".join(found["lines"])
    if "scene" in found:
        return "\n".join([found["scene"], *(f"→ {choice}" for choice in found["choices"])])
    return str(found["text"])


def main() -> None:
    """Ask and write."""
    from shared.durable import sha256_of

    said: dict[str, tuple[str, str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with served(home) as serving:
            client = Client(serving.url, analytics_enabled=False, verbose=False)
            for app, (endpoint, sent, field) in ASKED.items():
                found = client.predict(**sent, api_name=endpoint)
                said[app] = (str(sent[field]), as_text(found), found["answer_id"])
        with closing(AnswerStore(home / "history.sqlite")) as answers:
            apps = {app: _example(answers, *words) for app, words in said.items()}
    whole = Examples(release="demo", sha256=sha256_of(DEMO_GGUF), apps=apps)
    text = json.dumps(whole.model_dump(), ensure_ascii=False, indent=2) + "\n"
    FILE.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def _example(answers: AnswerStore, asked: str, text: str, answer_id: str) -> Example:
    answer = answers.get(answer_id)
    assert answer is not None, asked
    return Example(asked=asked, text=text, seed=answer.sampling["seed"])


if __name__ == "__main__":
    main()
