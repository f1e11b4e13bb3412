"""The card of the published dataset: what is in it, under which licence, and what consent means."""

from typing import TYPE_CHECKING

import yaml

from feedback.card import FENCE
from feedback.curated_files import MEANINGS, counts, declared
from feedback.published_rows import schema
from feedback.rows import KINDS

if TYPE_CHECKING:
    from feedback.published import Manifest

COLUMNS = """\
## Columns

`prompt` and, by configuration, `completion`, `chosen` and `rejected` are lists of messages.
`heldout` has the answer that was flagged, the correction and the thumb (`label`). `ids` names the
flags behind a row and `author` the person who sent the first of them; both are names made for this
dataset with a key that is not published, and lead to nobody. `app` and `reasons` say where and
why.
"""
CONSENT = """\
## Consent, and taking things back

Every author of a row ticked “You may publish this in an open dataset”, a tick of its own that is
off by default, and was told the licence. A reviewer approved every flag; flags about safety or
privacy are never published. Texts were scrubbed of keys, addresses, numbers of cards and telephones
before they were stored and again before they were published; names of people are not found by that.
A flag that its author had erased is not in here any more, nor in an older revision: **please load
this dataset anew rather than keep a copy**.
"""


def card_text(name: str, told: "Manifest") -> str:
    """The card, with what `datasets` needs to load every configuration."""
    kinds = [kind for kind in KINDS if told.files[kind].rows]
    front = {
        "pretty_name": "Inkloop: flags, published",
        "license": told.licence.lower(),
        "tags": ["inkloop", "human-feedback"],
        **declared(kinds, schema),
    }
    head = yaml.safe_dump(front, sort_keys=False, width=100, allow_unicode=True)
    parts = [
        f"\n# Flags, published (`{name}`)\n",
        f"What {told.authors} people said about answers of an Inkloop and gave to everybody under"
        f" **CC BY 4.0**: {len(told.ids)} reviewed flags.\n",
        counts("Rows", {kind: told.files[kind].rows for kind in KINDS}, MEANINGS.__getitem__),
        counts("Rows by app", told.apps),
        counts("Rows by reason", told.reasons),
        counts("Taken out of the texts", told.redacted),
        COLUMNS,
        CONSENT,
        _loading(kinds[0], name) if kinds else "Nothing is published at the moment.\n",
    ]
    return f"{FENCE}{head}{FENCE}" + "\n".join(part for part in parts if part)


def _loading(kind: str, name: str) -> str:
    return f'## Loading\n\n```python\nload_dataset(REPO, "{kind}", revision="{name}")\n```\n'
