"""Releases on the Hugging Face Hub: one model repo, one commit and one tag per release.

A release is one commit that replaces the whole content of the repo, so whoever fetches `main` sees
the old or the new one, never a mixture; its tag then names it for good. A push that broke off is
pushed again: equal files make no second commit, and a tag that is there says that all is done.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import HubError, InkloopError, NotFound
from shared.releases import Release, ReleaseStore

if TYPE_CHECKING:
    from huggingface_hub import HfApi

KEPT = (".gitattributes",)
"""The Hub's own; everything else in the repo belongs to the newest release."""


class ReleasesHub:
    """The model repo of `INKLOOP_RELEASES_REPO`. Nothing is asked before a method is called."""

    def __init__(self, repo: str, *, offline: bool = False) -> None:
        """Name the repo.

        Raises:
            HubError: If there is none, or nothing may leave this machine.
        """
        if not repo:
            raise HubError(
                "There is no repo for releases.",
                fix="Set INKLOOP_RELEASES_REPO to owner/name.",
                lasting=True,
            )
        if offline:
            raise HubError("INKLOOP_OFFLINE is set, so the Hub is not asked.", lasting=True)
        self.repo = repo

    def names(self) -> list[str]:
        """Names of the releases that are there whole."""
        with self._asking() as api:
            return [tag.name for tag in api.list_repo_refs(self.repo).tags]

    def push(self, release: Release) -> bool:
        """Put a release there, private unless the repo is there already; whether it was missing.

        Raises:
            ModelFileError: If a file is not the one of the manifest; nothing is sent then.
            HubError: If the Hub refused or did not answer; push again.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        release.verify()
        with self._asking() as api:
            api.create_repo(self.repo, private=True, exist_ok=True)
            if release.name in [tag.name for tag in api.list_repo_refs(self.repo).tags]:
                return False
            files = {path.name: path for path in sorted(release.path.iterdir())}
            old = set(api.list_repo_files(self.repo)) - files.keys() - set(KEPT)
            done = api.create_commit(
                self.repo,
                [
                    *(CommitOperationAdd(name, path) for name, path in files.items()),
                    *(CommitOperationDelete(name) for name in sorted(old)),
                ],
                commit_message=f"Release {release.name}",
            )
            api.create_tag(self.repo, tag=release.name, revision=done.oid, exist_ok=True)
        return True

    def pull(self, name: str, store: ReleaseStore) -> Release:
        """Bring a release to this machine; it appears whole and checked, or not at all.

        Raises:
            NotFound: If the repo has no release of that name.
            ModelFileError: If what arrived is not what its manifest says.
            HubError: If the Hub did not answer.
        """
        if name not in self.names():
            raise NotFound(f"{self.repo} has no release {name}.", fix="inkloop releases pull")
        with tempfile.TemporaryDirectory() as folder:
            with self._asking() as api:
                api.snapshot_download(
                    self.repo, revision=name, local_dir=folder, ignore_patterns=list(KEPT)
                )
            return store.adopt(name, Path(folder))

    @contextmanager
    def _asking(self) -> Iterator["HfApi"]:
        from huggingface_hub import HfApi

        try:
            yield HfApi(library_name="inkloop")
        except InkloopError:
            raise
        # The client raises what its parts raise: HTTP libraries, json, its own thread pools.
        except Exception as error:
            raise _in_words(error, self.repo) from error


def _in_words(error: Exception, repo: str) -> HubError:
    from huggingface_hub.errors import HfHubHTTPError

    words = " ".join(str(getattr(error, "server_message", None) or error).split())[:200]
    if isinstance(error, HfHubHTTPError):
        status = int(error.response.status_code)
        fix = "Use a token that may write there (HF_TOKEN)." if status in (401, 403) else ""
        return HubError(
            f"The Hub answered {status} about {repo} ({words}).", fix=fix, status=status
        )
    return HubError(f"The Hub did not answer about {repo} ({type(error).__name__}: {words}).")
