"""The history of what was served: each release with where it comes from and why it passed.

Everything is read from the release folders and the dataset versions; what is not there any more is
left out, never guessed.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from feedback.dataset import Card
from feedback.rates import Rate, rates
from feedback.taxonomy import Taxonomy
from shared.errors import InkloopError
from shared.home import Home
from shared.manifest import Manifest, Pointer
from shared.releases import CARD, Release, ReleaseStore
from shared.texts import language

MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the gate, in its own words."""

    name: str
    passed: bool | None
    """None: not measurable."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One release."""

    manifest: Manifest
    reasons: tuple[tuple[str, int], ...]
    """Label and number of flags, the most frequent first."""
    verdicts: dict[str, int]
    """Good, bad and compared; empty when the dataset version is gone."""
    measured_against: str
    findings: tuple[Finding, ...]
    card: str
    """The model card as it lies in the folder."""
    served: tuple[datetime, ...]
    """When it was put to work."""
    promoted: bool
    answering: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything that the page shows."""

    answering: str
    """The model that answers now, whatever it is."""
    promoted: str
    """The release that should; empty for the base model."""
    entries: tuple[Entry, ...]
    """Newest first."""
    trouble: str = ""
    """Why the releases cannot be read."""


def read_timeline(home: Home, *, answering: str) -> Timeline:
    """The releases of this home; a damaged one is told, not raised."""
    store = ReleaseStore(home.releases)
    try:
        pointer = store.pointer()
        released = store.list()
    except InkloopError as error:
        return Timeline(answering=answering, promoted="", entries=(), trouble=str(error))
    labels = _labels(home)
    entries = [_entry(home, release, labels, pointer, answering=answering) for release in released]
    return Timeline(answering=answering, promoted=pointer.name, entries=tuple(reversed(entries)))


@dataclass(frozen=True, slots=True)
class Judged:
    """How often people flagged what one model wrote."""

    name: str
    rate: Rate
    reasons: tuple[tuple[str, int], ...]


def judged(home: Home) -> list[Judged]:
    """Every model whose answers are kept, the most used first."""
    labels = _labels(home)
    found = sorted(rates(home).items(), key=lambda item: -item[1].answers)
    return [Judged(name, rate, _named(dict(rate.reasons), labels)) for name, rate in found]


def _entry(
    home: Home, release: Release, labels: dict[str, str], pointer: Pointer, *, answering: str
) -> Entry:
    manifest = release.manifest
    dataset = _card_of(home, manifest.dataset.name)
    gate = _gate(release)
    return Entry(
        manifest=manifest,
        reasons=_named(dataset.reasons, labels) if dataset else (),
        verdicts=dataset.verdicts if dataset else {},
        measured_against=str(gate.get("serving", {}).get("name", "")),
        findings=tuple(
            Finding(str(row["name"]), row["passed"], str(row["words"]))
            for row in gate.get("findings", ())
        ),
        card=_text(release),
        served=tuple(step.at for step in pointer.history if step.name == release.name),
        promoted=release.name == pointer.name,
        answering=release.name == answering,
    )


def _card_of(home: Home, name: str) -> Card | None:
    try:
        text = (home.datasets / name / "dataset.json").read_bytes()
        return Card.model_validate_json(text)
    except (OSError, ValidationError):
        return None


def _gate(release: Release) -> dict[str, Any]:
    try:
        text = (release.path / release.manifest.gate.file).read_text(encoding="utf-8")
        return dict(json.loads(text))
    except (OSError, ValueError):
        return {}


def _text(release: Release) -> str:
    try:
        return (release.path / CARD).read_text(encoding="utf-8")
    except OSError:
        return ""


def _labels(home: Home) -> dict[str, str]:
    spoken = language()
    return {key: reason.label_in(spoken) for key, reason in Taxonomy.load(home).by_key.items()}


def _named(counts: dict[str, int], labels: dict[str, str]) -> tuple[tuple[str, int], ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple((labels.get(key, key), count) for key, count in ordered[:MOST_REASONS])
