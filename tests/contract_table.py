"""The names that users' scripts, styles and tests rely on: one table for the docs and the test.

`python tests/contract_table.py` writes CONTRACT.md from it; `test_contract.py` checks the running
suite against it. A name changes only together with this table.
"""

from pathlib import Path

CONTRACT = Path(__file__).resolve().parent.parent / "CONTRACT.md"

EXIT_CODES = {
    0: "done",
    1: "a check or gate said no",
    2: "the user must change something (one sentence, no traceback)",
    130: "interrupted",
}

COMMANDS = {
    "serve": "all apps on one site, or only those named",
    "models": "list, pull, use, verify, rm",
    "flags": "list, stats, status, review, groups, suspicions,"
    " audit, agreement, erase, export, publish, import,"
    " push, pull",
    "reviewers": "add, list, remove",
    "train": "one run from a recipe; recipes, list, show, compare, all",
    "sweep": "a search over a recipe; workers may join from other processes and machines",
    "data": "look, prepare, distill: rows to train on",
    "evaluate": "measure the GGUF that ships",
    "export": "merge, GGUF, quantise; the adapter as GGUF",
    "retrain": "reviewed flags to a gated release",
    "releases": "list, show, promote, rollback, verify, push, pull",
    "lineage": "from a release to its flags, and from a flag to its releases",
    "tour": "the whole loop, twice, on the demo model",
    "bench": "the serving benchmark",
    "space": "one app as a folder to push as a Hugging Face Space",
    "doctor": "what is missing or odd on this machine",
    "demo-model": "build the demo model anew, or report on it",
}

TALK_BACK = (
    "{answer_id, text, finish_reason, seed, release, prompt_tokens, cached_tokens,"
    " completion_tokens}"
)
APIS: dict[str, tuple[dict[str, object], str]] = {
    # name: ({parameter: default, … marks "required"}, what comes back)
    "chat": (
        {"message": ..., "system": "", "temperature": 0.7, "max_tokens": 256, "seed": None},
        TALK_BACK,
    ),
    "code": (
        {"message": ..., "system": "", "temperature": 0.7, "max_tokens": 256, "seed": None},
        TALK_BACK,
    ),
    "story_begin": (
        {"title": ..., "genre": "", "tone": ""},
        "{story_id, passage_id, answer_id, scene, choices: [str], ended}",
    ),
    "story_choose": (
        {"story_id": ..., "passage_id": ..., "choice": None, "action": ""},
        "{story_id, passage_id, answer_id, scene, choices: [str], ended}",
    ),
    "brainstorm": (
        {"topic": ..., "n": 5, "method": "free", "existing": []},
        "{answer_id, ideas: [{title, body}]}",
    ),
    "refine": ({"title": ..., "body": ..., "instruction": ""}, "{answer_id, title, body}"),
    "evaluate": (
        {"title": ..., "body": ..., "rubric": None},
        "{answer_id, scores: [{criterion, score, reason}], total}",
    ),
    "poem": ({"form": ..., "subject": ..., "mood": ""}, "{answer_id, lines: [str], report}"),
    "check_poem": (
        {"text": ..., "form": ...},
        "{ok, score, lines: [{text, syllables, wanted, stress, rhyme, problems: [str]}]}",
    ),
    "flag": (
        {
            "answer_id": ...,
            "verdict": ...,
            "reasons": [],
            "comment": "",
            "correction": "",
            "severity": "",
            "consent_train": False,
            "consent_publish": False,
        },
        "{flag_id, receipt, state}",
    ),
    "flag_status": ({"flag_id": ...}, "{flag_id, state, history}"),
}

ELEMENT_IDS: dict[str, list[str]] = {
    # page: ids that are there when the page is opened
    "/": ["model-banner"],
    "/chat": ["model-banner", "chat-log", "chat-input"],
    "/code": ["model-banner", "code-log", "code-input"],
    "/story": ["model-banner", "story-title", "story-begin"],
    "/brainstorm": ["model-banner", "board", "board-topic", "board-brainstorm"],
    "/poetry": ["model-banner", "poem-form", "poem-subject", "poem-write"],
}
LATER_IDS: dict[str, list[str]] = {
    # page: ids that appear with use
    "/chat": ["chat-stop"],
    "/story": ["story-scene", "story-choices", "story-action", "story-map", "story-undo"],
    "/brainstorm": ["board-card-ID", "board-evaluate"],
    "/poetry": ["poem-text", "poem-report"],
    "every app": [
        "flag-panel",
        "flag-verdict",
        "flag-reasons",
        "flag-comment",
        "flag-correction",
        "flag-consent-train",
        "flag-consent-publish",
        "flag-preview",
        "flag-send",
        "flag-receipt",
    ],
}

