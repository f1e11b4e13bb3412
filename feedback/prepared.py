"""Rows that training has prepared out of a dataset version, under `runs/data/` of the home.

They are copies that are made anew whenever they are missing, so where a flag was erased from the
version they go as a whole. `data.json` in each folder names its sources.
"""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shared.home import Home, expanded

ABOUT = "data.json"


def forget_prepared(home: Home, made_from: Iterable[Path]) -> list[Path]:
    """Delete what was prepared from files in these folders; gives what went."""
    roots = [folder.resolve() for folder in made_from]
    found = [path for path in sorted((home.runs / "data").glob("*/")) if _is_from(path, roots)]
    for path in found:
        shutil.rmtree(path)
    return found


def _is_from(folder: Path, roots: Iterable[Path]) -> bool:
    """Whether a folder holds rows of these; one that was cut short may hold anybody's."""
    try:
        sources = _sources(json.loads((folder / ABOUT).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return True
    return any(path.is_relative_to(root) for path in sources for root in roots)


def _sources(about: dict[str, Any]) -> list[Path]:
    return [expanded(str(source.get("path", ""))).resolve() for source in about.get("sources", ())]
