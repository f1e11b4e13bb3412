"""The model card of an export: what it is, where it comes from, and what was checked."""

from typing import Any

from training.export.order import Order


def card(order: Order, figures: dict[str, Any]) -> str:
    """README.md of the folder; it holds no row's text."""
    layout, parity = figures["layout"], figures["parity"]
    licence = order.lineage.get("licence", "see the base model")
    return "\n".join(
        [
            "---",
            f"license: {licence}",
            "library_name: gguf",
            f"base_model: {order.lineage.get('base', order.base.name)}",
            "tags: [inkloop, gguf]",
            "---",
            "",
            f"# {order.name} ({order.kind.upper()})",
            "",
            f"- File: `{figures['gguf']}`, {figures['gguf_bytes'] / 1e6:.1f} MB, sha256"
            f" `{figures['gguf_sha256']}`",
            f"- Adapter: {_adapter(figures)}",
            *(f"- {key.capitalize()}: {value}" for key, value in order.lineage.items() if value),
            "",
            "## Checked against the trained model",
            "",
            "Through the engine that serves, before this folder got its name:",
            "",
            f"- {figures['hard_strings']} hard strings give the same tokens, control tokens"
            " recognised or not; answers end where the model ends them.",
            f"- As F16 (layout, rotary embeddings, template): {layout['mean_difference']:.5f} nats"
            f" per token on average, {layout['largest_difference']:.4f} at most, over"
            f" {layout['tokens']} tokens.",
            f"- As {order.kind.upper()}: {parity['mean_difference']:.4f} nats on average,"
            f" {parity['largest_difference']:.3f} at most; {parity['same_greedy_texts']} of"
            f" {parity['texts']} greedy texts are the same word for word.",
            f"- Chat template sha256 `{parity['template_sha256']}`",
            "",
            f"Use it: `inkloop serve --model {figures['gguf']}`",
            "",
        ]
    )


def _adapter(figures: dict[str, Any]) -> str:
    if figures["adapter"]:
        return f"`{figures['adapter']}`, for the base model's own GGUF"
    return f"none, because of {figures['no_adapter_because']}"
