"""How Inkloop looks: ink on paper, by day and by night, with fonts that come with Gradio.

Nothing here asks the network for anything: a theme from the Hub or a font from a font server would
one day be gone. The style sheet (`inkloop.css`) goes into the page's head as it is, because Gradio
rewrites the selectors of what it gets as `css`. An app's own style is the `CSS` of its page module,
written under its page's class (`.page-story …`).
"""

import html
from pathlib import Path

import gradio as gr
from gradio.themes.utils import fonts

from apps.ui import keys, mended

# Of the fonts in Gradio's package only some files hold the Latin alphabet; these two weights do.
WEIGHTS = (400, 700)
STYLE = Path(__file__).with_name("inkloop.css").read_text(encoding="utf-8")

INK = gr.themes.Color(
    name="ink",
    c50="#eef3f9",
    c100="#d9e4f1",
    c200="#b8cde5",
    c300="#8fb0d6",
    c400="#6690c0",
    c500="#3f6ea3",
    c600="#2b5585",
    c700="#22446b",
    c800="#1b3656",
    c900="#152a44",
    c950="#0d1b2d",
)
PAPER = gr.themes.Color(
    name="paper",
    c50="#fdfbf6",
    c100="#f7f3ea",
    c200="#e9e2d3",
    c300="#d5ccb9",
    c400="#a89f8d",
    c500="#756d5e",
    c600="#5a5347",
    c700="#403b32",
    c800="#2a2721",
    c900="#1c1a16",
    c950="#12110e",
)


def theme() -> gr.themes.Base:
    """The theme of every page."""
    return gr.themes.Base(
        primary_hue=INK,
        secondary_hue=INK,
        neutral_hue=PAPER,
        font=[fonts.LocalFont("IBM Plex Sans", WEIGHTS), "system-ui", "sans-serif"],
        font_mono=[fonts.LocalFont("IBM Plex Mono", WEIGHTS), "ui-monospace", "monospace"],
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_700",
        input_background_fill="white",
        input_background_fill_dark="*neutral_950",
        input_border_width="1px",
        input_border_color="*neutral_400",
        input_border_color_dark="*neutral_600",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_300",
        button_primary_background_fill_hover_dark="*primary_200",
        button_primary_text_color="white",
        button_primary_text_color_dark="*primary_950",
        button_secondary_background_fill="*neutral_100",
        button_secondary_background_fill_hover="*neutral_200",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_600",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        link_text_color_hover="*primary_900",
        link_text_color_hover_dark="*primary_200",
    )


def head(extra_css: str = "") -> str:
    """What goes into every page's head; `extra_css` is the apps' own and never a person's."""
    return (
        '<meta name="robots" content="noindex"><meta name="referrer" content="same-origin">'
        f"<style>{STYLE}\n{extra_css}</style><script>{keys.script()}{mended.script()}</script>"
    )


def title(text: str, line: str = "") -> None:
    """The page's one main heading, and what the page is for."""
    below = f"<p>{html.escape(line)}</p>" if line else ""
    gr.HTML(
        f"<h1>{html.escape(text)}</h1>{below}", elem_classes="page-title", apply_default_css=False
    )
