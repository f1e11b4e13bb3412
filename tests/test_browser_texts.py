"""On a site in another language, no page falls back into English."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from apps.suite import APPS, PLACES
from shared.home import Home
from tests.brackets import LANGUAGE, MARKED, bare, write_catalogue
from tests.serving import served
from tests.test_browser_brainstorm import Thinking
from tests.test_browser_story import Reader

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

NOT_OURS = re.compile(
    # Names, what the demo model wrote or says of itself, and Gradio's own words, which follow the
    # language of the browser.
    r"Inkloop|demo(-\w+)?|UTC|Markdown|JSON|CSV|inkloop models pull \S+|Llama[\w. -]*"
    r"|(processing|queue: \d+/\d+) \| [\d./]+s"
)
SEEN = """() => {
  const page = document.querySelector('.gradio-container');
  page.querySelectorAll('.ink-example, .ink-notice, kbd, .rates td:last-child')
    .forEach(one => one.remove());
  const said = [page.innerText];
  const named = page.querySelectorAll(
    '[placeholder], nav [aria-label], .talk-rows [title], '
    + '#story-map [aria-label], #story-choices [aria-label], '
    + '#board [aria-label], #board [title], '
    + '#poem-text [aria-label], #poem-report [aria-label], .life');
  for (const one of named)
    for (const name of ['placeholder', 'aria-label', 'title'])
      if (one.hasAttribute(name)) said.push(one.getAttribute(name));
  return said;
}"""
"""What is seen or read aloud, without what the model wrote, its notice, names of keys, and reasons
of the taxonomy."""


WITHOUT_OTHERS_WORDS = """() => document.querySelectorAll(
  '#chat-log .message-row, .talk-rows .name, #flag-panel pre, #flag-diff, #flag-reasons label'
).forEach(one => one.remove())"""
"""What was asked and answered, the record as it is stored, and the reasons of the taxonomy."""


@pytest.fixture(scope="module")
def other_language(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site in a language in which every text is English between brackets."""
    root = tmp_path_factory.mktemp("texts") / "home"
    write_catalogue(Home(root))
    with served(root, language=LANGUAGE) as serving:
        yield serving.url


def english(page: "Page") -> list[str]:
    """What a visitor reads that is not between brackets."""
    # Gradio's own, until a part of the page has arrived.
    expect(page.get_by_text("Loading...").filter(visible=True)).to_have_count(0)
    left = []
    for text in page.evaluate(SEEN):
        lines = NOT_OURS.sub(" ", bare(text)).splitlines()
        left += [line.strip() for line in lines if re.search(r"[^\W\d_]{2}", line)]
    return left


@pytest.mark.parametrize("path", ["/", *(row.path for row in (*APPS, *PLACES))])
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


WITHOUT_THE_STORY = """() => document.querySelectorAll(
  '#story-scene .story-head, #story-scene .story-text, #story-choices li > button > [dir],'
  + ' .story-earlier p:not(.story-said), #flag-panel pre, #flag-reasons label'
).forEach(one => one.remove())"""
"""The title and the scenes, the model's choices, and the record and reasons of a flag."""


