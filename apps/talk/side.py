"""What stands beside the talk: the list of conversations, the settings, files. No behaviour."""

from typing import Any

import gradio as gr

from apps.talk import listing
from apps.talk.limits import SLIDER_TOKENS, SYSTEM_CHARACTERS, TEMPERATURE, Wishes, seed_text
from apps.talk.presets import NAME_CHARACTERS
from apps.talk.style import Style
from shared.texts import say


def conversations(style: Style) -> dict[str, Any]:
    """The list, and the search in it."""
    name = style.name
    search = gr.Textbox(
        label=say("Search"),
        show_label=False,
        placeholder=say("Search what was said"),
        max_lines=1,
        elem_id=f"{name}-search",
    )
    listed = gr.HTML(js_on_load=listing.on_click(), elem_id=f"{name}-list", apply_default_css=False)
    return {"search": search, "listed": listed}


def settings(style: Style) -> dict[str, Any]:
    """How answers are to be; each field says in a line what it does."""
    first: Wishes = style.wishes
    presets = list(style.presets)
    preset = gr.Dropdown(
        presets,
        value=presets[0],
        label=say("Preset"),
        filterable=False,
        elem_id=f"{style.name}-preset",
    )
    low, high = TEMPERATURE
    least, most = SLIDER_TOKENS
    system = gr.Textbox(
        first.system,
        label=say("System prompt"),
        info=say("Who the model is to be. Empty: the app's own."),
        lines=2,
        max_lines=8,
        max_length=SYSTEM_CHARACTERS,
        elem_id=f"{style.name}-system",
    )
    wishes = (
        system,
        gr.Slider(
            low, high, first.temperature, step=0.05, label=say("Temperature"),
            info=say("0 always takes the likeliest word; more is livelier."),
        ),
        gr.Slider(
            least, most, first.max_tokens, step=32, label=say("Longest answer, in tokens"),
            info=say("A token is about three quarters of an English word."),
        ),
        gr.Slider(
            0.05, 1, first.top_p, step=0.05, label=say("Top-p"),
            info=say("Only the likeliest words that together have this share."),
        ),
        gr.Slider(
            0, 0.5, first.min_p, step=0.01, label=say("Min-p"),
            info=say("No word that is rarer than this part of the likeliest."),
        ),
        gr.Slider(
            1, 1.5, first.repeat_penalty, step=0.05, label=say("Repeat penalty"),
            info=say("Above 1, words that were used are taken less readily."),
        ),
        gr.Textbox(
            seed_text(first.seed),
            label=say("Seed"),
            info=say("The same seed gives the same answer. Empty: a new one each time."),
            max_lines=1,
            elem_id=f"{style.name}-seed",
        ),
    )  # fmt: skip
    preset_name = gr.Textbox(
        label=say("Keep these settings as a preset"),
        placeholder=say("Its name"),
        max_lines=1,
        max_length=NAME_CHARACTERS,
        elem_id=f"{style.name}-preset-name",
    )
    with gr.Row():
        save = gr.Button(say("Keep"), size="sm", min_width=80, elem_id=f"{style.name}-preset-save")
        remove = gr.Button(
            say("Remove"), size="sm", min_width=80, elem_id=f"{style.name}-preset-remove"
        )
    return {
        "preset": preset,
        "wishes": wishes,
        "preset_name": preset_name,
        "preset_save": save,
        "preset_remove": remove,
    }


def export(style: Style) -> dict[str, Any]:
    """Files that go and come, and how code is shown."""
    name = style.name
    with gr.Row():
        as_markdown = gr.Button("Markdown", elem_id=f"{name}-as-markdown", size="sm", min_width=80)
        as_json = gr.Button("JSON", elem_id=f"{name}-as-json", size="sm", min_width=80)
    as_files = gr.Button(
        say("Code of the last answer"),
        elem_id=f"{name}-as-files",
        size="sm",
        visible=style.files is not None,
    )
    bring = gr.Button(say("Bring one back …"), elem_id=f"{name}-bring", size="sm")
    wrap = gr.Checkbox(
        False,
        label=say("Wrap long lines of code"),
        elem_id=f"{name}-wrap",
        visible=style.files is not None,
    )
    return {
        "as_markdown": as_markdown,
        "as_json": as_json,
        "as_files": as_files,
        "bring": bring,
        "brought": gr.Textbox(visible="hidden"),
        "wrap": wrap,
        "kept": gr.JSON(visible="hidden"),
    }
