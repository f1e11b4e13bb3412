"""Takes secrets and personal data out of a text before it is stored.

Patterns plus checksums: keys and tokens, mail addresses, IBANs, bank cards, addresses of machines,
telephone and social security numbers. Each find becomes a fixed placeholder such as `[mail]`, so
the same text always gives the same result and scrubbing twice changes nothing. What looks like
code, a version or a plain number stays.

Names of people are not found (that takes a language model); consent, a private store and human
review stand for them. The patterns are in `feedback.scrub_rules`.
"""

from collections import Counter
from collections.abc import Iterable

from feedback.records import Record, Redaction
from feedback.scrub_rules import RULES, Rule

VERSION = 2
"""Stored with every flag; raised when the rules change."""


class Scrubbed(Record):
    """A text without its secrets, and what was taken out."""

    text: str
    counts: dict[str, int]
    """Placeholder's name (`mail`) to how often it was put in."""


def scrub(text: str) -> Scrubbed:
    """Replace secrets and personal data by placeholders."""
    counts: Counter[str] = Counter()
    for rule in RULES:
        text = _apply(rule, text, counts)
    return Scrubbed(text=text, counts=dict(sorted(counts.items())))


def scrub_all(texts: Iterable[str]) -> tuple[list[str], Redaction]:
    """Scrub several texts of one flag and add up what was found."""
    done = [scrub(text) for text in texts]
    total: Counter[str] = Counter()
    for one in done:
        total.update(one.counts)
    return [one.text for one in done], Redaction(
        version=VERSION, counts=dict(sorted(total.items()))
    )


def _apply(rule: Rule, text: str, counts: Counter[str]) -> str:
    """Go on right behind each find."""
    kept: list[str] = []
    done, look = 0, 0
    while match := rule.pattern.search(text, look):
        span = rule.span(match)
        if span is None:
            look = match.start() + 1 if rule.again else match.end()
            continue
        kept += [text[done : span[0]], f"[{rule.name}]"]
        counts[rule.name] += 1
        done = look = span[1]
    return "".join([*kept, text[done:]])
