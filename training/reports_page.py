"""One document, written twice: as Markdown, and as an HTML page that needs no other file."""

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.durable import replace_text

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884;
  vertical-align: top; }
img { max-width: 100%; background: #fff; border-radius: 4px; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8881; padding: .75rem; }
"""


@dataclass
class Page:
    """Headings, words, tables and pictures, in the order in which they were added."""

    title: str
    _html: list[str] = field(default_factory=list)
    _markdown: list[str] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """A second-level heading."""
        self._add(f"<h2>{html.escape(text)}</h2>", f"## {text}")

    def words(self, text: str) -> None:
        """A paragraph."""
        self._add(f"<p>{html.escape(text)}</p>", text)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table; nothing where there are no rows."""
        if not rows:
            return
        cells = [[shown(value) for value in row] for row in rows]
        top = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in cells
        )
        lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        lines += [f"| {' | '.join(cell.replace('|', '∣') for cell in row)} |" for row in cells]
        self._add(
            f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>", "\n".join(lines)
        )

    def picture(self, file: Path, told: str) -> None:
        """A PNG file beside the page, with what it shows in words."""
        data = base64.b64encode(file.read_bytes()).decode()
        said = html.escape(told, quote=True)
        self._add(
            f'<p><img alt="{said}" src="data:image/png;base64,{data}"></p>',
            f"![{told}]({file.parent.name}/{file.name})",
        )

    def text(self, words: str) -> None:
        """Text as it is, with its line breaks."""
        fence = "````"
        self._add(f"<pre>{html.escape(words)}</pre>", f"{fence}\n{words}\n{fence}")

    def write(self, page: Path) -> None:
        """Write `page` (HTML) and the same name with `.md`."""
        head = (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{html.escape(self.title)}</title><style>{_STYLE}</style>"
        )
        body = f"<h1>{html.escape(self.title)}</h1>\n" + "\n".join(self._html)
        replace_text(page, f"{head}<body>{body}</body></html>\n")
        replace_text(
            page.with_suffix(".md"), "\n\n".join([f"# {self.title}", *self._markdown]) + "\n"
        )

    def _add(self, as_html: str, as_markdown: str) -> None:
        self._html.append(as_html)
        self._markdown.append(as_markdown)


def shown(value: object) -> str:
    """A value as a table shows it."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return " ".join(str(value).split())
