"""Old texts between the made-up conversations: fairy tales, picture books and poems.

They widen the vocabulary and the sentences, not the knowledge. The texts are not part of the
repository: without a folder that holds them the model is trained on conversations alone.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

LONGEST = 1400
"""Characters of one piece; a longer text is divided at the ends of sentences."""
_PARTS = re.compile(r"(?<=[.!?”\"])\s+")


def pieces(text: str) -> Iterator[str]:
    """The text in pieces of whole sentences."""
    piece = ""
    for sentence in _PARTS.split(text):
        if piece and len(piece) + len(sentence) > LONGEST:
            yield piece.strip()
            piece = ""
        piece += sentence + " "
    if len(piece) > 80:
        yield piece.strip()


def fairy_tales(folder: Path) -> Iterator[str]:
    """FairytaleQA's sections of tales from Project Gutenberg (public domain)."""
    for path in sorted((folder / "fairytaleqa" / "section-stories" / "train").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                yield from pieces(" ".join(row["text"].split()))


def picture_books(folder: Path) -> Iterator[str]:
    """African Storybook, CC BY; the authors are named in the model card."""
    for path in sorted((folder / "african-storybook-en").glob("[0-9]*.md")):
        title, *pages = re.split(r"\n##?\s*\n", path.read_text(encoding="utf-8"))
        told = [" ".join(page.split()) for page in pages if "* License" not in page]
        yield from pieces(title.strip("# \n") + ". " + " ".join(told))


def poems(folder: Path) -> Iterator[str]:
    """Stanzas by Dickinson, Shakespeare and Whitman (public domain)."""
    for name in ("emily_dickinson", "shakespeare_sonnets", "whitman_leaves"):
        path = folder / "poetry-pd" / f"{name}.txt"
        if path.exists():
            for stanza in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
                lines = "\n".join(line.strip() for line in stanza.strip().splitlines())
                if 60 < len(lines) < LONGEST:
                    yield lines


def texts(folder: Path | None) -> list[str]:
    """All pieces found under `folder`; none without it."""
    if folder is None:
        return []
    return [*fairy_tales(folder), *picture_books(folder), *poems(folder)]


def attributions(folder: Path) -> list[tuple[str, str]]:
    """Title and author of every African Storybook text, as the licence asks."""
    found = []
    for path in sorted((folder / "african-storybook-en").glob("[0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        author = re.search(r"^\* Text: (.+)$", text, re.M)
        if author:
            found.append((text.splitlines()[0].strip("# "), author.group(1).strip()))
    return found
