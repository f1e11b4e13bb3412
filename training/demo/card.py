"""The model card of the demo model: what it is, what it read, and whom to thank."""

from pathlib import Path

from training.demo import natural
from training.demo.tokenizer import CONTEXT_TOKENS, VOCABULARY

CARD = """---
license: apache-2.0
language: en
pipeline_tag: text-generation
library_name: transformers
---

# Inkloop's demo model

A Llama of {parameters:,} parameters, trained from nothing on two processor cores by
`inkloop demo-model build`. It exists so that every page of Inkloop works on any computer in a
second, and so that anybody can watch a correction change a model. It is not a useful model.

| | |
|---|---|
| shape | {layers} layers, hidden {hidden}, feed-forward {feed_forward}, tied embeddings |
| heads | {heads}, and {kv_heads} for keys and values |
| vocabulary | {vocabulary:,} byte-level BPE tokens, split as Llama 3 splits |
| context | {context:,} tokens |
| training | {steps:,} steps of about 4,000 tokens, bf16, Muon and AdamW |
| files | `model.safetensors` (bf16), `inkloop-demo-q8_0.gguf` (Q8_0, the one that is served) |

## What it can do

It makes small talk, answers a few hundred taught questions, tells short steerable stories, lists,
refines and judges ideas as JSON, writes short poems and small Python programs: each in exactly the
form in which Inkloop asks. It knows nothing else. What it says about the world may be wrong; it
mangles rare words, loses the thread of long conversations, and can write nonsense.
How it measures is in `training/demo/REPORT.md`.

## What it read

- Conversations made up by `training/demo` for this purpose, about nine tenths of all tokens. Some
  simple facts are left out on purpose (`training/demo/held_out_facts.json`).
{texts}
No output of another language model, no evaluation set and nobody's private text is among it.
"""
OLD_TEXTS = """- Fairy tales of the FairytaleQA corpus (Project Gutenberg, public domain).
- Poems by Emily Dickinson, William Shakespeare and Walt Whitman, public domain.
- Picture books of the African Storybook initiative (africanstorybook.org), CC BY. Each was divided
  into pieces at the ends of sentences; nothing else was changed. Titles and authors:

{books}
"""


def write_card(out: Path, *, shape: dict[str, int], steps: int, texts: Path | None) -> None:
    """Write `README.md` beside the model.

    Args:
        out: The model's folder.
        shape: `parameters`, `layers`, `hidden`, `feed_forward`, `heads` and `kv_heads`.
        steps: How long it was trained.
        texts: The folder of old texts that it read, or None.
    """
    old = OLD_TEXTS.format(books=_books(texts)) if texts else ""
    card = CARD.format(
        **shape, steps=steps, texts=old, vocabulary=VOCABULARY, context=CONTEXT_TOKENS
    )
    (out / "README.md").write_text(card, encoding="utf-8")


def _books(texts: Path) -> str:
    named = [f"{title} ({author})" for title, author in natural.attributions(texts)]
    return "; ".join(named) + "."
