"""Licences travel: what a release inherits from its base, its rows and whoever wrote them.

A small table of rules, not legal advice: what a derivative must be called, which notice goes with
it, and which terms cannot be met at once. A conflict stops the release; an unknown licence is
carried by its name, and nothing is claimed about it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from shared.errors import TrainingError

FREE = frozenset({"apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "unlicense"})
"""Give no name and no terms to what is made with them, beyond being named."""
SAME_TERMS = frozenset({"cc-by-sa-4.0", "gpl-3.0", "agpl-3.0", "cc-by-nc-sa-4.0"})
"""Whatever is made with them carries exactly them."""
NOT_FOR_MONEY = frozenset({"cc-by-nc-4.0", "cc-by-nc-sa-4.0"})
NO_DERIVATIVES = frozenset({"cc-by-nd-4.0", "cc-by-nc-nd-4.0"})


@dataclass(frozen=True, slots=True)
class Used:
    """One thing that went in."""

    what: str
    """In words: “the base model demo”."""
    licence: str
    """Lower-case identifier as the Hub writes it; empty if nobody said."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What the release carries."""

    licence: str
    used: tuple[Used, ...]
    notices: tuple[str, ...]


def inherit(release: str, licence: str, used: Iterable[Used]) -> Inherited:
    """Check that a release of this name and licence may be made from all this.

    Raises:
        TrainingError: Naming the two things that do not go together.
    """
    parts = tuple(Used(part.what, part.licence.lower()) for part in used)
    for part in parts:
        _check(release, licence.lower(), part)
    notices = dict.fromkeys(notice for part in parts if (notice := _notice(part.licence)))
    return Inherited(licence, parts, tuple(notices))


def _check(release: str, licence: str, part: Used) -> None:
    if part.licence in NO_DERIVATIVES:
        raise _conflict(part, "which allows nothing to be made from it")
    if _is_llama(part.licence):
        if not release.startswith("Llama"):
            raise TrainingError(
                f"{part.what} is under {part.licence}, so the release's name must begin with"
                f" “Llama”, and {release} does not.",
                fix="Set release_name in the recipe.",
            )
        if licence != part.licence:
            raise _conflict(part, f"and the release cannot be under {licence}")
    if part.licence in SAME_TERMS and licence != part.licence:
        raise _conflict(part, f"which does not allow {licence} for what is made with it")
    if part.licence in NOT_FOR_MONEY and licence not in NOT_FOR_MONEY:
        raise _conflict(part, f"which forbids trade, and {licence} allows it")


def _conflict(part: Used, why: str) -> TrainingError:
    return TrainingError(
        f"{part.what} is under {part.licence}, {why}.",
        fix="Change the recipe's licence, or leave that part out; no release is made.",
    )


def _is_llama(licence: str) -> bool:
    return licence.startswith("llama")


def _notice(licence: str) -> str:
    """What must be shown with the release."""
    if not _is_llama(licence):
        return ""
    version = licence.removeprefix("llama").strip("-")
    return (
        f"Built with Llama. Llama {version} is licensed under the Llama {version} Community"
        " License, Copyright © Meta Platforms, Inc. All Rights Reserved."
    )


def licence_of_folder(folder: Path) -> str:
    """What a model folder says of itself in the head of its README.md; empty if it says nothing."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except OSError:
        return ""
    if not text.startswith("---\n"):
        return ""
    try:
        head = yaml.safe_load(text[4 : text.index("\n---", 4)])
    except (ValueError, yaml.YAMLError):
        return ""
    if not isinstance(head, dict):
        return ""
    named = head.get("license_name") if head.get("license") == "other" else head.get("license")
    return str(named or "").lower()
