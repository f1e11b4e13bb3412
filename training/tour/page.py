"""The tour as a page to look at: what was said, asked and checked, and the gates' pictures.

One HTML file without scripts and without anything from elsewhere, so that it can be kept or sent.
"""

import html
from dataclasses import dataclass, field
from pathlib import Path

from shared.durable import replace_text
from shared.releases import ReleaseStore

PICTURE = "gate.svg"

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #2f855a; --bad: #b42318; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } section { border-top: 1px solid var(--line); padding: .5rem 0; }
h2 small { font-weight: normal; opacity: .7; font-size: .8rem; }
dl { display: grid; grid-template-columns: minmax(8rem, 2fr) 3fr; gap: .3rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; } dt { overflow-wrap: anywhere; opacity: .8; }
p.yes, p.no { border-inline-start: 4px solid var(--good); padding-inline-start: .7rem; }
p.no { border-color: var(--bad); }
.sum { font-size: 1.2rem; } figure { margin: 1rem 0; overflow-x: auto; }
figure svg { min-width: 44rem; max-width: 100%; border-radius: 6px; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
"""


@dataclass
class Chapter:
    """One part of the tour."""

    title: str
    seconds: float
    parts: list[str] = field(default_factory=list)
    """HTML, escaped already."""
    quotes: list[tuple[str, str]] = field(default_factory=list)

    def settle(self) -> None:
        """Put the quotes that were gathered behind what was said before."""
        if self.quotes:
            rows = "".join(
                f"<dt>{html.escape(asked)}</dt><dd>{html.escape(answered)}</dd>"
                for asked, answered in self.quotes
            )
            self.parts.append(f"<dl>{rows}</dl>")
            self.quotes = []


@dataclass
class Diary:
    """Everything that the narrator told, in order."""

    chapters: list[Chapter] = field(default_factory=list)
    held: int = 0
    broken: str = ""
    """The check that did not hold."""

    def chapter(self, title: str, seconds: float) -> None:
        """Begin the next part."""
        self.chapters.append(Chapter(title, seconds))

    def say(self, text: str) -> None:
        """A sentence or two."""
        self._put(f"<p>{html.escape(text)}</p>")

    def quote(self, asked: str, answered: str) -> None:
        """A question and its answer."""
        if self.chapters:
            self.chapters[-1].quotes.append((asked, answered))

    def check(self, holds: bool, words: str) -> None:
        """What was checked."""
        mark = "yes" if holds else "no"
        self._put(f'<p class="{mark}">{"✓" if holds else "✗"} {html.escape(words)}</p>')
        if holds:
            self.held += 1
        else:
            self.broken = words

    def _put(self, part: str) -> None:
        if self.chapters:
            self.chapters[-1].settle()
            self.chapters[-1].parts.append(part)


def write_page(diary: Diary, home: Path, *, minutes: float) -> Path:
    """Write `tour.html` into the tour's home."""
    target = home / "tour.html"
    replace_text(target, _page(diary, _pictures(home / "releases"), minutes))
    return target


def _pictures(releases: Path) -> list[tuple[str, str]]:
    """Name of each release and the picture of its gate."""
    found = []
    for release in ReleaseStore(releases).list():
        path = release.path / PICTURE
        if path.is_file():
            found.append((release.name, path.read_text(encoding="utf-8")))
    return found


def _page(diary: Diary, pictures: list[tuple[str, str]], minutes: float) -> str:
    ended = f"It stopped: {diary.broken}" if diary.broken else "Every check held."
    checks = "1 check" if diary.held == 1 else f"{diary.held} checks"
    drawn = "".join(
        f"<figure><figcaption>The gate of {html.escape(name)}</figcaption>{svg}</figure>"
        for name, svg in pictures
    )
    sections = "".join(_section(number, each) for number, each in enumerate(diary.chapters, 1))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>A tour of Inkloop</title>'
        f"<style>{STYLE}</style></head><body><h1>A tour of Inkloop</h1>"
        f'<p class="sum">{html.escape(ended)} {checks} in {minutes:.1f} minutes, on the'
        " demo model, on this machine.</p>"
        f"{sections}<section><h2>What the gate measured</h2>{drawn or '<p>No release.</p>'}"
        "</section></body></html>\n"
    )


def _section(number: int, chapter: Chapter) -> str:
    chapter.settle()
    return (
        f"<section><h2>{number}. {html.escape(chapter.title)} <small>after"
        f" {chapter.seconds:.0f} s</small></h2>{''.join(chapter.parts)}</section>"
    )
