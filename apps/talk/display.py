"""What was said, as Markdown that a page can show: readable, and harmless.

What a person wrote is shown as they wrote it. Where Markdown would change it (tags, indentation,
images), the whole message is put into a fence; `from_shown` takes it out again when the person
edits it there. An answer is Markdown already; in it, only raw HTML and images are made plain text,
and only outside code, where they would be swallowed or fetched instead of read.
Inside code, a sign that nobody sees keeps a line's first tab: the browser's Markdown would make it
four spaces. The script of `apps.ui.mended` takes it out of whatever is copied.
"""

import re

from apps.ui.mended import TAB_STAYS

_CHANGED_BY_MARKDOWN = re.compile(
    r"<[A-Za-z/!?]"  # a tag
    r"|&#?\w+;"  # a character reference
    r"|!\["  # an image
    r"|^(?: {2,}|\t)"  # indentation
    r"|\S {2,}\S"  # columns
    r"|^ {0,3}(?:[#>|]|[-=*_]{3,}\s*$)",  # a heading, a quote, a table, a rule
    re.MULTILINE,
)
# A span has an end: looking for one through the whole text at each of many odd backticks would
# hold everybody up for a minute.
_CODE = re.compile(
    r"^[ \t]*(?P<ticks>`{3,}+|~{3,}+)[^`\n]*"  # a fence, closed or to the end
    r"(?:\n(?:.*?^[ \t]*(?P=ticks)[`~]*[ \t]*$|.*\Z)|\Z)"
    r"|(?<!`)(?P<tick>`+)(?!`)(?:(?!\n[ \t]*\n).){1,1500}?(?<!`)(?P=tick)(?!`)",  # a span
    re.MULTILINE | re.DOTALL,
)
_FENCED_WHOLE = re.compile(r"\A(`{3,})text\n(.*)\n\1\Z", re.DOTALL)
_FIRST_TAB = re.compile(r"^( *)\t", re.MULTILINE)
_TAG_OR_IMAGE = re.compile(r"<(?=[A-Za-z/!?])|!(?=\[)")
_PLAIN = {"<": "&lt;", "!": r"\!"}


def parts(text: str) -> list[dict[str, str]]:
    """The content of a Chatbot message; a bare string would lose its indentation."""
    return [{"type": "text", "text": text}]


def text_of(content: object) -> str:
    """The text of what a Chatbot event carries: a string, one part, or a list of them."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return str(content.get("text", ""))
    return "".join(text_of(part) for part in content) if isinstance(content, list) else ""


def shown_question(text: str) -> str:
    """A person's message; fenced as a whole if Markdown would not show it as it is."""
    outside = _CODE.sub("", text)
    if not _CHANGED_BY_MARKDOWN.search(outside):
        return _CODE.sub(_tabs_stay, text)
    return _FIRST_TAB.sub(rf"\1{TAB_STAYS}\t", f"{fence_for(text)}text\n{text}\n{fence_for(text)}")


def from_shown(shown: str) -> str:
    """The message that `shown_question` showed, as it stands after editing."""
    said = shown.replace(f"{TAB_STAYS}\t", "\t")
    whole = _FENCED_WHOLE.match(said.strip())
    return whole.group(2) if whole else said


def shown_answer(text: str) -> str:
    """An answer's Markdown with raw HTML and images outside code as plain text."""
    done: list[str] = []
    at = 0
    for code in _CODE.finditer(text):
        done += [_plain(text[at : code.start()]), _tabs_stay(code)]
        at = code.end()
    return "".join([*done, _plain(text[at:])])


def closed(shown: str) -> str:
    """The Markdown with its last fence closed, so that something can be said after it."""
    *_, last = (None, *_CODE.finditer(shown))
    if last is None or not last["ticks"]:
        return shown
    ends = re.search(rf"\n[ \t]*{last['ticks']}[`~]*[ \t]*\Z", last.group())
    return shown if ends else f"{shown.rstrip()}\n{last['ticks']}"


def fence_for(text: str) -> str:
    """Backticks that do not end inside the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)


def _tabs_stay(code: re.Match[str]) -> str:
    # A fence that stands behind a tab takes that tab from its lines: there it must stay in front.
    own = code.group().lstrip(" ").startswith("\t")
    return code.group() if own else _FIRST_TAB.sub(rf"\1{TAB_STAYS}\t", code.group())


def _plain(prose: str) -> str:
    return _TAG_OR_IMAGE.sub(lambda found: _PLAIN[found.group()], prose)
