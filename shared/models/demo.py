"""Where the demo model lies: a few MB, shipped with the code, trained by `inkloop demo-model`."""

from pathlib import Path

DEMO_DIR = Path(__file__).resolve().parent.parent / "demo"
"""Holds model.safetensors, tokenizer, chat template, model card and the GGUF made from them."""
DEMO_GGUF = DEMO_DIR / "inkloop-demo-q8_0.gguf"
DEMO_NAME = "demo"
DEMO_NOTICE = (
    "You are talking to the demo model: a few megabytes, trained to show how Inkloop works. It can"
    " make small talk, tell simple stories, find ideas and write short poems; it knows very little."
)
