"""A poem as a picture: an SVG card without anything from outside, every word escaped."""

import html

from apps.poetry.poem import Poem

_LINE, _SIZE, _MARGIN, _LEAST = 40, 24, 64, 480
_LETTER = 0.52
"""Width of a letter in ems, on average in a book face."""


def svg(poem: Poem) -> str:
    """The card; wide enough for the longest line."""
    longest = max([len(line) for line in poem.lines] + [len(poem.title())])
    width = max(_LEAST, round(longest * _SIZE * _LETTER) + 2 * _MARGIN)
    height = _LINE * (len(poem.lines) + 2) + 2 * _MARGIN
    texts = [
        f'<text x="{_MARGIN}" y="{_MARGIN + _SIZE}" font-style="italic" fill="#5a5347">'
        f"{_written(poem.title())}</text>"
    ]
    for number, line in enumerate(poem.lines):
        y = _MARGIN + _SIZE + _LINE * (number + 2)
        texts.append(
            f'<text x="{_MARGIN}" y="{y}" fill="#1c1a16" xml:space="preserve">'
            f"{_written(line)}</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="Palatino, Georgia, serif"'
        f' font-size="{_SIZE}"><rect width="100%" height="100%" fill="#fdfbf6"/>'
        f'<rect x="16" y="16" width="{width - 32}" height="{height - 32}" fill="none"'
        f' stroke="#d5ccb9"/>{"".join(texts)}</svg>\n'
    )


def _written(text: str) -> str:
    """Without what XML cannot hold."""
    return html.escape("".join(letter for letter in text if letter.isprintable()))
