"""Stories on their way out: every file opens in what reads it, and hostile text stays text."""

import io
import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser

from apps.story.book import Book
from apps.story.emblem import emblem
from apps.story.export.epub import to_epub
from apps.story.export.ink import to_ink
from apps.story.export.markdown import to_markdown
from apps.story.export.play import to_html
from apps.story.export.twee import to_twee
from apps.story.tale import Link, Passage, Story
from shared.home import Home
from shared.texts import choose
from tests.writing_room import HOSTILE

NASTY = (
    HOSTILE,
    "</script><script>alert(1)</script>",
    ":: StoryData\n{}",
    "[[x->scene-2]] <<run alert(1)>> $name {{{a}}} @@.b;c@@",
    "# not a head\n- not a list\n1. not a list <b>bold</b>",
    "]]> &amp; & \x0b\x00 \\",
    "a -> b | c <- d ]] e",
)


def passage(
    number: int, parent: int | None, scene: str, said: str = "", *, ended: bool = False
) -> Passage:
    return Passage(
        id=f"p{number}",
        story_id="s",
        parent_id=None if parent is None else f"p{parent}",
        step="begin" if parent is None else "choice",
        said=said,
        scene=scene,
        ended=ended,
    )


def book(text: str = "A door.", said: str = "Go in") -> Book:
    passages = (
        passage(0, None, text),
        passage(1, 0, text, said),
        passage(2, 0, text, said),
        passage(3, 1, text, "On", ended=True),
    )
    return Book(
        Story(id="s", title=text), passages, "p3", "p3", (Link("p2", f"{said} back", "p0"),)
    )


def twee(text: str) -> dict[str, str]:
    """Passages of a Twee 3 file, as its specification reads them."""
    found: dict[str, str] = {}
    name = ""
    for line in text.split("\n"):
        head = re.match(r"::\s*((?:\\.|[^\[{\\])+?)\s*(\[.*?\])?\s*(\{.*\})?\s*$", line)
        if line.startswith("::") and head:
            name = head.group(1)
            assert name not in found
            found[name] = ""
        else:
            assert not line.startswith("::")
            found[name] += line + "\n"
    return found


def links(text: str) -> list[str]:
    return re.findall(r"\[\[[^\[\]]*?->([^\[\]]+?)\]\]", text)


@pytest.mark.parametrize("text", ["A door.", *NASTY])
def test_twee_has_every_scene_and_links_only_to_scenes(text: str) -> None:
    found = twee(to_twee(book(text, " ".join(text.split()))))
    scenes = {name: body for name, body in found.items() if name.startswith("scene-")}
    assert set(found) - set(scenes) == {"StoryTitle", "StoryData"}
    assert json.loads(found["StoryData"])["start"] == "scene-1"
    assert {name: links(body) for name, body in scenes.items()} == {
        "scene-1": ["scene-2", "scene-3"],
        "scene-2": ["scene-4"],
        "scene-3": ["scene-1"],
        "scene-4": [],
    }


def ink(text: str) -> tuple[str, dict[str, tuple[list[str], list[tuple[str, str]]]]]:
    """Where an Ink file begins, and its knots: lines of text, and choices with where they lead.

    As Ink's compiler reads it: nothing but an escaped sign or a plain word is text.
    """
    start, knots, name = "", {}, ""
    plain = r"(?:\\[^\n]|[\w .,;:!?'\"()]|[^\x00-\x7f])*"
    for line in filter(None, text.split("\n")):
        if knot := re.fullmatch(r"=== (\w+) ===", line):
            name = knot.group(1)
            knots[name] = ([], [])
        elif not name:
            if way := re.fullmatch(r"-> (\w+)", line):
                start = way.group(1)
            else:
                assert re.fullmatch(f"# title: {plain}", line), line
        elif choice := re.fullmatch(rf"\+ \[({plain})\] -> (\w+)", line):
            knots[name][1].append((re.sub(r"\\(.)", r"\1", choice.group(1)), choice.group(2)))
        elif line != "-> END":
            assert re.fullmatch(plain, line), line
            assert not re.match(r"INCLUDE|VAR|CONST|LIST|EXTERNAL|TODO", line), line
            knots[name][0].append(re.sub(r"\\(.)", r"\1", line))
    return start, knots


@pytest.mark.parametrize("text", ["A door.", *NASTY, "TODO: {x} // y", "INCLUDE a.ink\n~ x = 1"])
def test_ink_says_every_scene_as_it_was_told_and_leads_only_to_scenes(text: str) -> None:
    start, knots = ink(to_ink(book(text, " ".join(text.split()))))
    told = [" ".join(re.sub(r"[\x00-\x1f]", " ", line).split()) for line in text.split("\n")]
    assert start == "scene_1"
    assert len(knots) == 4
    assert all(lines == [line for line in told if line] for lines, _ in knots.values())
    assert {name: [to for _, to in ways] for name, (_, ways) in knots.items()} == {
        "scene_1": ["scene_2", "scene_3"],
        "scene_2": ["scene_4"],
        "scene_3": ["scene_1"],
        "scene_4": [],
    }
    assert knots["scene_1"][1][0][0] == " ".join(" ".join(told).split())


