"""What the loopback hub keeps: dataset repos with commits and large files, all in memory.

The rules are the real Hub's as far as clients can tell: a commit on a stale parent is refused, a
repo's large files outlive the commits that name them, squashing forgets commits but not files.
"""

import fnmatch
import hashlib
import itertools
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

LARGE = (
    "*.parquet *.arrow *.bin *.gz *.zip *.zst *.npy *.safetensors *.gguf *.pt *.onnx *.tar *.png"
).split()
LARGE_BYTES = 10 * 1024 * 1024


class Refusal(Exception):
    """An answer other than success, as the Hub words it."""

    def __init__(self, status: int, message: str, code: str = "", **body: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.body = {"error": message, **body}


@dataclass(frozen=True)
class File:
    """One file of one commit: its content, or the hash of a large file."""

    data: bytes
    """Content, or the pointer to a large file."""
    sha256: str = ""
    large_size: int = 0

    @property
    def oid(self) -> str:
        return hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()

    @property
    def size(self) -> int:
        return self.large_size if self.sha256 else len(self.data)

    @classmethod
    def large(cls, sha256: str, size: int) -> "File":
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
        return cls(pointer.encode(), sha256, size)


Files = dict[str, File]


@dataclass(frozen=True)
class Commit:
    """A whole tree with its title."""

    files: Files
    title: str
    parent: str | None
    date: str


@dataclass
class Repo:
    """A dataset repo."""

    id: str
    private: bool
    created: str
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    """Large files by SHA-256, whatever commit names them."""

    def resolve(self, revision: str) -> tuple[str, Files]:
        oid = self.refs.get(revision) or self.tags.get(revision)
        if oid is None and re.fullmatch("[0-9a-f]{5,40}", revision):
            oid = next((known for known in self.commits if known.startswith(revision)), None)
        if oid is None:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return oid, self.commits[oid].files

    def content(self, file: File) -> bytes:
        if not file.sha256:
            return file.data
        if file.sha256 not in self.blobs:
            raise Refusal(404, "Object was deleted", "EntryNotFound")
        return self.blobs[file.sha256]

    def history(self, revision: str) -> list[tuple[str, Commit]]:
        found: list[tuple[str, Commit]] = []
        oid: str | None = self.resolve(revision)[0]
        while oid in self.commits:
            found.append((oid, self.commits[oid]))
            oid = self.commits[oid].parent
        return found


@dataclass
class Fault:
    """What goes wrong with the next requests that match."""

    match: str
    """Regular expression on “METHOD /path”."""
    status: int = 0
    """HTTP status; 0 breaks the connection off."""
    times: int = 1
    after: bool = False
    """The request is done first, and only its answer goes wrong."""
    stall_seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


class HubStore:
    """All repos of one hub, the faults that wait, and what was asked."""

    def __init__(self, token: str = "") -> None:
        self.lock = threading.RLock()
        self.token = token
        self.repos: dict[str, Repo] = {}
        self.faults: list[Fault] = []
        self.log: list[str] = []
        """Requests as “METHOD /path status”."""
        self.on_commit: Callable[[], None] = lambda: None
        """Called when a commit has been applied and its answer has not been sent."""
        self._numbers = itertools.count(1)

    def inject(self, *faults: Fault) -> None:
        with self.lock:
            self.faults = list(faults)

    def next_fault(self, request: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.match, request):
                    fault.times -= 1
                    return fault
        return None

    def asked(self, pattern: str) -> list[str]:
        return [line for line in list(self.log) if re.search(pattern, line)]

    def create(self, repo_id: str, *, private: bool) -> Repo:
        repo = Repo(repo_id, private, now())
        self.repos[repo_id] = repo
        attributes = "".join(f"{glob} filter=lfs diff=lfs merge=lfs -text\n" for glob in LARGE)
        self.commit(repo, "main", {".gitattributes": File(attributes.encode())}, "initial commit")
        return repo

    def commit(self, repo: Repo, ref: str, files: Files, title: str) -> str:
        number = next(self._numbers)
        oid = hashlib.sha1(f"{repo.id} {number} {title}".encode()).hexdigest()
        repo.commits[oid] = Commit(files, title, repo.refs.get(ref), now())
        repo.refs[ref] = oid
        return oid

    def squash(self, repo: Repo, ref: str, title: str) -> None:
        files = repo.resolve(ref)[1]
        del repo.refs[ref]
        tagged = {oid: repo.commits[oid] for oid in repo.tags.values()}
        repo.commits.clear()
        self.commit(repo, ref, files, title)
        # What a tag names can still be read after its branch was squashed.
        repo.commits.update(tagged)

    def delete_large(self, repo: Repo, hashes: list[str], *, rewrite_history: bool) -> None:
        for sha256 in hashes:
            repo.blobs.pop(sha256, None)
        if rewrite_history:
            for oid, commit in repo.commits.items():
                kept = {p: f for p, f in commit.files.items() if f.sha256 not in hashes}
                repo.commits[oid] = Commit(kept, commit.title, commit.parent, commit.date)


def is_large(path: str, size: int) -> bool:
    name = path.rsplit("/", 1)[-1]
    return size > LARGE_BYTES or any(fnmatch.fnmatch(name, glob) for glob in LARGE)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
