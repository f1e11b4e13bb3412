"""Takes flags in that were given elsewhere: `inkloop flags import`.

They are scrubbed like any other, say where they come from, and wait for review. Nobody asked their
authors about training here, so they train nothing unless whoever imports them states that their
authors agreed. The same file again adds nothing; a rating that was changed is a new revision.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from pydantic import ValidationError

from feedback.build_record import build_record
from feedback.ledger import Ledger
from feedback.open_webui import Rating, Unusable, as_flag
from feedback.outbox import Outbox
from feedback.records import Consent, Record
from feedback.reviews import Reviews
from feedback.revise import add_revision
from feedback.session import Sessions
from feedback.taxonomy import Taxonomy
from shared.errors import BadRequest
from shared.home import Home
from shared.ids import derived_id


class Imported(Record):
    """What came in."""

    flags: int
    """Ratings that are flags here now, new or as before."""
    added: int
    """Of these, the ones that were not here before."""
    left_out: dict[str, int]
    """Why others are not, and how many."""


def import_flags(home: Home, path: Path, consent: Consent) -> Imported:
    """Take in the ratings of a file.

    Args:
        home: Where they go.
        path: An export of Open WebUI's feedback.
        consent: What their authors have agreed to.

    Raises:
        BadRequest: If the file is no such export.
    """
    left_out: Counter[str] = Counter()
    rows = _rows(path)
    with closing(Outbox.claim(home.feedback)) as box:
        taking = _Taking(home, box, consent)
        added = flags = 0
        for row in rows:
            try:
                new = taking.take(Rating.model_validate(row))
            except Unusable as why:
                left_out[str(why)] += 1
            except ValidationError:
                left_out["not a rating"] += 1
            else:
                flags += 1
                added += new
    return Imported(flags=flags, added=added, left_out=dict(left_out.most_common()))


class _Taking:
    """Puts one rating after the other into an outbox."""

    def __init__(self, home: Home, box: Outbox, consent: Consent) -> None:
        self._box = box
        self._consent = consent
        self._ledger = Ledger(home)
        self._sessions = Sessions(home.feedback)
        self._taxonomy = Taxonomy.load(home)
        self._erased = Reviews(home).tombstones()

    def take(self, rating: Rating) -> bool:
        """Add a rating, or its next revision; whether it was not here before."""
        answer, draft, rival = as_flag(rating, self._consent)
        try:
            self._taxonomy.check(answer.app, draft.verdict, draft.reasons)
        except BadRequest:
            # A reason for the other thumb: somebody has changed their mind and not the reason.
            draft = draft.model_copy(update={"reasons": ()})
        # The same for the same rating: what was erased here is known even then.
        flag_id = derived_id(1000 * rating.created_at, f"{rating.person} {answer.id}")
        if flag_id in self._erased:
            raise Unusable("erased here")
        last = self._ledger.newest(rating.person, answer.id)
        record = build_record(
            draft,
            answer,
            flag_id=flag_id,
            session=self._sessions.name(rating.person),
            alternative=rival,
        ).model_copy(update={"origin": _origin(rating)})
        _, is_new = self._box.writer.run(
            # Nobody holds a receipt of it: the secret is thrown away.
            lambda db: add_revision(db, record, answer.id, rating.person, last, token_hex(32))
        )
        return is_new


def _origin(rating: Rating) -> str:
    try:
        day = datetime.fromtimestamp(rating.created_at, UTC).strftime("%Y-%m-%d")
    except (OverflowError, OSError, ValueError):
        day = "unknown day"
    return f"Open WebUI, {day}"


def _rows(path: Path) -> Iterator[object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{path.name} is not JSON.", fix=_EXPORT) from error
    if not isinstance(found, list):
        raise BadRequest(f"{path.name} is not a list of ratings.", fix=_EXPORT)
    return iter(found)


_EXPORT = "Export it in Open WebUI: Admin Panel, Evaluations, Feedback, Export."