def test_a_story_keeps_its_ifid() -> None:
    first, second = (json.loads(twee(to_twee(book()))["StoryData"])["ifid"] for _ in range(2))
    assert first == second
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", first)


@pytest.mark.parametrize("text", ["A door.", *NASTY])
def test_an_epub_is_well_formed_and_its_links_lead_to_its_files(text: str) -> None:
    with zipfile.ZipFile(io.BytesIO(to_epub(book(text, text)))) as epub:
        first = epub.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        names = set(epub.namelist())
        pages = {name: epub.read(name).decode() for name in names if name.endswith(("html", "opf"))}
    trees = {name: ElementTree.fromstring(page) for name, page in pages.items()}
    for name, tree in trees.items():
        hrefs = [node.attrib["href"] for node in tree.iter() if "href" in node.attrib]
        assert {f"EPUB/{href}" for href in hrefs} <= names, name
    manifest = {node.attrib["href"] for node in trees["EPUB/content.opf"].iter()
                if node.tag.endswith("item")}  # fmt: skip
    assert {f"EPUB/{name}" for name in manifest} == {
        name for name in names if name.startswith("EPUB/") and not name.endswith(".opf")
    }


DRAWN = {"circle", "polygon", "path", "rect"}
"""What emblems are made of; every title has another one."""


class Seen(HTMLParser):
    """What a browser would make of the page: its elements and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", NASTY)
def test_hostile_text_adds_no_element_to_the_playable_page(text: str) -> None:
    plain, hostile = Seen(), Seen()
    letters = re.sub(r"\S", "x", text)
    plain.feed(to_html(book(letters, letters)))
    hostile.feed(to_html(book(text, text)))
    assert [tag for tag in hostile.tags if tag not in DRAWN] == [
        tag for tag in plain.tags if tag not in DRAWN
    ]


def test_the_playable_page_speaks_the_language_of_the_site_around_the_story(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.locale.mkdir(parents=True)
    (home.locale / "sv.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Scene {number}"\nmsgstr "Scen {number}"\n\n'
        'msgid "The story ends here."\nmsgstr "Här <slutar> berättelsen."\n',
        encoding="utf-8",
    )
    choose("sv", home)
    try:
        page = to_html(book(), writer="demo")
    finally:
        choose("en")
    assert '<html lang="sv">' in page
    assert 'aria-label="Scen 4"' in page
    assert "Här &lt;slutar&gt; berättelsen." in page
    assert "A door." in page
    in_english = to_html(book(), writer="demo")
    assert '<html lang="en">' in in_english
    assert "<p>Written with Inkloop by a reader and a language model (demo).</p>" in in_english


def test_the_playable_page_is_played_by_mouse_and_keys(tmp_path: Path, browser: Browser) -> None:
    file = tmp_path / "story.html"
    file.write_text(to_html(book(said=HOSTILE)), encoding="utf-8")
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    page.goto(file.as_uri())
    assert page.locator("section:visible").count() == 1
    page.keyboard.press("1")
    page.wait_for_function("location.hash === '#scene-2'")
    page.locator("section.here a", has_text="On").click()
    page.get_by_text("The story ends here.").first.wait_for()
    page.get_by_role("button", name="From the beginning").click()
    page.wait_for_function("location.hash === '#scene-1'")
    page.get_by_role("button", name="Back").click()
    page.wait_for_function("location.hash === '#scene-4'")
    assert problems == []
    page.close()


@pytest.mark.parametrize("text", NASTY)
def test_markdown_of_the_path_shows_the_text_as_it_is(text: str) -> None:
    made = to_markdown(book(text, " ".join(text.split())), "p3")
    shown = re.sub(r"\\([\W_])", r"\1", made)
    assert " ".join(text.split()) in " ".join(shown.replace("\n\n", " ").split())
    for line in made.splitlines()[2:]:
        assert not re.match(r"\s*([#>*+-]|\d+[.)])(\s|$)", line.removeprefix("> *")), line


def test_the_same_words_give_the_same_emblem() -> None:
    assert emblem("The Door", "sea") == emblem(" the door ", "sea")
    assert emblem("The Door", "sea") != emblem("The Door", "hill")
    assert ElementTree.fromstring(emblem(HOSTILE)).tag.endswith("svg")
    assert HOSTILE not in emblem(HOSTILE)
