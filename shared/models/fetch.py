"""Getting a model file onto this machine: resumed, checked, then put in place in one step.

The transfer itself is huggingface_hub's (resume, mirrors through HF_ENDPOINT, tokens). Around it:
free disk is checked first, the bytes are hashed against the catalogue, and only a whole, checked
file ever appears in the models folder. Nothing here runs unless somebody asked for it.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from shared.durable import replace_text, sha256_of
from shared.errors import FetchError, SettingsError
from shared.home import Home
from shared.models.catalogue import CatalogueModel
from shared.models.gguf_file import read_header
from shared.models.select import local_path
from shared.settings import Settings

Progress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all (0 when unknown)."""
TRIES = 5
ACCEPTED = "licences.json"
SPARE_BYTES = 64 * 1024 * 1024


def accepted(home: Home, model: CatalogueModel) -> bool:
    """Whether the licence of this model was accepted on this machine before."""
    return model.licence in _accepted(home)


def accept(home: Home, model: CatalogueModel) -> None:
    """Remember that the licence was shown and accepted."""
    known = _accepted(home)
    known.setdefault(model.licence, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    replace_text(home.models / ACCEPTED, json.dumps(known, indent=2))


def _accepted(home: Home) -> dict[str, str]:
    """Licence to when it was accepted; a damaged record is as good as none: the user is asked."""
    try:
        known = json.loads((home.models / ACCEPTED).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def fetch(settings: Settings, home: Home, model: CatalogueModel, progress: Progress) -> Path:
    """Bring the file here, continuing an earlier attempt; returns at once if it is here.

    Raises:
        SettingsError: Outbound calls are switched off.
        FetchError: No network, no such file, not enough disk, or the wrong bytes arrived.
    """
    target = local_path(home, model)
    if target.is_file():
        return target
    if settings.offline:
        raise SettingsError(
            f"INKLOOP_OFFLINE is on, so {model.title} cannot be fetched.",
            fix=f"Unset it, or copy {model.file} to {home.models}.",
        )
    home.models.mkdir(parents=True, exist_ok=True)
    incoming = home.models / "incoming"
    try:
        with FileLock(home.models / f".{target.name}.lock", timeout=0):
            _check_disk(home, model, incoming)
            arrived = _transfer(model, incoming, progress)
            _check_bytes(model, arrived)
            arrived.replace(target)
    except Timeout:
        raise FetchError(
            f"{model.title} is being fetched by another process.", fix="Wait for it to finish."
        ) from None
    return target


def _check_disk(home: Home, model: CatalogueModel, incoming: Path) -> None:
    here = sum(f.stat().st_size for f in incoming.rglob("*.incomplete")) if incoming.is_dir() else 0
    needed = model.bytes - here + SPARE_BYTES
    free = shutil.disk_usage(home.models).free
    if model.bytes and free < needed:
        raise FetchError(
            f"{model.title} needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free.",
            fix=f"Make room on the disk of {home.models}, or set INKLOOP_HOME elsewhere.",
        )


def _transfer(model: CatalogueModel, incoming: Path, progress: Progress) -> Path:
    # Imported here: huggingface_hub costs half a second that no other command should pay.
    import httpx2
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    # Its retries are told as one sentence at the end, not as warnings on the way.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    for attempt in range(1, TRIES + 1):
        try:
            return Path(
                hf_hub_download(
                    model.repo,
                    model.file,
                    revision=model.revision or None,
                    local_dir=incoming,
                    tqdm_class=_bar(progress),
                )
            )
        except LocalEntryNotFoundError as error:
            # The client's word for "the Hub did not answer"; it has tried several times by then.
            raise FetchError(
                f"The Hub cannot be reached, so {model.title} was not fetched.",
                fix="Run the same command when there is a network; Inkloop works without it.",
            ) from error
        except (GatedRepoError, RepositoryNotFoundError, EntryNotFoundError) as error:
            raise FetchError(
                f"The Hub does not give out {model.repo}/{model.file} ({type(error).__name__}).",
                fix=f"Look at https://huggingface.co/{model.repo}; a gated model needs HF_TOKEN.",
            ) from error
        except OfflineModeIsEnabled as error:
            raise SettingsError(
                "HF_HUB_OFFLINE is on, so nothing can be fetched.", fix="Unset it."
            ) from error
        except (HfHubHTTPError, httpx2.TransportError, OSError) as error:
            if attempt == TRIES:
                raise FetchError(
                    f"{model.title} did not arrive: {type(error).__name__}.",
                    fix="Check the network and run the same command: it continues where it was.",
                ) from error
            time.sleep(min(2**attempt, 8))
    raise AssertionError("the loop returns or raises")


def _bar(progress: Progress) -> type[Any]:
    """A tqdm class that reports to `progress` and draws nothing."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            kwargs["disable"] = True
            super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
            # A disabled bar keeps no count of its own.
            self._so_far = int(kwargs.get("initial") or 0)
            self._in_all = int(kwargs.get("total") or 0)

        def update(self, n: float | None = 1) -> None:
            self._so_far += int(n or 0)
            progress(self._so_far, self._in_all)

    return Bar


def _check_bytes(model: CatalogueModel, path: Path) -> None:
    if model.sha256:
        found = sha256_of(path)
        if found != model.sha256:
            path.unlink()
            raise FetchError(
                f"{model.title} arrived with SHA-256 {found[:16]}…, expected"
                f" {model.sha256[:16]}…; the file was removed.",
                fix="Fetch it again; if that repeats, the file on the Hub has changed.",
            )
    read_header(path)
