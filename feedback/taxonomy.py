"""Why an answer is good or bad: reasons by app and verdict, read from `reasons.yaml`.

Keys are stable and stored; labels are shown and may be translated. An operator adds reasons or
labels in `INKLOOP_HOME/feedback/reasons.yaml` without touching the code; what a shipped reason
means for training cannot be changed there.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from feedback.records import App, Record, Verdict
from shared.errors import BadRequest, SettingsError
from shared.home import Home
from shared.texts import later, say

ReasonClass = Literal["Q", "F", "P", "S", "O", "R", "U"]
"""Quality, fact, taste, safety, operations, needs a reader, praise (`feedback.mapping`)."""

SHIPPED = Path(__file__).with_name("reasons.yaml")
OPERATORS = "reasons.yaml"
SEVERITIES: dict[str, str] = {
    "": later("Not said"),
    "minor": later("A small flaw"),
    "major": later("Spoils the answer"),
    "critical": later("Must never happen"),
}
"""Key to its label, to be said where it is shown."""


class Reason(Record):
    """One thing that can be good or bad about an answer."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    cls: ReasonClass = Field(alias="class")
    apps: tuple[App, ...] = ()
    """Where it is offered; empty is everywhere."""
    verdicts: tuple[Literal["up", "down"], ...] = Field(min_length=1)
    label: dict[str, str]
    """Language to text; `en` is always there."""

    def label_in(self, locale: str = "en") -> str:
        """The label in the nearest language there is: `pt_BR`, then `pt`, then English."""
        language = locale.replace("-", "_")
        return self.label.get(language) or self.label.get(language[:2]) or self.label["en"]


_ROWS = TypeAdapter(list[Reason])


class Taxonomy:
    """The reasons that one Inkloop knows."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.by_key = {reason.key: reason for reason in reasons}

    @classmethod
    def load(cls, home: Home | None = None) -> "Taxonomy":
        """The shipped reasons, and the operator's of this home.

        Raises:
            SettingsError: If the operator's file does not fit.
        """
        known = {reason.key: reason for reason in _read(SHIPPED)}
        own = None if home is None else home.feedback / OPERATORS
        for reason in _read(own) if own is not None and own.is_file() else ():
            known[reason.key] = _joined(known.get(reason.key), reason)
        return cls(known.values())

    def reasons(self, app: App, verdict: Verdict) -> list[Reason]:
        """What a person may choose from: the app's own reasons first, then those for every app."""
        side = "down" if verdict == "down" else "up"
        fitting = [r for r in self.by_key.values() if side in r.verdicts]
        return [r for r in fitting if app in r.apps] + [r for r in fitting if not r.apps]

    def check(self, app: App, verdict: Verdict, keys: Iterable[str]) -> None:
        """Refuse a reason that is not offered here.

        Raises:
            BadRequest: Naming the reason and the nearest one that is offered.
        """
        offered = [reason.key for reason in self.reasons(app, verdict)]
        for key in keys:
            if key not in offered:
                near = difflib.get_close_matches(key, offered, n=1, cutoff=0.5)
                hint = (
                    say("Did you mean “{key}”?", key=near[0])
                    if near
                    else say("There are: {keys}.", keys=", ".join(offered))
                )
                raise BadRequest(
                    say(
                        "“{key}” is not a reason for “{verdict}” in {app}.",
                        key=key[:40],
                        verdict=verdict,
                        app=app,
                    ),
                    fix=hint,
                )

    def classes(self, keys: Iterable[str]) -> frozenset[ReasonClass]:
        """Classes of the reasons; a key that is no longer known needs a reader."""
        known = (self.by_key.get(key) for key in keys)
        return frozenset("R" if reason is None else reason.cls for reason in known)


def reasons(
    app: App, verdict: Verdict, locale: str = "en", *, home: Home | None = None
) -> list[tuple[str, str]]:
    """(key, label) pairs for a page, in the order in which they are offered."""
    found = Taxonomy.load(home).reasons(app, verdict)
    return [(reason.key, reason.label_in(locale)) for reason in found]


def _read(path: Path) -> list[Reason]:
    try:
        rows = _ROWS.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or [])
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} is not a list of reasons: {_first_problem(error)}.",
            fix="Write it like feedback/reasons.yaml.",
        ) from error
    return rows


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    return " ".join(str(error).split())


def _joined(shipped: Reason | None, own: Reason) -> Reason:
    if shipped is None:
        if "en" not in own.label:
            raise SettingsError(
                f"The reason “{own.key}” has no English label.", fix="Add `en` to its labels."
            )
        return own
    if own.cls != shipped.cls:
        raise SettingsError(
            f"The reason “{own.key}” is of class {shipped.cls}; {OPERATORS} says {own.cls}.",
            fix="Choose another key: what a shipped reason means for training is fixed.",
        )
    return shipped.model_copy(update={"label": {**shipped.label, **own.label}})
