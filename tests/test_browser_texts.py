"""On a site in another language, no page falls back into English."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po, write_po
from playwright.sync_api import expect

from apps.suite import APPS
from shared.home import Home
from shared.texts import TEMPLATE
from tests.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
NOT_OURS = re.compile(
    # Names, what the demo model wrote or says of itself, and Gradio's own words, which follow the
    # language of the browser.
    r"Inkloop|demo(-\w+)?|UTC|Markdown|JSON|CSV|inkloop models pull \S+|Llama[\w. -]*"
)
SEEN = """() => {
  const page = document.querySelector('.gradio-container');
  page.querySelectorAll('.ink-example, .ink-notice, kbd').forEach(one => one.remove());
  const said = [page.innerText];
  const named = page.querySelectorAll('[placeholder], nav [aria-label], .talk-rows [title]');
  for (const one of named)
    for (const name of ['placeholder', 'aria-label', 'title'])
      if (one.hasAttribute(name)) said.push(one.getAttribute(name));
  return said;
}"""
"""What is seen or read aloud, without what the model wrote, its notice, and names of keys."""


WITHOUT_OTHERS_WORDS = """() => document.querySelectorAll(
  '#chat-log .message-row, .talk-rows .name, #flag-panel pre, #flag-diff, #flag-reasons label'
).forEach(one => one.remove())"""
"""What was asked and answered, the record as it is stored, and the reasons of the taxonomy."""


@pytest.fixture(scope="module")
def other_language(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site in a language in which every text is English between brackets."""
    root = tmp_path_factory.mktemp("texts") / "home"
    home = Home(root)
    home.locale.mkdir(parents=True)
    with TEMPLATE.open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        if not message.id:
            continue
        if isinstance(message.id, str):
            message.string = f"⟦{message.id}⟧"
        else:
            message.string = tuple(f"⟦{text}⟧" for text in message.id)
    with (home.locale / "qps.po").open("wb") as file:
        write_po(file, catalogue)
    with served(root, language="qps") as serving:
        yield serving.url


def english(page: "Page") -> list[str]:
    """What a visitor reads that is not between brackets."""
    left = []
    for text in page.evaluate(SEEN):
        while MARKED.search(text):
            text = MARKED.sub(" ", text)
        text = NOT_OURS.sub(" ", text)
        left += [line.strip() for line in text.splitlines() if re.search(r"[^\W\d_]{2}", line)]
    return left


@pytest.mark.parametrize("path", ["/", *(row.path for row in APPS[:2])])
def test_every_word_of_a_page_is_in_the_language_of_the_site(
    other_language: str, browser: "Browser", path: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(other_language + path)
    page.wait_for_selector("nav.ink-top")
    page.wait_for_selector("#model-banner strong")
    closed = page.locator("#page .label-wrap:not(.open)")
    while closed.count():
        closed.first.click()
    assert english(page) == []
    context.close()


def test_a_conversation_and_its_flag_are_in_the_language_of_the_site(
    other_language: str, browser: "Browser"
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(other_language + "/chat")
    page.wait_for_selector("#model-banner strong")
    page.fill("#chat-input textarea", "?")
    page.press("#chat-input textarea", "Enter")
    page.wait_for_selector("#chat-again")
    page.get_by_label("Dislike").last.click()
    expect(page.locator("#flag-told")).to_contain_text("⟦✓")
    expect(page.locator("#flag-severity")).to_be_visible()
    page.fill("#flag-correction textarea", "Rain.")
    page.click("#flag-send")
    expect(page.locator("#flag-told")).to_contain_text("⟦✓ Sent")
    page.evaluate(WITHOUT_OTHERS_WORDS)
    assert english(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-keys]").click()
    page.wait_for_selector("#ink-keys[open]")
    assert english(page) == []
    context.close()