METRICS = {
    "inkloop_requests_total": ["app", "outcome"],
    "inkloop_prompt_tokens_total": ["source"],
    "inkloop_generated_tokens_total": [],
    "inkloop_first_token_seconds": [],
    "inkloop_token_gap_seconds": [],
    "inkloop_queue_waiting": [],
    "inkloop_running": [],
    "inkloop_threads": [],
    "inkloop_flags_total": ["app", "verdict"],
    "inkloop_flags_unpushed": [],
    "inkloop_release_info": ["release", "sha256"],
}

FILES = {
    "models/": "fetched GGUF files",
    "releases/": "one folder per release, and the pointer file `promoted`",
    "releases/NAME/": "`manifest.json`, `gate.json`, `README.md`, the GGUF",
    "runs/NAME/": "`recipe.yaml` (resolved), `log.jsonl`, `metrics.json`, `adapter/` …",
    "feedback/": "`outbox-<replica>.sqlite`, `reviews.sqlite`",
    "datasets/HASH/": "`dataset.json` and the rows",
    "history.sqlite": "conversations and answers",
    "tour/": "what `inkloop tour` made",
}


def settings_table() -> list[str]:
    """One Markdown row per setting, from the class that reads them."""
    from shared.settings import PREFIX, Settings

    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=False)
        shown = {"home": "the platform's user data folder"}.get(name, _plain(default))
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return rows


def _plain(default: object) -> str:
    text = default.get_secret_value() if hasattr(default, "get_secret_value") else str(default)
    return f"`{text}`" if text else "–"


def document() -> str:
    """The whole of CONTRACT.md."""
    lines = [
        "# Names you can rely on",
        "",
        "Made by `python tests/contract_table.py`; checked by `tests/test_contract.py`.",
        "",
        "## Settings",
        "",
        "All optional, from the environment. A mistyped one is an error that names the nearest.",
        "",
        *settings_table(),
        "",
        "## Commands",
        "",
        "Each has `--help`; commands that list things take `--json`.",
        "",
        "| command | what it does |",
        "|---|---|",
        *(f"| `inkloop {name}` | {what} |" for name, what in COMMANDS.items()),
        "",
        "Exit codes: " + "; ".join(f"{code} {what}" for code, what in EXIT_CODES.items()) + ".",
        "",
        "`inkloop serve` prints `Inkloop is ready at http://HOST:PORT (model NAME)` on standard"
        " output when requests are answered. SIGTERM ends it within 5 seconds with exit code 0.",
        "",
        "## APIs of the apps",
        "",
        "For `gradio_client` and `/gradio_api`. `choice` counts from 0.",
        "",
        "| call | answer |",
        "|---|---|",
        *(f"| `{_signature(name)}` | `{back}` |" for name, (_, back) in APIS.items()),
        "",
        "`/v1/chat/completions`, `/v1/completions` and `/v1/models` speak OpenAI's protocol;"
        " `/healthz` and `/metrics` are for operators.",
        "",
        "## Element ids",
        "",
        "| page | when it opens | with use |",
        "|---|---|---|",
        *(
            f"| {page} | {_ids(ELEMENT_IDS.get(page, []))} | {_ids(LATER_IDS.get(page, []))} |"
            for page in [*ELEMENT_IDS, "every app"]
        ),
        "",
        "## Metrics",
        "",
        *(f"- `{name}{{{','.join(labels)}}}`" for name, labels in METRICS.items()),
        "",
        "## Files in `INKLOOP_HOME`",
        "",
        *(f"- `{path}` – {what}" for path, what in FILES.items()),
        "",
    ]
    return "\n".join(lines)


def _signature(name: str) -> str:
    parameters = APIS[name][0]
    shown = [key if value is ... else f"{key}={value!r}" for key, value in parameters.items()]
    return f"{name}({', '.join(shown)})"


def _ids(ids: list[str]) -> str:
    return " ".join(f"`{i}`" for i in ids)


if __name__ == "__main__":
    CONTRACT.write_text(document(), encoding="utf-8")
