"""What stands out among the flags that wait, as HTML: a button for each pattern shows its flags."""

import html
from collections.abc import Sequence

from feedback.suspicions import Suspicion

SHOWN = 8
HINT = "None of this proves anything, and the caps hold whatever is approved."


def panel(found: Sequence[Suspicion]) -> str:
    """All patterns, the largest first; nothing where nothing stands out."""
    if not found:
        return ""
    items = "".join(
        f'<li><button type="button" data-at="{place}">{html.escape(said(one))}</button></li>'
        for place, one in enumerate(found[:SHOWN])
    )
    more = f"…and {len(found) - SHOWN:,} smaller ones. " if len(found) > SHOWN else ""
    patterns = "1 pattern stands" if len(found) == 1 else f"{len(found):,} patterns stand"
    return (
        f'<details class="review-suspicions" open><summary>{patterns} out among the flags that'
        f" wait</summary><ul>{items}</ul><p>{more}{HINT}</p></details>"
    )


def said(one: Suspicion) -> str:
    """A pattern in words."""
    people = "1 person" if one.people == 1 else f"{one.people:,} people"
    flags = f"{one.flags:,} flags"
    return {
        "one person": f"One person: {flags} in a day",
        "one question": f"One question: {flags} from {people}",
        "copied text": f"The same words: {flags} from {people}",
        "burst": f"At once: {flags} from {people} within ten minutes of {one.what}",
    }[one.pattern]
