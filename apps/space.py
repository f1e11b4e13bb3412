"""One app as a folder that can be pushed as a Hugging Face Space, with all that it needs.

The folder holds the three rooms that serve (not `training`), the demo model, what pip is to install
and an `app.py` of a few lines; nothing of it refers to the place it was made from.
"""

import re
import shutil
from importlib.metadata import requires
from pathlib import Path

from apps.suite import AppRow
from shared.errors import BadRequest

ROOMS = ("apps", "feedback", "shared")
ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.pyi", ".*")
LARGE = "".join(
    f"*.{kind} filter=lfs diff=lfs merge=lfs -text\n" for kind in ("gguf", "safetensors")
)

APP = '''"""Inkloop: the app "{name}" alone, as a Space runs it."""

import os
import sys

# A Space's own disk is empty after every restart; /data is there if storage was added to it.
lasting = os.path.isdir("/data") and os.access("/data", os.W_OK)
os.environ.setdefault("INKLOOP_HOME", "/data/inkloop" if lasting else "inkloop-home")
os.environ.setdefault("INKLOOP_HOST", "0.0.0.0")

from apps.commands import serve
from shared.errors import InkloopError

try:
    sys.exit(serve.main(["{name}"], standalone_mode=False))
except InkloopError as error:
    sys.exit(f"inkloop: {{error}}")
'''

README = """---
title: Inkloop {title}
emoji: 🖋
colorFrom: blue
colorTo: yellow
sdk: gradio
sdk_version: {gradio}
python_version: "3.11"
app_file: app.py
license: apache-2.0
---

# Inkloop {title}

{line} Made with `inkloop space {name}`.

Push it: `hf repo create NAME --repo-type space --space-sdk gradio`, then
`hf upload NAME . --repo-type space` in this folder. Run it here instead: `pip install -r
requirements.txt && python app.py`.

**What it costs.** Only static Spaces are free for everybody. A Gradio Space on the small CPU needs
a PRO account (or a Team or Enterprise organisation), and sleeps after 48 hours without a visitor.
llama.cpp is compiled while the Space is built, which takes several minutes.

**What is kept.** The disk of a Space is empty after every restart: conversations and flags that
were not pushed are gone. Set `INKLOOP_FLAGS_REPO` and the secret `HF_TOKEN`, and flags with consent
are pushed to your private dataset within a minute, one with a correction at once, and again
when the Space is told to stop; what was sent in the last moments before a crash is at risk. Flags
without consent are never pushed, so here they last until the next restart. Storage mounted at
`/data` keeps everything, if it is a real disk: a bucket mount has no file locks and must not hold
it.

**Settings** are the same `INKLOOP_…` variables as anywhere: `INKLOOP_MODEL` for another model,
`INKLOOP_ADMIN_PASSWORD` for `/admin`, `INKLOOP_API_KEY` for `/v1`.
"""


def write_space(row: AppRow, out: Path) -> list[Path]:
    """Fill a folder with one app; gives what lies at its top.

    Args:
        row: The app.
        out: A folder that is empty or not there yet.

    Raises:
        BadRequest: If there is something in it.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadRequest(f"{out} is not an empty folder.", fix="Name another one with --out.")
    out.mkdir(parents=True, exist_ok=True)
    for room in ROOMS:
        shutil.copytree(ROOT / room, out / room, ignore=LEFT_OUT)
    needed = requirements()
    words = {"name": row.name, "title": row.title, "line": row.line, "gradio": _version(needed)}
    texts = {
        "app.py": APP.format(**words),
        "README.md": README.format(**words),
        "requirements.txt": "\n".join(needed) + "\n",
        ".gitattributes": LARGE,
        ".gitignore": "inkloop-home/\n__pycache__/\n",
    }
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
    shutil.copyfile(ROOT / "LICENSE", out / "LICENSE")
    return sorted(out.iterdir())


def requirements() -> list[str]:
    """What pip has to install to serve, without the extras for training."""
    return sorted(line for line in requires("inkloop") or () if "extra ==" not in line)


def _version(needed: list[str]) -> str:
    pinned = (re.fullmatch(r"gradio\s*==\s*([\d.]+)", line) for line in needed)
    return next(found[1] for found in pinned if found)
