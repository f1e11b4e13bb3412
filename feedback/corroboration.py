"""Whether other people say the same about the same answer.

One person's word is weak where facts and taste are concerned; two people who do not know of each
other are a reason to believe them (`feedback.quorum`).
"""

from feedback.outbox import read_rows
from feedback.pulled import read_pulled
from feedback.records import FlagRecord
from shared.home import Home

_QUESTION = "json_extract({0}payload,'$.prompt_sha256')=?"
_NEWEST = " AND r.revision=(SELECT max(revision) FROM revision WHERE flag_id=r.flag_id)"


def others_who_agree(home: Home, record: FlagRecord) -> int:
    """How many other people gave one of the same reasons about the same answer."""
    values = (record.prompt_sha256,)
    rows = [
        *read_rows(home.feedback, where=_QUESTION.format("r.") + _NEWEST, values=values),
        *read_pulled(home, where=_QUESTION.format(""), values=values),
    ]
    said = [FlagRecord.model_validate_json(row.payload) for row in rows if row.payload is not None]
    return len({one.session for one in said if _agree(one, record)})


def _agree(one: FlagRecord, other: FlagRecord) -> bool:
    """Nobody agrees with themselves, and who has no name may be anybody."""
    return (
        bool(one.session)
        and one.session != other.session
        and (one.verdict, one.answer) == (other.verdict, other.answer)
        and bool(set(one.categories) & set(other.categories))
    )