def test_a_begun_story_is_in_the_language_of_the_site(
    other_language: str, browser: "Browser"
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    reader = Reader(page, other_language)
    page.click("#story-genre input")
    page.get_by_role("option", name="⟦mystery⟧").click()
    page.click("#story-tone input")
    page.get_by_role("option", name="⟦calm⟧").click()
    reader.begin("1913")
    expect(page.locator(".story-kind")).to_have_text("⟦mystery⟧ · ⟦calm⟧")
    reader.act("?")
    page.locator(".vote-bad").first.click()
    expect(page.locator("#flag-told")).to_contain_text("⟦✓")
    page.keyboard.press("Escape")
    closed = page.locator("#page .label-wrap:not(.open)")
    while closed.count():
        closed.first.click()
    expect(page.locator("#story-budget")).to_contain_text("⟦The model reads")
    for wish in page.locator("#story-manner input[role=listbox], #story-format input").all():
        expect(wish).to_have_value(re.compile(r"^⟦.+⟧$"))
    page.evaluate(WITHOUT_THE_STORY)
    assert english(page) == []
    page.click("#story-delete")
    expect(page.locator("#story-map .map-empty")).to_be_visible()
    assert [MARKED.sub("", question) for question in reader.alerts] == [""]
    context.close()


WITHOUT_THE_IDEAS = """() => {
  const theirs = '#board .topic, #board h3, #board .card > p, #board .scores small, #board .past,'
    + ' #board .tag, #flag-panel pre, #flag-reasons label';
  document.querySelectorAll(theirs).forEach(one => one.remove());
  for (const row of document.querySelectorAll('#board-lineage li'))
    [...row.childNodes].filter(one => one.nodeType === 3).forEach(one => one.remove());
}"""
"""The topic, the titles and texts of cards, the judge's reasons, and what the flag panel shows."""


def test_a_board_at_work_is_in_the_language_of_the_site(
    other_language: str, browser: "Browser"
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    board = Thinking(page, other_language)
    page.click("#board-brainstorm")
    expect(page.get_by_text("⟦The ⟦topic⟧ has 0 characters.⟧ ⟦It takes 1 to 500.⟧")).to_be_visible()
    # Over it stands a word of Gradio's.
    page.locator(".toast-close").click()
    expect(page.locator(".toast-body")).to_have_count(0)
    expect(page.locator("#board-method input")).to_have_value("⟦free⟧: ⟦anything goes⟧")
    expect(page.locator("#board-scale input")).to_have_value("⟦1 to 5⟧")
    judged_by = page.locator("#board-rubric").locator("textarea, input")
    expect(judged_by).to_have_value("⟦Originality⟧, ⟦Usefulness⟧, ⟦Effort⟧")
    board.brainstorm("1913")
    own, twin = "1914 1915 1916", "1914 1915 1916 1917"
    board.write(own)
    board.write(twin)
    board.says("#board .twin", f"⟦nearly the same as “{own}”⟧")
    page.locator("#board [data-act=refine]").first.click()
    board.cards(8)
    board.rests()
    page.locator("#board [data-act=evaluate]").last.click()
    expect(page.locator("#board .scores span")).to_have_text(
        ["⟦Originality⟧", "⟦Usefulness⟧", "⟦Effort⟧", "⟦Total⟧"]
    )
    board.rests()
    for box in page.locator("#board .card input[type=checkbox]").all()[-2:]:
        box.check()
    page.click("#board [data-act=compare]")
    board.says("#board .from:has-text('compared')", "⟦compared: ⟦")
    board.rests()
    page.fill("#board .many input", "7")
    page.click("#board [data-act=tag]")
    expect(page.locator("#board .tag")).to_have_text(["7", "7"])
    first = board.ids()[0]
    board.edit(first, "1918")
    page.click("#board [data-act=save]")
    board.says(f"#{first} summary", "⟦1 earlier⟧")
    page.locator("#board [data-act=bad]").first.click()
    expect(page.locator("#flag-told")).to_contain_text("⟦✓")
    page.keyboard.press("Escape")
    page.click("#board [data-act=columns]")
    page.wait_for_selector("#board .column")
    board.edit(first, "1919")
    closed = page.locator("#page .label-wrap:not(.open)")
    while closed.count():
        closed.first.click()
    expect(page.locator("#board-room input")).to_have_value("⟦My board⟧")
    page.evaluate(WITHOUT_THE_IDEAS)
    assert english(page) == []
    context.close()


WORDS_OF_A_POEM = """#poem-text .words, .page-poetry .stress, #poem-drafts .draft,
  #flags-own span, #flags-stored pre, #flags-then pre, #flags-now pre, #flag-panel,
  #change-reasons label { display: none }"""
"""The poem, how it is spoken, the record of its flag, and the reasons of the taxonomy."""


def test_a_poem_its_report_and_its_receipt_are_in_the_language_of_the_site(
    other_language: str, browser: "Browser"
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(other_language + "/poetry")
    page.wait_for_selector("#model-banner strong")
    page.locator("#poem-form input").click()
    expect(page.get_by_role("option").first).to_be_visible()
    assert english(page) == []
    page.keyboard.press("Escape")
    page.get_by_text("Check a poem of your own").click()
    page.fill("#poem-own textarea", "An old pond\nxyzzlor\nB")
    page.click("#poem-take")
    expect(page.locator("#poem-report .unsure")).to_contain_text("⟦uncertain")
    page.fill("#poem-subject textarea", "7")
    page.click("#poem-write")
    page.locator(".vote-bad").wait_for()
    page.locator("#poem-drafts-folder .label-wrap").click()
    expect(page.locator("#poem-drafts")).to_contain_text("⟦My own poem⟧")
    page.locator("#poem-text .w").first.click()
    expect(page.locator("#poem-word-save")).to_be_visible()
    page.add_style_tag(content=WORDS_OF_A_POEM)
    assert english(page) == []
    page.locator("#poem-text .pick").first.click()
    expect(page.locator("#poem-line-keep")).to_be_visible()
    assert english(page) == []
    page.locator(".vote-bad").click()
    expect(page.locator("#flag-receipt textarea")).to_have_value(re.compile("⟦Flag .*⟧", re.DOTALL))
    receipt = page.locator("#flag-receipt textarea").input_value()
    page.goto(other_language + "/models")
    expect(page.locator("#release-rates")).to_contain_text("⟦Bad per 1,000⟧")
    expect(page.locator("#releases")).to_contain_text("⟦Answering now")
    assert english(page) == []
    _opened_receipt(page, other_language, receipt)
    context.close()


def _opened_receipt(page: "Page", site: str, receipt: str) -> None:
    page.goto(site + "/flags")
    page.locator("#flags-own button").wait_for()
    page.locator("#flags-id textarea, #flags-id input").fill(receipt)
    page.click("#flags-look")
    page.locator("#flags-change .label-wrap").click()
    page.locator("#flags-stored .label-wrap").click()
    expect(page.locator("#change-severity")).to_be_visible()
    page.click("#flags-again")
    expect(page.locator("#flags-now small")).to_contain_text("demo")
    page.click("#flags-erase")
    expect(page.locator("#flags-warning")).to_contain_text("⟦Erase this flag")
    page.add_style_tag(content=WORDS_OF_A_POEM)
    assert english(page) == []
    page.click("#flags-sure")
    expect(page.locator(".life h2")).to_have_text("⟦erased⟧")
    assert english(page) == []
