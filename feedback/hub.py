"""The one door to the Hugging Face Hub for flags: a dataset repo, private but for published rows.

Whatever goes wrong in here is a `HubError` in plain words. It never tells whether the Hub has done
what was asked: the client sends a commit once and without an end to waiting, and an answer may be
lost after the commit was made. So callers repeat the same request until it succeeds, and all
requests in here are made for that.

Content is read over HTTP into memory: a cache on disk would outlive what people have erased.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.errors import HubError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

DATASET = "dataset"
CONNECT_SECONDS, READ_SECONDS, WRITE_SECONDS = 10.0, 120.0, 60.0
MISSING = 404
STALE = 412
MENDS_ITSELF = (408, 409, 412, 425, 429)
"""Client errors (4xx) that go away; the others stay until somebody changes something."""
TRIES = 5
_SHARD = re.compile(r"data/[a-z]+/[\w-]+\.parquet")
_REPO_ID = re.compile(r"[\w.-]+/[\w.-]+")


class Hub:
    """One dataset repo. Nothing is asked before a method is called."""

    def __init__(
        self, repo: str, setting: str = "INKLOOP_FLAGS_REPO", *, public: bool = False
    ) -> None:
        """Name the repo.

        Args:
            repo: As “owner/name”.
            setting: Which setting it comes from.
            public: Whether everybody may read it.

        Raises:
            HubError: If it is not “owner/name”.
        """
        if not _REPO_ID.fullmatch(repo):
            raise HubError(
                f"{repo!r} is not the name of a dataset.",
                fix=f"Set {setting} to owner/name.",
                lasting=True,
            )
        self.repo = repo
        self._setting = setting
        self._public = public
        self._prepared = False

    def prepare(self) -> None:
        """Create the repo unless it is there; where it is to be private, refuse a public one."""
        if self._prepared:
            return
        with self._asking() as api:
            api.create_repo(self.repo, repo_type=DATASET, private=not self._public, exist_ok=True)
            private = api.repo_info(self.repo, repo_type=DATASET).private
        if not (private or self._public):
            raise HubError(
                f"The dataset {self.repo} is public; what people flag is not sent there.",
                fix=f"Make it private, or set {self._setting} to another one.",
                lasting=True,
            )
        self._prepared = True

    def commit(
        self,
        files: Mapping[str, bytes],
        message: str,
        *,
        parent: str | None = None,
        gone: Iterable[str] = (),
    ) -> str:
        """Put files into the repo in one commit; gives its oid.

        Files that lie there already with these bytes are left out, so this can be repeated.

        Args:
            files: Content by path.
            message: Title of the commit.
            parent: The head that the content was made for; a newer one refuses the commit.
            gone: Paths that are there and go.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        with self._asking() as api:
            adds = [CommitOperationAdd(path, data) for path, data in files.items()]
            if len(adds) > 1:
                # One at a time: several would go through a thread pool, which the interpreter
                # waits for when the process ends.
                for add in adds:
                    api.preupload_lfs_files(self.repo, [add], repo_type=DATASET, free_memory=False)
            done = api.create_commit(
                self.repo,
                [*adds, *(CommitOperationDelete(path) for path in gone)],
                commit_message=message,
                repo_type=DATASET,
                parent_commit=parent,
            )
        return str(done.oid)

    def head(self) -> str:
        """Oid of the newest commit."""
        with self._asking() as api:
            return str(api.repo_info(self.repo, repo_type=DATASET).sha)

    def shards(self, revision: str) -> dict[str, str]:
        """SHA-256 of every shard, by path."""
        return {
            path: sha for path, sha in self.large_files(revision).items() if _SHARD.fullmatch(path)
        }

    def large_files(self, revision: str) -> dict[str, str]:
        """SHA-256 of every file in large-file storage, by path."""
        with self._asking() as api:
            tree = api.list_repo_tree(
                self.repo, repo_type=DATASET, revision=revision, recursive=True
            )
            large = [(entry.path, getattr(entry, "lfs", None)) for entry in tree]
        return {path: str(lfs.sha256) for path, lfs in large if lfs is not None}

    def tags(self) -> dict[str, str]:
        """Commit of every tag, by name."""
        with self._asking() as api:
            found = api.list_repo_refs(self.repo, repo_type=DATASET).tags
        return {tag.name: str(tag.target_commit) for tag in found}

    def tag(self, name: str, revision: str) -> None:
        """Let a tag name this commit, wherever it was before."""
        there = self.tags().get(name)
        if there == revision:
            return
        if there is not None:
            self.untag([name])
        with self._asking() as api:
            api.create_tag(self.repo, tag=name, revision=revision, repo_type=DATASET)

    def untag(self, names: Iterable[str]) -> None:
        """Remove tags."""
        with self._asking() as api:
            for name in names:
                api.delete_tag(self.repo, tag=name, repo_type=DATASET)

    def read(self, path: str, revision: str) -> bytes:
        """Content of a file; empty when there is none."""
        from huggingface_hub import get_session, hf_hub_url
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

        with self._asking() as api:
            url = hf_hub_url(
                self.repo, path, repo_type=DATASET, revision=revision, endpoint=api.endpoint
            )
            answer = get_session().get(url, headers=build_hf_headers())
            if answer.status_code == MISSING and _error_code(answer) == "EntryNotFound":
                return b""
            hf_raise_for_status(answer)
            return bytes(answer.content)

    def read_shard(self, path: str, revision: str, sha256: str) -> bytes:
        """Content of a shard, checked.

        Raises:
            HubError: Also if what arrives is not what the Hub promised.
        """
        data = self.read(path, revision)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise HubError(f"{path} did not arrive whole.", fix="Try again.")
        return data

    def change(self, make: Callable[[str], Mapping[str, bytes | None]], message: str) -> str:
        """Commit what `make` says for a head, again if somebody else was faster; gives the head.

        Args:
            make: From the head's oid to changed files by path, None for a file that goes; no
                files change nothing.
            message: Title of the commit.
        """
        for attempt in range(1, TRIES + 1):
            head = self.head()
            made = make(head)
            if not made:
                return head
            files = {path: data for path, data in made.items() if data is not None}
            try:
                return self.commit(files, message, parent=head, gone=made.keys() - files.keys())
            except HubError as error:
                if error.status != STALE or attempt == TRIES:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def forget(self, wanted: Callable[[str, str], bool]) -> None:
        """Delete large files for good, those that no commit needs any more too.

        Args:
            wanted: From a path and a SHA-256 to whether this file goes.
        """
        with self._asking() as api:
            found = [
                file
                for file in api.list_lfs_files(self.repo, repo_type=DATASET)
                if wanted(file.filename, file.file_oid)
            ]
            api.permanently_delete_lfs_files(
                self.repo, found, rewrite_history=True, repo_type=DATASET
            )

    def squash(self, message: str) -> None:
        """Make one commit of the whole history, so that no older revision can be read."""
        with self._asking() as api:
            api.super_squash_history(self.repo, repo_type=DATASET, commit_message=message)

    @contextmanager
    def _asking(self) -> Iterator["HfApi"]:
        from huggingface_hub import HfApi

        _limit_waiting()
        try:
            yield HfApi(library_name="inkloop")
        # The client raises what its parts raise: HTTP libraries, json, its own thread pools.
        except Exception as error:
            raise _in_words(error, self.repo, self._setting) from error


