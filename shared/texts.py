"""What the pages say, in the language of the site.

English stands in the code; other languages come from catalogues, as gettext has them: a file
`<language>.po` in `INKLOOP_HOME/locale`, else in `shared/locale`. `shared/locale/inkloop.pot` lists
every text there is, made from the code (`python -m shared.texts`), so that a translator needs to
read no code. What a catalogue lacks is said in English.

A text is said when a page is built or drawn, never when a module is loaded: what must stand at the
top of a module is marked with `later` there, and said where it is used. Values are put in by name
(`say("{count} tokens", count=3)`), so that another language may order them as it likes.
"""

import ast
import json
from collections.abc import Iterator, Sequence
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter

from shared.errors import SettingsError
from shared.home import Home

ENGLISH = "en"
SHIPPED = Path(__file__).with_name("locale")
TEMPLATE = SHIPPED / "inkloop.pot"
MARKS = {"say": 1, "say_count": 2, "say_js": 1, "later": 1}
"""Functions whose first texts are in the catalogue; `say_count` has a singular and a plural."""
ROOMS = ("apps", "feedback", "shared")
HEADER = """\
# What the pages of Inkloop say. Copy this file to <language>.po and translate it.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


class _Chosen:
    """The language of this process: one site speaks one language."""

    language = ENGLISH
    texts: NullTranslations = NullTranslations()


def choose(language: str, home: Home | None = None) -> None:
    """Speak this language from now on.

    Args:
        language: As catalogues are named, such as `sv` or `pt_BR`.
        home: Where an operator's own catalogues may lie.

    Raises:
        SettingsError: There is no such catalogue, or it cannot be read.
    """
    wanted = language.strip().replace("-", "_") or ENGLISH
    if wanted == ENGLISH:
        _Chosen.language, _Chosen.texts = ENGLISH, NullTranslations()
        return
    known = languages(home)
    if wanted not in known:
        raise SettingsError(
            f"INKLOOP_LANGUAGE is {language!r}, and there is no catalogue of that language.",
            fix=f"There are: {', '.join([ENGLISH, *sorted(known)])}.",
        )
    _Chosen.language, _Chosen.texts = wanted, _read(known[wanted], wanted)


def languages(home: Home | None = None) -> dict[str, Path]:
    """Language to its catalogue, without English; the operator's come before those shipped."""
    folders = [SHIPPED, *([home.locale] if home else [])]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.po"))}


def language() -> str:
    """The language that is spoken, as its catalogue is named."""
    return _Chosen.language


def later(text: str) -> str:
    """The text as it is: marked for the catalogue here, and said where it is used."""
    return text


def say(text: str, /, **values: object) -> str:
    """The text in the language of the site, with the values in their places."""
    found = _Chosen.texts.gettext(text) if text else text
    return found.format(**values) if values else found


def say_count(one: str, many: str, count: int, /, **values: object) -> str:
    """The form that fits the number, which stands in the text as `{count}`."""
    found = _Chosen.texts.ngettext(one, many, count)
    return found.format(count=f"{count:,}", **values)


def say_js(text: str, /) -> str:
    """The text as a literal of JavaScript, fit to stand in a script in a page."""
    return json.dumps(say(text)).replace("</", "<\\/")


def _read(path: Path, wanted: str) -> NullTranslations:
    # Babel is only needed by sites that do not speak English; importing it takes a moment.
    from babel.core import UnknownLocaleError
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=wanted, abort_invalid=True)
        for message in catalogue:
            _check_places(message.id, message.string or "")
        packed = BytesIO()
        write_mo(packed, catalogue)
        packed.seek(0)
        return GNUTranslations(packed)
    except (OSError, ValueError, PoFileError, UnknownLocaleError) as error:
        raise SettingsError(
            f"The catalogue of {wanted!r}, {path}, cannot be read: {error}.",
            fix="Mend the file, or set INKLOOP_LANGUAGE to en.",
        ) from error


def _check_places(text: str | Sequence[str], told: str | Sequence[str]) -> None:
    """Every value that a translation puts in must be one that the text has.

    Raises:
        ValueError: Naming the text.
    """
    known = _places(text)
    if known and not _places(told) <= known:
        raise ValueError(f"the translation of {text!r} has other {{places}} than the text")


def _places(text: str | Sequence[str]) -> set[str]:
    forms = [text] if isinstance(text, str) else text
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None}


def extract() -> str:
    """The text of `inkloop.pot` as the code has it now."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    catalogue = Catalog(project="Inkloop", charset="utf-8", fuzzy=False)
    for place, text in _found():
        catalogue.add(text, locations=[(place, 0)])
    out = BytesIO()
    write_po(out, catalogue, sort_output=True, include_lineno=False, omit_header=True, width=100)
    # Babel's own header would hold the time, and so never be the same twice.
    return HEADER + out.getvalue().decode("utf-8")


def _found() -> Iterator[tuple[str, str | tuple[str, str]]]:
    """Where a text stands, and the text; a pair for `say_count`."""
    rooms = Path(__file__).parent.parent
    for path in sorted(one for room in ROOMS for one in (rooms / room).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            texts = _texts_of(node)
            if texts:
                yield path.relative_to(rooms).as_posix(), texts


def _texts_of(node: ast.AST) -> str | tuple[str, str] | None:
    if not isinstance(node, ast.Call):
        return None
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    given = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
    texts = [value for value in given if isinstance(value, str)][: MARKS.get(name, 0)]
    if not texts:
        return None
    return (texts[0], texts[1]) if MARKS[name] == 2 else texts[0]


if __name__ == "__main__":
    TEMPLATE.write_text(extract(), encoding="utf-8")
