"""Training on Hugging Face Jobs. Never run against the service: written from its documentation.

The errand is put into a private dataset repo, the job fetches it there, trains, and puts the run
folder beside it. So a lost connection, or a killed `inkloop retrain`, loses nothing: called again,
it finds the job by its name. Jobs cost money; the time limit is always set.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from shared.durable import publish_folder
from shared.errors import HubError, TrainingError
from shared.ids import new_id
from shared.settings import Settings
from training.retrain.where import COMMANDS, Errand, State

IMAGE = "python:3.12"
FLAVOR = "l4x1"
TIMEOUT = "4h"
DATASET = "dataset"
_STATES: dict[str, State] = {
    "SCHEDULING": "waiting",
    "RUNNING": "running",
    "COMPLETED": "done",
}


class HubJobs:
    """One place to train; the repo is the one for dataset versions."""

    def __init__(self, repo: str = "", *, flavor: str = FLAVOR) -> None:
        self._repo = repo
        self._flavor = flavor

    def submit(self, errand: Errand) -> str:
        """Upload the errand and start a job, unless one of that name is on its way."""
        repo, api = self._open()
        try:
            api.create_repo(repo, repo_type=DATASET, private=True, exist_ok=True)
            api.upload_file(
                path_or_fileobj=errand.packed,
                path_in_repo=f"{_folder(errand)}/errand.tar.gz",
                repo_id=repo,
                repo_type=DATASET,
            )
            for job in api.list_jobs():
                if (job.labels or {}).get("inkloop") == errand.name and _state(job) != "failed":
                    return str(job.id)
            return str(self._start(api, repo, errand).id)
        except Exception as error:
            raise _in_words(error) from error

    def state(self, work: str) -> tuple[State, str]:
        """Ask for the job."""
        _, api = self._open()
        try:
            job = api.inspect_job(job_id=work)
        except Exception as error:
            raise _in_words(error) from error
        words = str(getattr(job.status, "message", "") or job.status.stage).lower()
        return _state(job), words

    def fetch(self, errand: Errand, into: Path) -> None:
        """Download the run folder."""
        repo, api = self._open()
        with tempfile.TemporaryDirectory() as folder:
            try:
                api.snapshot_download(
                    repo,
                    repo_type=DATASET,
                    local_dir=folder,
                    allow_patterns=f"{_folder(errand)}/runs/{errand.name}/*",
                )
            except Exception as error:
                raise _in_words(error) from error
            found = Path(folder) / _folder(errand) / "runs" / errand.name
            if not found.is_dir():
                raise TrainingError(f"The job left no run {errand.name}.")
            draft = into.with_name(f".{into.name}.{new_id()}")
            shutil.copytree(found, draft)
            shutil.rmtree(into, ignore_errors=True)
            publish_folder(draft, into)

    def _open(self) -> tuple[str, Any]:
        """The repo and the client.

        Raises:
            HubError: If no repo is set, or nothing may leave this machine.
        """
        from huggingface_hub import HfApi

        settings = Settings.load()
        if settings.offline:
            raise HubError("INKLOOP_OFFLINE is set, so no job is sent.", fix="Unset it.")
        repo = self._repo or settings.dataset_repo
        if not repo:
            raise HubError(
                "A job needs a private place for the dataset version.",
                fix="Set INKLOOP_DATASET_REPO to owner/name.",
                lasting=True,
            )
        return repo, HfApi(library_name="inkloop")

    def _start(self, api: Any, repo: str, errand: Errand) -> Any:  # noqa: ANN401
        from huggingface_hub import get_token

        return api.run_job(
            image=IMAGE,
            command=["bash", "-c", script(repo, errand)],
            flavor=self._flavor,
            timeout=TIMEOUT,
            labels={"inkloop": errand.name},
            secrets={"HF_TOKEN": get_token()},
        )


def script(repo: str, errand: Errand) -> str:
    """What the job runs."""
    place = _folder(errand)
    return " && ".join(
        (
            "pip install -q huggingface_hub",
            f"hf download {repo} {place}/errand.tar.gz --repo-type dataset --local-dir .",
            f"tar xzf {place}/errand.tar.gz",
            *COMMANDS,
            f"hf upload {repo} runs {place}/runs --repo-type dataset",
        )
    )


def _folder(errand: Errand) -> str:
    return f"errands/{errand.name}"


def _state(job: Any) -> State:  # noqa: ANN401
    return _STATES.get(str(getattr(job.status.stage, "value", job.status.stage)), "failed")


def _in_words(error: Exception) -> HubError:
    if isinstance(error, HubError):
        return error
    words = " ".join(str(error).split())[:200]
    return HubError(f"Hugging Face Jobs did not do it ({type(error).__name__}: {words}).")