@cache
def _limit_waiting() -> None:
    """Give all connections of the client an end to waiting; by itself it has none."""
    from huggingface_hub import set_client_factory
    from huggingface_hub.utils import httpx
    from huggingface_hub.utils._http import default_client_factory

    def patient_client() -> httpx.Client:
        client = default_client_factory()
        client.timeout = httpx.Timeout(
            READ_SECONDS, connect=CONNECT_SECONDS, write=WRITE_SECONDS, pool=CONNECT_SECONDS
        )
        return client

    set_client_factory(patient_client)


def _in_words(error: Exception, repo: str, setting: str) -> HubError:
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    if isinstance(error, HfHubHTTPError):
        return _refused(error, repo, setting)
    if isinstance(error, OfflineModeIsEnabled):
        return HubError(
            "HF_HUB_OFFLINE is set, so the Hub is not asked.", fix="Unset it.", lasting=True
        )
    if isinstance(error, HFValidationError):
        return HubError(f"{repo!r} is not the name of a dataset.", fix=str(error), lasting=True)
    return HubError(f"The Hub did not answer ({type(error).__name__}: {_brief(error)}).")


def _refused(error: Any, repo: str, setting: str) -> HubError:  # noqa: ANN401 - HfHubHTTPError
    status = int(error.response.status_code)
    lasting = 400 <= status < 500 and status not in MENDS_ITSELF
    fixes = {
        401: "Log in with `hf auth login`, or set HF_TOKEN.",
        403: "Use a token that may write there.",
        404: f"Check {setting} and the token.",
    }
    return HubError(
        f"The Hub answered {status} about the dataset {repo} ({_brief(error)}).",
        fix=fixes.get(status, ""),
        status=status,
        lasting=lasting,
        wait=_wanted_wait(error.response.headers),
    )


def _wanted_wait(headers: Mapping[str, str]) -> float:
    from huggingface_hub.utils import parse_ratelimit_headers

    if limit := parse_ratelimit_headers(headers):
        return float(limit.reset_in_seconds)
    after = headers.get("Retry-After", "")
    return float(after) if after.isdecimal() else 0.0


def _error_code(answer: Any) -> str:  # noqa: ANN401 - a response of the client's HTTP library
    return str(answer.headers.get("X-Error-Code", ""))


def _brief(error: Exception) -> str:
    message = getattr(error, "server_message", None) or str(error)
    return " ".join(str(message).split())[:200]
